"""Batch norm in inference, folded into the linear layer or convolution before it: a new weight and a new bias."""

from normspec.spec.operations.axes import first_axis
from normspec.spec.operations.operation import Operation

FOLD_BATCH_NORM = Operation(
    name="fold_batch_norm",
    statement="y = gamma x / sqrt(running variance + epsilon) for a weight x, and new_bias = gamma (bias - running "
    "mean) / sqrt(running variance + epsilon) + beta, one of each for an output channel",
    oracle="folding",
    ranks=(2, 3, 4, 5),
    groups=first_axis,
    blocks=first_axis,
    parameters={
        "bias": "blocks",
        "gamma": "blocks",
        "beta": "blocks",
        "running_mean": "blocks",
        "running_var": "blocks",
    },
    further={"new_bias": "blocks"},
    conventions=("statistics_dtype",),
    requirements=("output", "answers", "inputs-untouched", "determinism", "layout-invariance"),
    proofs={"output": "fold-after"},
)
