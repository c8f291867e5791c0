"""One file an operation, and the table of them all."""

from collections.abc import Mapping
from types import MappingProxyType

from normspec.spec.operations.batch_norm import BATCH_NORM
from normspec.spec.operations.group_norm import GROUP_NORM
from normspec.spec.operations.instance_norm import INSTANCE_NORM
from normspec.spec.operations.layer_norm import LAYER_NORM
from normspec.spec.operations.operation import Operation
from normspec.spec.operations.rms_norm import RMS_NORM
from normspec.spec.operations.weight_norm import WEIGHT_NORM
from normspec.spec.operations.weight_standardization import WEIGHT_STANDARDIZATION

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        operation.name: operation
        for operation in (
            BATCH_NORM,
            LAYER_NORM,
            INSTANCE_NORM,
            GROUP_NORM,
            RMS_NORM,
            WEIGHT_NORM,
            WEIGHT_STANDARDIZATION,
        )
    }
)

__all__ = ["OPERATIONS", "Operation"]
