"""A case's arrays as rows: float64 arrays of shape (groups, members), in which number systems work, and back."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from typing import Any

import numpy as np

from normspec.spec.formats import Array
from normspec.spec.numbers.plain import unmoved
from normspec.spec.operations import Operation
from normspec.spec.operations.operation import Attributes
from normspec.spec.partition import Partition, Shape, partition


@dataclass(frozen=True)
class Rows:
    """How arrays of one shape lie in groups and blocks."""

    operation: Operation
    groups: Partition
    blocks: Partition
    style: Partition | None = None

    @property
    def members(self) -> int:
        """Return m, the number of elements of a group."""
        return self.groups.members

    @cached_property
    def aligned(self) -> bool:
        """Return whether the groups are the blocks."""
        return self.groups == self.blocks

    @property
    def constant(self) -> bool:
        """Return whether each group lies in one block, so that gamma and beta are constant in each group."""
        return self.aligned or nested(self.groups, self.blocks)

    @cached_property
    def groups_in_blocks(self) -> Partition:
        """Return how an array with one value a group falls into blocks."""
        summed = tuple(at for at, axis in enumerate(self.groups.kept) if axis in self.blocks.axes)
        return partition(self.groups.parts_shape, summed)

    @cached_property
    def regroup(self) -> Any:
        """Return the function that takes rows of groups to rows of blocks."""
        if self.aligned:
            return unmoved
        return lambda rows: self.blocks.split(self.groups.join(rows))

    def of(self, name: str, array: Array) -> Array:
        """Return an array of the case as rows of groups; one value a group, or aligned block, as one column."""
        role, values = self.operation.role(name), widened(array)
        if role == "style" and self.style is not None:
            return np.ascontiguousarray(self.style.split(values))
        if role == "elements":
            return np.ascontiguousarray(self.groups.split(values))
        if role == "groups" or self.aligned:
            return (self.groups if role == "groups" else self.blocks).spread(values)
        return np.ascontiguousarray(self.groups.split(self.blocks.spread_over(values)))

    def back(self, name: str, rows: Array) -> Array:
        """Return the rows of the output of a name as an array: elements, values of groups or values of blocks."""
        role = self.operation.role(name)
        if role == "style" and self.style is not None:
            return self.style.join(rows)
        if role == "elements":
            return self.groups.join(rows)
        return rows.reshape((self.groups if role == "groups" else self.blocks).parts_shape)


def widened(array: Array) -> Array:
    """Return the values as float64, which holds them all. A signalling NaN becomes a quiet one without a warning."""
    with np.errstate(invalid="ignore"):
        return np.asarray(array, dtype=np.float64)


def rows_of(operation: Operation, shape: Shape, attributes: Attributes, style: Shape | None = None) -> Rows:
    """Return how arrays of a shape, and a style image of another, lie in the operation's groups and blocks."""
    parts = None if style is None else operation.groups(style, attributes)
    return Rows(operation, operation.groups(shape, attributes), operation.blocks(shape, attributes), parts)


@lru_cache(maxsize=1024)
def nested(groups: Partition, blocks: Partition) -> bool:
    """Return whether no group has elements of two blocks."""
    if not prod(groups.shape):
        return True
    numbers = groups.split(blocks.spread_over(np.arange(blocks.parts)))
    return bool((numbers == numbers[:, :1]).all())
