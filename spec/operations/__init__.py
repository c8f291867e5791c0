"""One file an operation, or a family of them, and the table of them all."""

from collections.abc import Mapping
from types import MappingProxyType

from normspec.spec.operations.adain import ADAIN
from normspec.spec.operations.add_norm import ADD_LAYER_NORM, ADD_RMS_NORM
from normspec.spec.operations.batch_norm import BATCH_NORM
from normspec.spec.operations.batch_renorm import BATCH_RENORM
from normspec.spec.operations.cosine_similarity import COSINE_SIMILARITY
from normspec.spec.operations.fold_batch_norm import FOLD_BATCH_NORM
from normspec.spec.operations.group_norm import GROUP_NORM
from normspec.spec.operations.instance_norm import INSTANCE_NORM
from normspec.spec.operations.layer_norm import LAYER_NORM
from normspec.spec.operations.lp_normalize import L1_NORMALIZE, L2_NORMALIZE, MAX_NORMALIZE
from normspec.spec.operations.min_max_scale import MIN_MAX_SCALE
from normspec.spec.operations.operation import Operation
from normspec.spec.operations.rms_norm import RMS_NORM
from normspec.spec.operations.scalers import MIN_MAX_SCALER, STANDARD_SCALER
from normspec.spec.operations.standardize import STANDARDIZE
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
            ADD_LAYER_NORM,
            ADD_RMS_NORM,
            BATCH_RENORM,
            ADAIN,
            WEIGHT_NORM,
            WEIGHT_STANDARDIZATION,
            COSINE_SIMILARITY,
            L1_NORMALIZE,
            L2_NORMALIZE,
            MAX_NORMALIZE,
            STANDARDIZE,
            MIN_MAX_SCALE,
            STANDARD_SCALER,
            MIN_MAX_SCALER,
            FOLD_BATCH_NORM,
        )
    }
)

__all__ = ["OPERATIONS", "Operation"]
