"""What an operation is: two partitions, a signature, conventions and requirements."""

from collections.abc import Callable
from dataclasses import dataclass

from normspec.spec.partition import Partition


@dataclass(frozen=True)
class Operation:
    """One kind of layer.

    group_axes and block_axes give, for the rank of x, the axes over which statistics and parameters are shared.
    oracle names the generated module in normspec.spec.oracles; requirements are names in normspec.spec.requirements.
    """

    name: str
    statement: str
    oracle: str
    ranks: tuple[int, ...]
    group_axes: Callable[[int], tuple[int, ...]]
    block_axes: Callable[[int], tuple[int, ...]]
    conventions: tuple[str, ...]
    requirements: tuple[str, ...]

    def groups(self, shape: tuple[int, ...]) -> Partition:
        """Return the partition of an array of this shape into groups."""
        return Partition(shape, self.group_axes(len(shape)))

    def blocks(self, shape: tuple[int, ...]) -> Partition:
        """Return the partition of an array of this shape into blocks."""
        return Partition(shape, self.block_axes(len(shape)))
