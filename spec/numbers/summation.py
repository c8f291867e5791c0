"""Errors of sums, and of the variance, by the algorithm of a contract (NUMERICS: Higham; Chan, Golub, LeVeque)."""

import numpy as np

from normspec.spec.contracts import Contract
from normspec.spec.formats import Array


def gamma_factor(roundings: float, unit: float) -> float:
    """Return k u / (1 - k u): the relative error that k roundings can add up to; infinite where k u reaches 1."""
    return roundings * unit / (1 - roundings * unit) if roundings * unit < 1 else np.inf


def summation_error(contract: Contract, terms: int, role: str) -> float:
    """Return the error of a sum, relative to the sum of magnitudes. Welford's mean takes four roundings a step."""
    height = contract.height(terms)
    if contract.algorithm == "welford" and role == "data" and terms > 1:
        height = 4 * (height + 1)
    return gamma_factor(height, contract.accumulator.unit_roundoff)


def recurrence_underflow(contract: Contract, terms: int, role: str) -> float:
    """Return what the divisions of Welford's mean lose to underflow, one a step, in a sum of the data."""
    if contract.algorithm != "welford" or role != "data" or terms == 1:
        return 0.0
    return terms * terms * contract.accumulator.half_subnormal


def recurrence_error(contract: Contract, squares: Array, raw: Array, terms: int) -> Array | float:
    """Return what Welford's recurrence adds to the error of the sum of squared deviations.

    squares bounds that sum, raw the sum of the squared data. Source: Chan, Golub, LeVeque (1983), with k = 8 (h + 1)
    roundings: k u sqrt(squares raw), and the second-order term that their analysis leaves out.
    """
    if contract.algorithm != "welford" or terms == 1:
        return 0.0
    factor = gamma_factor(8 * (contract.height(terms) + 1), contract.accumulator.unit_roundoff)
    return factor * np.sqrt(squares) * np.sqrt(raw) + factor * factor * raw
