"""How far a monotone function moves when its argument does: differences of function values, without cancellation.

Each takes the argument's value and gap, how far below and how far above it what is computed may lie, and a floor
under what is computed, or None. Each returns a bound of |f(computed) - f(exact)|.
"""

from collections.abc import Sequence
from functools import reduce

import numpy as np

from normspec.spec.formats import Array

SLACK = 2.0**-44
"""Relative error of a few hundred float64 roundings, which bounds allow themselves."""

Bound = Array | float


def _ends(value: Array, gap: Array, fall: Bound, floor: Bound | None) -> tuple[Array, Array, Array]:
    """Return lower bounds of the exact argument and of the computed one, and the distance between them."""
    exact = value - gap
    if floor is None:
        return exact, exact - fall, np.asarray(fall + 0.0 * value)
    drop = np.minimum(fall, np.maximum(value - floor, 0.0) + gap + SLACK * np.abs(value))
    return np.maximum(exact, 0.0), np.maximum(exact - fall, floor), drop


def lost_between(sizes: Sequence[Array]) -> Array:
    """Bound what underflows of half a unit come to, on the way to a product of three or more, in any order.

    A partial product's underflow is multiplied by the factors that are still to come: all but two of them at most.
    """
    later = len(sizes) - 2
    if later == 1:
        return reduce(np.maximum, sizes)
    largest = np.sort(np.stack(np.broadcast_arrays(*sizes)), axis=0)[-later:]
    return np.asarray(later * np.prod(np.maximum(largest, 1.0), axis=0))


def reach_of_rsqrt(value: Array, gap: Array, fall: Bound, rise: Bound, floor: Bound | None) -> Array:
    """Bound the difference of 1/sqrt: (b - a) / (sqrt(ab) (sqrt(a) + sqrt(b)))."""
    exact, low, drop = _ends(value, gap, fall, floor)
    root, high = np.sqrt(exact), np.sqrt(exact + rise)
    bottom = np.sqrt(low)
    up = drop / (root * bottom * (root + bottom))
    down = rise / (root * high * (root + high))
    return np.where((low > 0) & (exact > 0), np.fmax(up, down) * (1 + SLACK), np.inf)


def reach_of_sqrt(value: Array, gap: Array, fall: Bound, rise: Bound, floor: Bound | None) -> Array:
    """Bound the difference of sqrt: (b - a) / (sqrt(a) + sqrt(b))."""
    exact, low, drop = _ends(value, gap, fall, floor)
    root = np.sqrt(exact)
    up = rise / (root + np.sqrt(exact + rise))
    down = drop / (root + np.sqrt(low))
    bound = np.where((up > 0) | (down > 0), np.fmax(up, down) * (1 + SLACK), 0.0)
    return np.where((low >= 0) & (exact >= 0), bound, np.inf)


def reach_of_inverse(value: Array, gap: Array, fall: Bound, rise: Bound, floor: Bound | None) -> Array:
    """Bound the difference of 1/a: |b - a| / |ab|, where both have one sign."""
    exact = np.abs(value) - gap
    off = np.maximum(fall, rise)
    low = exact - off
    return np.where(low > 0, off / (exact * low) * (1 + SLACK), np.inf)
