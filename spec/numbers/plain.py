"""Plain floating point: the reference that is fast and certifies nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import mul
from typing import Any

import numpy as np

from normspec.spec.formats import Array


def unmoved(rows: Any) -> Any:
    """Return the rows as they are: groups and blocks are the same."""
    return rows


@dataclass(frozen=True)
class Plain:
    """NumPy arrays of any dtype, as NumPy rounds them. regroup takes an array from groups to blocks."""

    regroup: Callable[[Array], Array] = unmoved

    def total(self, a: Array) -> Array:
        """Return the sum over each group, as (groups, 1)."""
        return np.asarray(np.add.reduce(a, axis=-1, keepdims=True))

    def block_total(self, a: Array) -> Array:
        """Return the sum over each block, as (blocks, 1)."""
        return self.total(self.regroup(a))

    def product(self, *factors: Array) -> Array:
        """Return the product of the factors, from left to right."""
        return np.asarray(reduce(mul, factors))

    def sqrt(self, a: Array) -> Array:
        """Return the square root."""
        return np.asarray(np.sqrt(a))

    def rsqrt(self, a: Array) -> Array:
        """Return one over the square root."""
        return np.asarray(1 / np.sqrt(a))


PLAIN = Plain()
"""Plain arrays whose groups are blocks."""
