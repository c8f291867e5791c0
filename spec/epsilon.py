"""What follows from where epsilon stands: under the square root, or added to it."""

from collections.abc import Mapping

import numpy as np

from normspec.spec.formats import Array


def outside(conventions: Mapping[str, str]) -> bool:
    """Return whether epsilon is added to the root, and not under it."""
    return conventions.get("epsilon_place") == "added"


def sigma(moment: Array, epsilon: float, conventions: Mapping[str, str]) -> Array:
    """Return what a group is divided by, in float64; moment is its variance or mean square, in any shape."""
    return np.asarray(np.sqrt(moment) + epsilon if outside(conventions) else np.sqrt(moment + epsilon))


def follows(factor: float, conventions: Mapping[str, str]) -> float:
    """Return what epsilon is multiplied by so that y stays the same when x is multiplied by factor."""
    return factor if outside(conventions) else factor * factor
