"""A residual added and the sum normalized in one step, as fused kernels do."""

from dataclasses import replace

from normspec.spec.operations.layer_norm import LAYER_NORM
from normspec.spec.operations.operation import Operation
from normspec.spec.operations.rms_norm import RMS_NORM


def _after_addition(name: str, norm: Operation) -> Operation:
    left_out = (
        *("second-moment", "gradient-projection", "scale-covariance", "identity-recovery", "shift-invariance"),
        *("loud-overflow", "double-backward"),  # rounding the sum to the format may lose the residual
    )
    return replace(
        norm,
        name=name,
        statement=f"z = x + residual, and y is {norm.name} of z",
        parameters={**norm.parameters, "residual": "elements"},
        conventions=(*norm.conventions, "residual_sum"),
        requirements=(*(each for each in norm.requirements if each not in left_out), "other-gradients"),
        proofs={**{k: v for k, v in norm.proofs.items() if k not in left_out}, "other-gradients": "residual-gradient"},
    )


ADD_LAYER_NORM = _after_addition("add_layer_norm", LAYER_NORM)
ADD_RMS_NORM = _after_addition("add_rms_norm", RMS_NORM)
