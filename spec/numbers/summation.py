"""Errors of sums, and of the variance, by the algorithm of a contract: each bound is printed by the derivations."""

from collections.abc import Callable
from functools import cache

import numpy as np

from normspec.spec.contracts import Contract
from normspec.spec.formats import Array
from normspec.spec.numbers.plain import PLAIN
from normspec.spec.oracles import rounding
from normspec.spec.oracles.counts import MERGE_MEAN_ROUNDINGS, MERGE_SHARE_ROUNDINGS, MERGE_SUMS_ROUNDINGS


@cache
def growth(roundings: float, unit: float) -> float:
    """Return the relative error that so many roundings can add up to; infinite where nothing bounds it."""
    return float(rounding.growth(roundings, unit)["growth"]) if roundings * unit < 1 else np.inf


def merges(contract: Contract, terms: int) -> bool:
    """Return whether the variance is found by merging parts, of which Welford's recurrence takes one element a time."""
    return contract.algorithm == "welford" and terms > 1


def summation_error(contract: Contract, terms: int, role: str) -> float:
    """Return the error of a sum, relative to the sum of magnitudes."""
    return growth(_roundings(contract, terms, role), contract.accumulator.unit_roundoff)


def _roundings(contract: Contract, terms: int, role: str) -> int:
    height = contract.height(terms)
    if not merges(contract, terms):
        return height
    if role == "data":
        return MERGE_MEAN_ROUNDINGS * height
    return MERGE_SHARE_ROUNDINGS + MERGE_SUMS_ROUNDINGS * height if role == "square" else height


def merge_underflow(contract: Contract, terms: int, role: str) -> float:
    """Return what a sum of the data, or of their squared deviations, loses to underflow in merges."""
    if not merges(contract, terms) or role not in ("data", "square"):
        return 0.0
    relative = summation_error(contract, terms, role)
    lost = rounding.merge_underflow(terms, contract.height(terms), relative, contract.accumulator.half_subnormal)
    return float(lost["mean_lost" if role == "data" else "squares_lost"])


def merge_error(contract: Contract, squares: Array, raw: Array, terms: int) -> Array | float:
    """Return what the errors of means add to the error of the sum of squared deviations, where parts are merged.

    squares bounds that sum, raw the sum of the squared data.
    """
    if not merges(contract, terms):
        return 0.0
    relative = summation_error(contract, terms, "square")
    if not np.isfinite(relative):
        return np.inf
    height = contract.height(terms)
    reach = np.minimum(
        _reach(rounding.reach_any_order, contract, raw, terms, terms - 1),
        _reach(rounding.reach_tree, contract, raw, terms, height),
    )
    return np.asarray(rounding.merges(PLAIN, squares, reach, relative)["squares_error"])


def _reach(bound: Callable[..., dict[str, Array]], contract: Contract, raw: Array, terms: int, height: int) -> Array:
    accumulator = contract.accumulator
    relative = growth(MERGE_MEAN_ROUNDINGS * height, accumulator.unit_roundoff)
    if not np.isfinite(relative):
        return np.full_like(raw, np.inf)
    return bound(PLAIN, raw, terms, height, relative, accumulator.half_subnormal)["reach"]
