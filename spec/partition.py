"""Partitions of an array: into groups that share statistics, into blocks that share parameters.

Both are named by the axes that are summed over, of the array or of a view of it in which one axis is split in two (the
channels of group norm). Number systems work on arrays of shape (groups, members), so that a sum over the group is a sum
over the last axis.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod

import numpy as np

from normspec.spec.formats import Array

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Partition:
    """The parts of an array of one shape; the elements of a part differ in `axes` of the view alone.

    view is the shape itself unless an axis is split.
    """

    shape: Shape
    axes: tuple[int, ...]
    split_view: Shape | None = None

    @cached_property
    def view(self) -> Shape:
        """Return the shape in which the parts are told apart by axes."""
        return self.shape if self.split_view is None else self.split_view

    @cached_property
    def kept(self) -> tuple[int, ...]:
        """Return the axes of the view that tell the parts apart."""
        return tuple(axis for axis in range(len(self.view)) if axis not in self.axes)

    @cached_property
    def members(self) -> int:
        """Return the number of elements of a part, m."""
        return prod(self.view[axis] for axis in self.axes)

    @cached_property
    def parts(self) -> int:
        """Return the number of parts."""
        return prod(self.parts_shape)

    @cached_property
    def parts_shape(self) -> Shape:
        """Return the shape of an array with one value a part."""
        return tuple(self.view[axis] for axis in self.kept)

    @cached_property
    def _order(self) -> tuple[int, ...]:
        return self.kept + self.axes

    @cached_property
    def _back(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the shape of rows as parts and members along the axes, and how these move back to their places."""
        order = self._order
        return tuple(self.view[axis] for axis in order), tuple(order.index(axis) for axis in range(len(order)))

    def split(self, array: Array) -> Array:
        """Return an array of this shape as (parts, members)."""
        return array.reshape(self.view).transpose(self._order).reshape(self.parts, self.members)

    def join(self, rows: Array) -> Array:
        """Return (parts, members) as an array of this shape: the inverse of split."""
        unfolded, places = self._back
        return rows.reshape(unfolded).transpose(places).reshape(self.shape)

    def spread(self, values: Array) -> Array:
        """Return one value a part, in the order of the kept axes, as (parts, 1)."""
        return values.reshape(self.parts, 1)

    def spread_over(self, values: Array) -> Array:
        """Return one value a part as an array of this shape, each element with its part's value."""
        return self.join(np.broadcast_to(self.spread(values), (self.parts, self.members)))

    def collected(self, array: Array) -> Array:
        """Return the value of each part of an array that is constant on parts: the inverse of spread_over."""
        return self.split(array)[:, 0].reshape(self.parts_shape)


@lru_cache(maxsize=4096)
def partition(shape: Shape, axes: tuple[int, ...], split_view: Shape | None = None) -> Partition:
    """Return the partition of arrays of a shape: the same object again, with all that it has worked out."""
    return Partition(shape, axes, split_view)
