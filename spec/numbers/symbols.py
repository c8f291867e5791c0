"""Signed coefficients of shared error symbols: arrays of shape (symbols, groups, members or 1).

A symbol stands for one unknown in [-1, 1] that is the same for all elements of a group. Arrays may differ in how many
symbols they know of; the later ones are then 0.
"""

import numpy as np

from normspec.spec.formats import Array

Coefficients = Array | None
"""None stands for no coefficient at all: a number without shared error."""


def scaled(coefficients: Coefficients, factor: Array | float) -> Coefficients:
    """Return the coefficients times a factor for each element."""
    return None if coefficients is None else coefficients * factor


def added(a: Coefficients, b: Coefficients) -> Coefficients:
    """Return the sum of two arrays of coefficients."""
    if a is None or b is None:
        return b if a is None else a
    if len(a) < len(b):
        a, b = b, a
    if len(a) == len(b):
        return a + b
    result = np.empty(np.broadcast_shapes(a.shape, (len(a), *b.shape[1:])))
    result[: len(b)] = a[: len(b)] + b
    result[len(b) :] = a[len(b) :]
    return result


def with_symbol(coefficients: Coefficients, index: int, value: Array) -> Array:
    """Return the coefficients with a new symbol's, of shape (groups, 1), at an index that none of them has."""
    result = np.zeros((index + 1, *value.shape))
    if coefficients is not None:
        result[: len(coefficients)] = coefficients
    result[index] = value
    return result


def spread(coefficients: Coefficients) -> Array | float:
    """Return the largest deviation that the symbols can cause together."""
    return 0.0 if coefficients is None else np.asarray(np.add.reduce(np.abs(coefficients), axis=0))
