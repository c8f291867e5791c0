"""A case's arrays as rows: float64 arrays of shape (groups, members), in which number systems work, and back."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from normspec.spec.formats import Array
from normspec.spec.numbers.plain import unmoved
from normspec.spec.operations import Operation
from normspec.spec.partition import Partition


@dataclass(frozen=True)
class Rows:
    """How arrays of one shape lie in groups and blocks."""

    groups: Partition
    blocks: Partition

    @property
    def members(self) -> int:
        """Return m, the number of elements of a group."""
        return self.groups.members

    @property
    def aligned(self) -> bool:
        """Return whether the groups are the blocks, so that gamma and beta are constant in each group."""
        return self.groups.axes == self.blocks.axes

    @cached_property
    def regroup(self) -> Any:
        """Return the function that takes rows of groups to rows of blocks."""
        if self.aligned:
            return unmoved
        return lambda rows: self.blocks.split(self.groups.join(rows))

    def of(self, array: Array) -> Array:
        """Return an array of the shape, as rows of groups."""
        return np.ascontiguousarray(self.groups.split(widened(array)))

    def statistic(self, values: Array) -> Array:
        """Return one value a group, as (groups, 1)."""
        return self.groups.spread(widened(values))

    def parameter(self, values: Array) -> Array:
        """Return one value a block, as rows of groups: with one column where groups are blocks."""
        column = self.blocks.spread(widened(values))
        if self.aligned:
            return column
        whole = np.broadcast_to(column, (self.blocks.parts, self.blocks.members))
        return np.ascontiguousarray(self.groups.split(self.blocks.join(whole)))

    def back(self, name: str, rows: Array) -> Array:
        """Return the rows of the output of a name as an array: elements, values of groups or values of blocks."""
        if name in ("y", "dx"):
            return self.groups.join(rows)
        return rows.reshape(self._parts[name in ("dgamma", "dbeta")])

    @cached_property
    def _parts(self) -> tuple[list[int], list[int]]:
        """Return the shapes of one value a group and of one value a block."""
        groups, blocks = ([part.shape[axis] for axis in part.kept] for part in (self.groups, self.blocks))
        return groups, blocks


def widened(array: Array) -> Array:
    """Return the values as float64, which holds them all. A signalling NaN becomes a quiet one without a warning."""
    with np.errstate(invalid="ignore"):
        return np.asarray(array, dtype=np.float64)


def rows_of(operation: Operation, shape: tuple[int, ...]) -> Rows:
    """Return how arrays of a shape lie in the operation's groups and blocks."""
    return Rows(operation.groups(shape), operation.blocks(shape))
