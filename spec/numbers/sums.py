"""Sums over the members of each group, in whichever order is fast: bounds allow for any."""

from functools import cache
from typing import overload

import numpy as np

from normspec.spec.formats import Array

FEW = 256
"""Terms of a sum that may be added one after the other without a loss that matters to a bound."""


@overload
def sum_over(a: Array, shape: tuple[int, ...]) -> Array: ...
@overload
def sum_over(a: Array | float, shape: tuple[int, ...]) -> Array | float: ...
def sum_over(a: Array | float, shape: tuple[int, ...]) -> Array | float:
    """Return the sum over the last axis of what broadcasts to the shape, kept with length 1; of a float, a float."""
    if isinstance(a, float):
        return a * float(shape[-1])
    if a.shape[-1] != shape[-1]:
        return a * float(shape[-1]) + np.zeros((*shape[:-1], 1))
    return row_sums(a)


def row_sums(a: Array) -> Array:
    """Return the sums over the last axis, kept with length 1, in some order; a product with ones where that is fast."""
    terms = a.shape[-1]
    return np.asarray(a.dot(_ones(terms)) if terms <= FEW else np.add.reduce(a, axis=-1, keepdims=True))


@cache
def _ones(terms: int) -> Array:
    return np.ones((terms, 1))
