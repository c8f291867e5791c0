"""Real balls whose midpoint is an unevaluated sum of two float64 numbers, about 106 bits; vectorized.

Sums and products carry the proved bounds of `twofold`. Quotients and roots need no theorem: they are approximated, and
their residual, computed on balls, bounds their error. Radii as in `ball`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, Union

import numpy as np

from normspec.spec.formats import Array
from normspec.spec.numbers.ball import INFLATE, UNDERFLOW, UNIT
from normspec.spec.numbers.engine import Enclosure
from normspec.spec.numbers.twofold import add, fast_two_sum, multiply

ADD_ERROR = 4 * UNIT * UNIT
MULTIPLY_ERROR = 6 * UNIT * UNIT
"""The proved 3 u^2 + 13 u^3 and 5 u^2, relative to the exact result, made bounds relative to the computed one."""

Radius: TypeAlias = Array | float
Operand: TypeAlias = Union["Twofold", int]


@dataclass(frozen=True, eq=False)
class Twofold:
    """An array of balls: the exact value lies within radius of high + low."""

    high: Array
    low: Array
    radius: Radius = 0.0

    __array_ufunc__ = None

    @property
    def size(self) -> Array:
        """Return an upper bound of the exact magnitude."""
        return np.asarray((np.abs(self.high) * (1 + 2 * UNIT) + self.radius) * INFLATE)

    def __neg__(self) -> "Twofold":
        return Twofold(-self.high, -self.low, self.radius)

    def __add__(self, other: Operand) -> "Twofold":
        other = _twofold(other)
        high, low = add((self.high, self.low), (other.high, other.low))
        return Twofold(high, low, (self.radius + other.radius + ADD_ERROR * np.abs(high)) * INFLATE)

    def __sub__(self, other: Operand) -> "Twofold":
        return self + -_twofold(other)

    def __rsub__(self, other: int) -> "Twofold":
        return -self + other

    def __mul__(self, other: Operand) -> "Twofold":
        other = _twofold(other)
        high, low = multiply((self.high, self.low), (other.high, other.low))
        spread = self.size * other.radius + other.size * self.radius
        return Twofold(high, low, (spread + MULTIPLY_ERROR * np.abs(high) + UNDERFLOW) * INFLATE)

    def __truediv__(self, other: Operand) -> "Twofold":
        other = _twofold(other)
        first = Twofold(self.high / other.high, np.zeros(np.broadcast_shapes(self.high.shape, other.high.shape)))
        rest = _middle(self) - first * _middle(other)
        quotient = Twofold(*fast_two_sum(first.high, rest.high / other.high))
        residual = (_middle(self) - quotient * _middle(other)).size
        least = np.abs(other.high) * (1 - 2 * UNIT) - other.radius
        spread = residual + self.radius + quotient.size * other.radius
        return Twofold(quotient.high, quotient.low, np.where(least > 0, spread / least * INFLATE + UNDERFLOW, np.inf))

    def __rtruediv__(self, other: int) -> "Twofold":
        return _twofold(other) / self

    __radd__ = __add__
    __rmul__ = __mul__


def _twofold(a: Operand) -> Twofold:
    """Return an integer below 2^53 as a ball."""
    return a if isinstance(a, Twofold) else Twofold(np.full((1, 1), float(a)), np.zeros((1, 1)))


def _middle(a: Twofold) -> Twofold:
    return Twofold(a.high, a.low)


@dataclass(frozen=True)
class DoubleDouble:
    """The engine of double-double balls."""

    def lift(self, a: Array) -> Twofold:
        """Return float64 values as exact balls."""
        return Twofold(a, np.zeros(a.shape))

    def moved(self, a: Twofold, move: Callable[[Any], Any]) -> Twofold:
        """Return the elements in other places."""
        return Twofold(move(a.high), move(a.low), move(np.broadcast_to(a.radius, a.high.shape)))

    def total(self, a: Twofold) -> Twofold:
        """Return the sum over the last axis, by halves."""
        radius = np.broadcast_to(a.radius, a.high.shape)
        parts = Twofold(a.high, a.low, radius)
        while (terms := parts.high.shape[-1]) > 1:
            half = terms // 2
            summed = _slice(parts, 0, half) + _slice(parts, half, 2 * half)
            parts = summed if terms == 2 * half else _joined(summed, _slice(parts, 2 * half, terms))
        return parts

    def sqrt(self, a: Twofold) -> Twofold:
        """Return the square root as a times its inverse; nothing is claimed where a ball reaches 0."""
        return a * self.rsqrt(a)

    def rsqrt(self, a: Twofold) -> Twofold:
        """Return one over the square root; nothing is claimed where a ball reaches 0.

        For |a z^2 - 1| < 1/2, |1/sqrt(a) - z| <= |z| |a z^2 - 1|; and the slope is at most 1/(2 a sqrt(a)).
        """
        middle = _middle(a)
        first = self.lift(1 / np.sqrt(a.high))
        defect = 1 - middle * first * first
        root = Twofold(*fast_two_sum(first.high, 0.5 * first.high * defect.high))
        residual = (1 - middle * root * root).size
        least = (np.abs(a.high) * (1 - 2 * UNIT) - a.radius) * (1 - 2.0**-50)
        spread = root.size * residual + a.radius / (2 * least * np.sqrt(least))
        sound = (least > 0) & (a.high > 0) & (residual < 0.5)
        return Twofold(root.high, root.low, np.where(sound, spread * INFLATE + UNDERFLOW, np.inf))

    def bounds(self, a: Twofold) -> tuple[Array, Radius]:
        """Return float64 values, and upper bounds of their distances from the exact results."""
        return a.high, (a.radius + np.abs(a.low)) * INFLATE

    def size(self, a: Twofold, value: Array, gap: Radius) -> Array:
        """Return upper bounds of the magnitudes; value and gap are the number's bounds."""
        return np.abs(value) + gap

    def enclosure(self, a: Twofold) -> Enclosure:
        """Return the balls as they are."""
        sound = np.isfinite(a.high) & np.isfinite(a.low) & np.isfinite(a.radius)
        low = np.where(sound, a.low, 0.0)
        return Enclosure(a.high, low, np.where(sound, np.broadcast_to(a.radius, a.high.shape), np.inf))


def _slice(a: Twofold, start: int, stop: int) -> Twofold:
    radius = np.asarray(a.radius)
    return Twofold(a.high[..., start:stop], a.low[..., start:stop], radius[..., start:stop])


def _joined(a: Twofold, b: Twofold) -> Twofold:
    return Twofold(*(np.concatenate(pair, axis=-1) for pair in zip(_parts(a), _parts(b), strict=True)))


def _parts(a: Twofold) -> tuple[Array, Array, Array]:
    return a.high, a.low, np.broadcast_to(a.radius, a.high.shape)
