"""Climbing towards a larger error: a case is changed a little, again and again, and what errs more is kept."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import isinf
from types import MappingProxyType
from typing import Any

import numpy as np

from normspec.spec.case import Case
from normspec.spec.formats import FORMATS, Array

Dice = np.random.Generator
Move = Callable[[Array, Dice], Array]

ARRAYS = ("x", "cotangent", "direction")
SHARES = (0.05, 0.3, 1.0)


def climb(start: Case, top: float, height: Callable[[Case], float], steps: int, dice: Dice) -> Case:
    """Change a case of height `top` so many times, going on from the highest so far, and return that.

    height is what is to become large. The same dice walk the same way.
    """
    best = start
    for _ in range(steps):
        if isinf(top):
            break
        other = moved(best, dice)
        reached = height(other)
        if reached > top:
            best, top = other, reached
    return best


def moved(case: Case, dice: Dice) -> Case:
    """Return the case with one of its arrays changed by one of MOVES: single elements of it, some, or all.

    Statistics that are given stay: a variance has to be positive. Numbers that are finite stay so.
    """
    steps = [(at, name) for at, step in enumerate(case.script) for name in ARRAYS if getattr(step, name) is not None]
    places = [*steps, *((None, name) for name in case.parameters if not name.startswith("running_"))]
    at, name = places[dice.integers(len(places))]
    if at is None:
        return case.but(parameters={**case.parameters, name: _changed(case.parameters[name], dice)})
    changes: dict[str, Any] = {name: _changed(getattr(case.script[at], name), dice)}
    step = replace(case.script[at], **changes)
    return case.but(script=(*case.script[:at], step, *case.script[at + 1 :]))


def _changed(array: Array, dice: Dice) -> Array:
    move = tuple(MOVES.values())[dice.integers(len(MOVES))]
    if not array.size or not np.isfinite(array).all():
        return array
    concerned = dice.random(array.shape) < dice.choice(SHARES)
    concerned.flat[dice.integers(array.size)] = True
    with np.errstate(all="ignore"):
        changed = np.where(concerned, move(array, dice).astype(array.dtype), array)
        return changed if np.isfinite(changed).all() else array


def _by_ulps(array: Array, dice: Dice) -> Array:
    """Go up to 8 numbers of the format further away from 0 or nearer to it."""
    bits, sign = _bits(array)
    size = (bits & ~sign).astype(np.int64)
    size = np.maximum(size + dice.integers(-8, 9, array.shape), 0).astype(bits.dtype)
    return np.asarray((size | (bits & sign)).view(array.dtype))


def _by_fraction(array: Array, dice: Dice) -> Array:
    """Draw the last bits of the fractions anew, all but a few of them or a few."""
    bits, _ = _bits(array)
    drawn = dice.integers(1 << dice.integers(1, FORMATS[array.dtype.name].precision), size=array.shape)
    return np.asarray((bits ^ drawn.astype(bits.dtype)).view(array.dtype))


def _by_exponent(array: Array, dice: Dice) -> Array:
    """Halve or double."""
    return np.asarray(np.ldexp(array.astype(np.float64), dice.choice([-1, 1], array.shape)))


def _by_sign(array: Array, dice: Dice) -> Array:
    return -array


def _by_shift(array: Array, dice: Dice) -> Array:
    """Add to all of them up to their largest magnitude."""
    wide = array.astype(np.float64)
    return np.asarray(wide + dice.uniform(-1, 1) * np.max(np.abs(wide)))


def _by_spread(array: Array, dice: Dice) -> Array:
    """Draw together around the mean, or apart."""
    wide = array.astype(np.float64)
    return np.asarray(wide.mean() + dice.choice([0.5, 0.9, 1.1, 2.0]) * (wide - wide.mean()))


def _by_copy(array: Array, dice: Dice) -> Array:
    """Let elements be what others are."""
    return np.asarray(dice.choice(array.reshape(-1), array.shape))


MOVES: Mapping[str, Move] = MappingProxyType(
    {
        "ulps": _by_ulps,
        "fraction": _by_fraction,
        "exponent": _by_exponent,
        "sign": _by_sign,
        "shift": _by_shift,
        "spread": _by_spread,
        "copy": _by_copy,
    }
)


def _bits(array: Array) -> tuple[Array, Array]:
    """Return the bit patterns, and that of the sign alone."""
    kind = np.dtype(f"u{array.dtype.itemsize}")
    return np.ascontiguousarray(array).view(kind), np.asarray(1 << (8 * kind.itemsize - 1), dtype=kind)
