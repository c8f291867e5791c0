"""Signed coefficients of shared error symbols, by the symbol's number.

A symbol stands for one unknown in [-1, 1] that is the same for all elements of a group. A coefficient is an array that
broadcasts to (groups, members). What a number has no coefficient for, it does not depend on.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from normspec.spec.formats import Array

Coefficients = Mapping[int, Array]
NONE: Coefficients = MappingProxyType({})


def scaled(coefficients: Coefficients, factor: Array | float) -> Coefficients:
    """Return the coefficients times a factor for each element."""
    return {symbol: value * factor for symbol, value in coefficients.items()}


def added(a: Coefficients, b: Coefficients) -> Coefficients:
    """Return the sums of the coefficients of two numbers."""
    if not a or not b:
        return a or b
    both = {symbol: a[symbol] + b[symbol] for symbol in a if symbol in b}
    return {**a, **b, **both}


def spread(coefficients: Coefficients) -> Array | float:
    """Return the largest deviation that the symbols can cause together."""
    total: Array | float = 0.0
    for value in coefficients.values():
        total = total + np.abs(value)
    return total
