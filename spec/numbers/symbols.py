"""Signed coefficients of shared error symbols, by the symbol's number.

A symbol stands for one unknown in [-1, 1] that is the same for all elements of a group. A coefficient is an array that
broadcasts to (groups, members). What a number has no coefficient for, it does not depend on.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import overload

import numpy as np

from normspec.spec.formats import Array

Coefficients = Mapping[int, Array]
NONE: Coefficients = MappingProxyType({})


def scaled(coefficients: Coefficients, factor: Array | float) -> Coefficients:
    """Return the coefficients times a factor for each element."""
    return {symbol: value * factor for symbol, value in coefficients.items()} if coefficients else NONE


def negated(coefficients: Coefficients) -> Coefficients:
    """Return the coefficients with the other sign."""
    return {symbol: -value for symbol, value in coefficients.items()} if coefficients else NONE


def added(a: Coefficients, b: Coefficients) -> Coefficients:
    """Return the sums of the coefficients of two numbers."""
    if not a or not b:
        return a or b
    both = {symbol: a[symbol] + b[symbol] for symbol in a if symbol in b}
    return {**a, **b, **both}


def subtracted(a: Coefficients, b: Coefficients) -> Coefficients:
    """Return the differences of the coefficients of two numbers."""
    if not b:
        return a
    less = {symbol: a[symbol] - value if symbol in a else -value for symbol, value in b.items()}
    return {**a, **less}


def spread(coefficients: Coefficients) -> Array | float:
    """Return the largest deviation that the symbols can cause together."""
    if not coefficients:
        return 0.0
    first, *others = map(np.absolute, coefficients.values())
    return sum(others, first) if others else first


@overload
def plus(a: Array, b: Array | float) -> Array: ...
@overload
def plus(a: Array | float, b: Array) -> Array: ...
@overload
def plus(a: Array | float, b: Array | float) -> Array | float: ...
def plus(a: Array | float, b: Array | float) -> Array | float:
    """Return the sum of two bounds, without work where one is the float 0."""
    if type(a) is float and not a:
        return b
    return a if type(b) is float and not b else a + b


def times(a: Array | float, b: Array | float) -> Array | float:
    """Return the product of two bounds, without work where one is the float 0."""
    return 0.0 if (type(a) is float and not a) or (type(b) is float and not b) else a * b


def filled(bound: Array | float, shape: tuple[int, ...]) -> Array:
    """Return a bound for each element of an array of this shape."""
    return bound if isinstance(bound, np.ndarray) and bound.shape == shape else np.broadcast_to(bound, shape)
