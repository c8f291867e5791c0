"""Real balls of arbitrary precision (Johansson, Arb, IEEE TC 2017), as lists: faster than NumPy's arrays of objects.

The precision is that of the flint context: see `working_precision`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from operator import add, mul, sub, truediv
from typing import Any, TypeAlias, Union

import flint
import numpy as np

from normspec.spec.formats import Array
from normspec.spec.numbers.engine import Enclosure

ULP = 2.0**-52
TINY = 2.0**-1074

ACCURATE = 64
"""Bits of a ball from which on its radius, and half an ulp of its rounded value, are less than an ulp of that."""

Operand: TypeAlias = Union["Reals", int]


def working_precision(bits: int) -> Any:
    """Return a context in which balls are computed to this many bits."""
    return flint.ctx.workprec(bits)


def _elementwise(operation: Callable[[Any, Any], Any]) -> Callable[["Reals", Operand], "Reals"]:
    """Return the method that does an operation on pairs of balls: few calls, for small groups pay for each."""

    def method(self: "Reals", other: Operand) -> "Reals":
        flat, shape = self.flat, self.shape
        if isinstance(other, int):
            return Reals(list(map(operation, flat, repeat(other))), shape)
        if shape == other.shape:
            return Reals(list(map(operation, flat, other.flat)), shape)
        if len(other.flat) == 1:
            return Reals(list(map(operation, flat, repeat(other.flat[0]))), shape)
        if len(flat) == 1:
            return Reals(list(map(operation, repeat(flat[0]), other.flat)), other.shape)
        shape = max(shape[0], other.shape[0]), max(shape[1], other.shape[1])
        return Reals(list(map(operation, self.repeated(shape), other.repeated(shape))), shape)

    return method


class Reals:
    """Balls in rows, one row after the other in one list; shape is (rows, members) or (rows, 1)."""

    __array_ufunc__ = None
    __slots__ = ("flat", "shape")

    def __init__(self, flat: list[Any], shape: tuple[int, int]) -> None:
        self.flat = flat
        self.shape = shape

    def __rsub__(self, other: int) -> "Reals":
        return Reals([other - a for a in self.flat], self.shape)

    def __rtruediv__(self, other: int) -> "Reals":
        return Reals([other / a for a in self.flat], self.shape)

    def __neg__(self) -> "Reals":
        return Reals([-a for a in self.flat], self.shape)

    __add__ = __radd__ = _elementwise(add)
    __sub__ = _elementwise(sub)
    __mul__ = __rmul__ = _elementwise(mul)
    __truediv__ = _elementwise(truediv)

    def repeated(self, shape: tuple[int, int]) -> list[Any]:
        """Return the balls of rows of this shape, in which rows or members are repeated."""
        flat, (rows, members) = self.flat, self.shape
        flat = flat if members == shape[1] else [a for a in flat for _ in range(shape[1])]
        return flat if rows == shape[0] else flat * shape[0]

    def array(self) -> Array:
        """Return the balls as an array of objects."""
        found = np.empty(len(self.flat), dtype=object)
        found[:] = self.flat
        return found.reshape(self.shape)


@dataclass(frozen=True)
class Arb:
    """The engine of balls of arbitrary precision."""

    def lift(self, a: Array) -> Reals:
        """Return float64 values as exact balls."""
        return Reals(list(map(flint.arb, a.ravel().tolist())), a.shape)

    def moved(self, a: Reals, move: Callable[[Array], Array]) -> Reals:
        """Return the elements in other places."""
        found = move(a.array())
        return Reals(list(found.flat), found.shape)

    def total(self, a: Reals) -> Reals:
        """Return the sum over the last axis, kept with length 1."""
        flat, (rows, members) = a.flat, a.shape
        if rows == 1:
            return Reals([sum(flat[1:], flat[0])], (1, 1))
        parts = (flat[at * members : (at + 1) * members] for at in range(rows))
        return Reals([sum(part[1:], part[0]) for part in parts], (rows, 1))

    def sqrt(self, a: Reals) -> Reals:
        """Return the square root; not finite where the ball reaches below 0."""
        return Reals(list(map(flint.arb.sqrt, a.flat)), a.shape)

    def rsqrt(self, a: Reals) -> Reals:
        """Return one over the square root; not finite where the ball reaches 0."""
        return Reals(list(map(flint.arb.rsqrt, a.flat)), a.shape)

    def bounds(self, a: Reals) -> tuple[Array, Array]:
        """Return float64 values, and upper bounds of their distances from the exact results."""
        balls, values = a.flat, list(map(float, a.flat))
        found = np.array(values)
        gap = np.abs(found) * ULP + TINY
        if min(map(flint.arb.rel_accuracy_bits, balls)) < ACCURATE:
            gap += np.array(list(map(float, map(flint.arb.rad, balls))))
        if not all(values):
            gap[[at for at, value in enumerate(values) if not value and balls[at].is_zero()]] = 0.0
        return found.reshape(a.shape), gap.reshape(a.shape)

    def size(self, a: Reals, value: Array, gap: Array | float) -> Array:
        """Return upper bounds of the magnitudes; value and gap are the number's bounds."""
        return np.abs(value) + gap

    def enclosure(self, a: Reals) -> Enclosure:
        """Return values in double-double precision, and upper bounds of their distances from the exact results."""
        high, coarse = self.bounds(a)
        low, radius = self.bounds(a - self.lift(np.where(np.isfinite(high), high, 0.0)))
        finite = np.isfinite(coarse)
        return Enclosure(high, np.where(finite, low, 0.0), np.where(finite, radius, np.inf))
