"""One file an operation, and the table of them all."""

from collections.abc import Mapping
from types import MappingProxyType

from normspec.spec.operations.batch_norm import BATCH_NORM
from normspec.spec.operations.operation import Operation

OPERATIONS: Mapping[str, Operation] = MappingProxyType({operation.name: operation for operation in (BATCH_NORM,)})

__all__ = ["OPERATIONS", "Operation"]
