"""Partitions of an array: into groups that share statistics, into blocks that share parameters.

Both are named by the axes that are summed over. Number systems work on arrays of shape (groups, members), so that a sum
over the group is a sum over the last axis.
"""

from dataclasses import dataclass
from math import prod

import numpy as np

from normspec.spec.formats import Array


@dataclass(frozen=True)
class Partition:
    """The parts of an array of one shape; the elements of a part differ in `axes` alone."""

    shape: tuple[int, ...]
    axes: tuple[int, ...]

    @property
    def kept(self) -> tuple[int, ...]:
        """Return the axes that tell the parts apart."""
        return tuple(axis for axis in range(len(self.shape)) if axis not in self.axes)

    @property
    def members(self) -> int:
        """Return the number of elements of a part, m."""
        return prod(self.shape[axis] for axis in self.axes)

    @property
    def parts(self) -> int:
        """Return the number of parts."""
        return prod(self.shape[axis] for axis in self.kept)

    def split(self, array: Array) -> Array:
        """Return an array of this shape as (parts, members)."""
        return array.transpose(self.kept + self.axes).reshape(self.parts, self.members)

    def join(self, rows: Array) -> Array:
        """Return (parts, members) as an array of this shape: the inverse of split."""
        order = self.kept + self.axes
        moved = rows.reshape([self.shape[axis] for axis in order])
        return moved.transpose(np.argsort(order))

    def spread(self, values: Array) -> Array:
        """Return one value a part, in the order of the kept axes, as (parts, 1)."""
        return values.reshape(self.parts, 1)
