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
from normspec.spec.numbers.sums import row_sums, sum_over

UNIT = 2.0**-53
INFLATE = 1 + 2.0**-48
UNDERFLOW = 2.0**-1060
"""More than what the underflows of one operation can add up to."""

_UNIT, _INFLATE, _UNDERFLOW, _TWO = (
    np.array(constant) for constant in (UNIT, INFLATE, UNDERFLOW, 2.0)
)  # faster than floats

Radius: TypeAlias = Array | float
Operand: TypeAlias = Union["Ball", int]


class Ball:
    """An array of balls: the exact value lies within radius of middle, and its magnitude is at most size.

    A radius that is a float is 0.
    """

    __array_ufunc__ = None
    __slots__ = ("_size", "middle", "radius")

    def __init__(self, middle: Array, radius: Radius = 0.0, size: Array | None = None) -> None:
        self.middle = middle
        self.radius = radius
        self._size = size

    @property
    def size(self) -> Array:
        """Return the bound of the magnitude, worked out when it is first asked for."""
        if self._size is None:
            size = np.abs(self.middle)
            self._size = size if type(self.radius) is float else np.add(size, self.radius, size)
        return self._size

    def __neg__(self) -> "Ball":
        return Ball(-self.middle, self.radius, self._size)

    def __add__(self, other: Operand) -> "Ball":
        other = _ball(other)
        return _rounded(self.middle + other.middle, False, self.radius, other.radius)

    def __sub__(self, other: Operand) -> "Ball":
        other = _ball(other)
        return _rounded(self.middle - other.middle, False, self.radius, other.radius)

    def __rsub__(self, other: int) -> "Ball":
        return _ball(other) - self

    def __mul__(self, other: Operand) -> "Ball":
        if other is self:
            return _rounded(self.middle * self.middle, True, times(times(self.size, self.radius), _TWO))
        other = _ball(other)
        spread = times(self.size, other.radius), times(other.size, self.radius)
        return _rounded(self.middle * other.middle, True, *spread)

    def __truediv__(self, other: Operand) -> "Ball":
        if isinstance(other, int) and other:
            return _rounded(self.middle / float(other), True, times(self.radius, 1 / np.array(abs(float(other)))))
        other = _ball(other)
        middle, divisor = self.middle / other.middle, np.abs(other.middle)
        size, least = np.abs(middle), divisor - other.radius
        spread = self.radius + size * (other.radius + UNIT * divisor) + UNDERFLOW
        return Ball(middle, np.where(least > 0, spread / least * INFLATE + UNDERFLOW, np.inf))

    def __rtruediv__(self, other: int) -> "Ball":
        return _ball(other) / self

    __radd__ = __add__
    __rmul__ = __mul__


def times(a: Radius, b: Radius) -> Radius:
    """Return the product of two bounds, of which a float is 0."""
    return 0.0 if type(a) is float or type(b) is float else a * b


def _rounded(middle: Array, underflows: bool, *spread: Radius) -> Ball:
    """Return a ball around a rounded result: its radius is the spread of the operands and its own rounding error."""
    radius = np.abs(middle)
    np.multiply(radius, _UNIT, radius)
    for part in spread:
        if type(part) is not float:
            np.add(radius, part, radius)
    if underflows:
        np.add(radius, _UNDERFLOW, radius)
    return Ball(middle, np.multiply(radius, _INFLATE, radius))


def _ball(a: Operand) -> Ball:
    """Return an integer below 2^53 as a ball."""
    return a if isinstance(a, Ball) else Ball(np.array(float(a)))


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
        if terms == 1:
            return a
        slack = terms * UNIT / (1 - terms * UNIT)
        radius = sum_over(a.radius, a.middle.shape) + slack * row_sums(a.size)
        return Ball(row_sums(a.middle), radius * ((1 + 2 * slack) * INFLATE))

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

    def size(self, a: Ball, value: Array, gap: Radius) -> Array:
        """Return upper bounds of the magnitudes; value and gap are the number's bounds."""
        return a.size

    def enclosure(self, a: Ball) -> Enclosure:
        """Return the balls as they are: nothing is known beyond the first float64."""
        sound = np.isfinite(a.middle) & np.isfinite(a.radius)
        return Enclosure(a.middle, np.zeros(a.middle.shape), np.where(sound, a.radius, np.inf))
