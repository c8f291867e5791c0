"""The partitions that operations are made of, and the attributes that an input's shape leaves to choose from."""

from normspec.spec.operations.operation import Attributes
from normspec.spec.partition import Partition, Shape, partition


def all_but_channel(shape: Shape, attributes: Attributes) -> Partition:
    """Return one part a channel: the axes of batch and space are summed over."""
    return partition(shape, tuple(axis for axis in range(len(shape)) if axis != 1))


def space(shape: Shape, attributes: Attributes) -> Partition:
    """Return one part a sample and channel: the axes of space are summed over."""
    return partition(shape, tuple(range(2, len(shape))))


def trailing(shape: Shape, attributes: Attributes) -> Partition:
    """Return one part for each position in front of the normalized axes, which are the last `axes` ones."""
    return partition(shape, tuple(range(len(shape) - attributes["axes"], len(shape))))


def leading(shape: Shape, attributes: Attributes) -> Partition:
    """Return one part for each position in the last `axes` axes: the axes in front of them are summed over."""
    return partition(shape, tuple(range(len(shape) - attributes["axes"])))


def channel_groups(shape: Shape, attributes: Attributes) -> Partition:
    """Return one part a sample and group of neighbouring channels; `groups` is their number.

    Raises ValueError where the channels do not fall into so many groups of one size.
    """
    groups, channels = attributes["groups"], shape[1]
    if groups < 1 or channels % groups:
        raise ValueError(f"groups={groups!r} does not divide {channels} channels: choose a divisor")
    view = (shape[0], groups, channels // groups, *shape[2:])
    return partition(shape, tuple(range(2, len(view))), view)


def all_but_axis(shape: Shape, attributes: Attributes) -> Partition:
    """Return one part for each position along `axis`."""
    return partition(shape, tuple(axis for axis in range(len(shape)) if axis != attributes["axis"]))


def along_axis(shape: Shape, attributes: Attributes) -> Partition:
    """Return one part for each line along `axis`."""
    return partition(shape, (attributes["axis"],))


def columns(shape: Shape, attributes: Attributes) -> Partition:
    """Return one part a column of a matrix of data: the rows are summed over."""
    return partition(shape, (0,))


def first_axis(shape: Shape, attributes: Attributes) -> Partition:
    """Return one part for each position along the first axis: an output channel of a weight."""
    return partition(shape, tuple(range(1, len(shape))))


def numbers_of_trailing_axes(shape: Shape) -> tuple[Attributes, ...]:
    """Return every number of trailing axes, the smallest first; the first axis is never normalized."""
    return tuple({"axes": count} for count in range(1, len(shape)))


def numbers_of_groups(shape: Shape) -> tuple[Attributes, ...]:
    """Return every number of groups into which the channels fall."""
    return tuple({"groups": count} for count in range(1, max(shape[1], 1) + 1) if shape[1] % count == 0)


def every_axis(shape: Shape) -> tuple[Attributes, ...]:
    """Return every axis."""
    return tuple({"axis": axis} for axis in range(len(shape)))
