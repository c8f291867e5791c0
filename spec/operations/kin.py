"""Kinship: where two operations part an array into the same groups."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from normspec.spec.operations.operation import Attributes, Operation
from normspec.spec.partition import Shape


@dataclass(frozen=True)
class Kin:
    """Another operation, and the attributes under which both have the same groups."""

    operation: str
    mine: Attributes = field(default_factory=dict)
    theirs: Attributes = field(default_factory=dict)


def kindred(operation: Operation, shape: Shape) -> Iterator[Kin]:
    """Yield what an operation becomes on an x of this shape: claim equal-partitions says why."""
    rank, channels = len(shape), shape[1]
    if operation.name == "group_norm":
        yield Kin("layer_norm", {"groups": 1}, {"axes": rank - 1})
        if rank > 2:
            yield Kin("instance_norm", {"groups": channels})
    if operation.name == "instance_norm":
        yield Kin("group_norm", {}, {"groups": channels})
    if operation.name == "layer_norm" and rank > 2 and channels == 1:
        yield Kin("instance_norm", {"axes": rank - 1})
    if operation.name == "batch_norm" and shape[0] == 1 and rank > 2:
        yield Kin("instance_norm")
