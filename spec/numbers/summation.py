"""Errors of sums, and of the variance, by the algorithm of a contract (NUMERICS: Higham; Chan, Golub, LeVeque)."""

import numpy as np

from normspec.spec.contracts import Contract
from normspec.spec.formats import Array


def gamma_factor(roundings: float, unit: float) -> float:
    """Return k u / (1 - k u): the relative error that k roundings can add up to; infinite where k u reaches 1."""
    return roundings * unit / (1 - roundings * unit) if roundings * unit < 1 else np.inf


def sum_over(a: Array | float, shape: tuple[int, ...]) -> Array:
    """Return the sum over the last axis, kept with length 1, of an array that broadcasts to the shape."""
    if isinstance(a, float) or a.shape[-1] != shape[-1]:
        return np.asarray(a) * float(shape[-1]) + np.zeros((*shape[:-1], 1))
    return np.asarray(np.add.reduce(a, axis=-1, keepdims=True))


def summation_error(contract: Contract, terms: int, role: str) -> float:
    """Return the error of a sum, relative to the sum of magnitudes. Welford's mean takes four roundings a step."""
    height = contract.height(terms)
    if contract.algorithm == "welford" and role == "data":
        height *= 4
    return gamma_factor(height, contract.accumulator.unit_roundoff)


def variance_error(contract: Contract, terms: int, mass: Array) -> Array | float:
    """Return what the algorithm adds to the error of a sum of squares."""
    return 0.0
