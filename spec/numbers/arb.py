"""Real balls of arbitrary precision (Johansson, Arb, IEEE TC 2017), as NumPy arrays of objects.

The precision is that of the flint context: see `working_precision`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flint
import numpy as np

from normspec.spec.formats import Array
from normspec.spec.numbers.engine import Enclosure

ULP = 2.0**-52
TINY = 2.0**-1074

_lift = np.frompyfunc(flint.arb, 1, 1)
_sqrt = np.frompyfunc(flint.arb.sqrt, 1, 1)
_rsqrt = np.frompyfunc(flint.arb.rsqrt, 1, 1)
_middle = np.frompyfunc(flint.arb.mid, 1, 1)
_radius = np.frompyfunc(flint.arb.rad, 1, 1)


def working_precision(bits: int) -> Any:
    """Return a context in which balls are computed to this many bits."""
    return flint.ctx.workprec(bits)


@dataclass(frozen=True)
class Arb:
    """The engine of balls of arbitrary precision."""

    def lift(self, a: Array) -> Array:
        """Return float64 values as exact balls."""
        return np.asarray(_lift(np.asarray(a, dtype=np.float64)), dtype=object)

    def moved(self, a: Array, move: Callable[[Array], Array]) -> Array:
        """Return the elements in other places."""
        return move(a)

    def total(self, a: Array) -> Array:
        """Return the sum over the last axis, kept with length 1."""
        return np.asarray(np.add.reduce(a, axis=-1, keepdims=True))

    def sqrt(self, a: Array) -> Array:
        """Return the square root; not finite where the ball reaches below 0."""
        return np.asarray(_sqrt(a), dtype=object)

    def rsqrt(self, a: Array) -> Array:
        """Return one over the square root; not finite where the ball reaches 0."""
        return np.asarray(_rsqrt(a), dtype=object)

    def bounds(self, a: Array) -> tuple[Array, Array]:
        """Return float64 values, and upper bounds of their distances from the exact results."""
        values = a.astype(np.float64)
        radii = np.asarray(_radius(a), dtype=object).astype(np.float64)
        return values, radii + (ULP * np.abs(values) + TINY)

    def enclosure(self, a: Array) -> Enclosure:
        """Return values in double-double precision, and upper bounds of their distances from the exact results."""
        high, coarse = self.bounds(a)
        tail = a - self.lift(np.where(np.isfinite(high), high, 0.0))
        low, radius = self.bounds(tail)
        finite = np.isfinite(coarse)
        return Enclosure(high, np.where(finite, low, 0.0), np.where(finite, radius, np.inf))
