"""Real balls in float64: a midpoint and a radius for each element, vectorized.

Radii are rounded to nearest and then inflated, which covers their own few roundings. Where anything overflows, the
midpoint or the radius is not finite, and nothing is claimed. Sources: IEEE 754-2019 for the basic operations; Jeannerod
and Rump (2013) for sums in any order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, Union

import numpy as np

from normspec.spec.formats import Array
from normspec.spec.numbers.engine import Enclosure

UNIT = 2.0**-53
INFLATE = 1 + 2.0**-48
UNDERFLOW = 2.0**-1060
"""More than what the underflows of one operation can add up to."""

Radius: TypeAlias = Array | float
Operand: TypeAlias = Union["Ball", int]


@dataclass(frozen=True, eq=False)
class Ball:
    """An array of balls: the exact value lies within radius of middle."""

    middle: Array
    radius: Radius = 0.0

    __array_ufunc__ = None

    def __neg__(self) -> "Ball":
        return Ball(-self.middle, self.radius)

    def __add__(self, other: Operand) -> "Ball":
        other = _ball(other)
        middle = self.middle + other.middle
        return Ball(middle, (self.radius + other.radius + UNIT * np.abs(middle)) * INFLATE)

    def __sub__(self, other: Operand) -> "Ball":
        return self + -_ball(other)

    def __rsub__(self, other: int) -> "Ball":
        return -self + other

    def __mul__(self, other: Operand) -> "Ball":
        other = _ball(other)
        middle = self.middle * other.middle
        spread = (np.abs(self.middle) + self.radius) * other.radius + np.abs(other.middle) * self.radius
        return Ball(middle, (spread + UNIT * np.abs(middle) + UNDERFLOW) * INFLATE)

    def __truediv__(self, other: Operand) -> "Ball":
        other = _ball(other)
        middle, least = self.middle / other.middle, np.abs(other.middle) - other.radius
        size = np.abs(middle)
        spread = self.radius + size * (other.radius + UNIT * np.abs(other.middle)) + UNDERFLOW
        return Ball(middle, np.where(least > 0, spread / least * INFLATE + UNDERFLOW, np.inf))

    def __rtruediv__(self, other: int) -> "Ball":
        return _ball(other) / self

    __radd__ = __add__
    __rmul__ = __mul__


def _ball(a: Operand) -> Ball:
    """Return an integer below 2^53 as a ball."""
    return a if isinstance(a, Ball) else Ball(np.full((1, 1), float(a)))


@dataclass(frozen=True)
class Balls:
    """The engine of balls in float64."""

    def lift(self, a: Array) -> Ball:
        """Return float64 values as exact balls."""
        return Ball(a)

    def moved(self, a: Ball, move: Callable[[Any], Any]) -> Ball:
        """Return the elements in other places."""
        return Ball(move(a.middle), move(np.broadcast_to(a.radius, a.middle.shape)))

    def total(self, a: Ball) -> Ball:
        """Return the sum over the last axis; in any order it is off by at most m u times the magnitudes."""
        terms = a.middle.shape[-1]
        slack = terms * UNIT / (1 - terms * UNIT)
        middle = np.add.reduce(a.middle, axis=-1, keepdims=True)
        size = np.add.reduce(np.abs(a.middle), axis=-1, keepdims=True)
        wide = isinstance(a.radius, float) or a.radius.shape[-1] != terms
        radius = a.radius * float(terms) if wide else np.add.reduce(a.radius, axis=-1, keepdims=True)
        return Ball(middle, (radius + slack * size) * (1 + 2 * slack) * INFLATE)

    def sqrt(self, a: Ball) -> Ball:
        """Return the square root; nothing is claimed where a ball reaches below 0."""
        middle, least = np.sqrt(a.middle), a.middle - a.radius
        spread = np.where(np.equal(a.radius, 0), 0.0, a.radius / middle)
        return Ball(middle, np.where(least >= 0, (spread + UNIT * middle) * INFLATE, np.inf))

    def rsqrt(self, a: Ball) -> Ball:
        """Return one over the square root, with two roundings; nothing is claimed where a ball reaches 0."""
        middle, least = 1 / np.sqrt(a.middle), (a.middle - a.radius) * (1 - 2.0**-50)
        spread = a.radius / (2 * least * np.sqrt(least))
        return Ball(middle, np.where(least > 0, (spread + 3 * UNIT * middle) * INFLATE + UNDERFLOW, np.inf))

    def bounds(self, a: Ball) -> tuple[Array, Radius]:
        """Return float64 values, and upper bounds of their distances from the exact results."""
        return a.middle, a.radius

    def enclosure(self, a: Ball) -> Enclosure:
        """Return the balls as they are: nothing is known beyond the first float64."""
        sound = np.isfinite(a.middle) & np.isfinite(a.radius)
        return Enclosure(a.middle, np.zeros(a.middle.shape), np.where(sound, a.radius, np.inf))
