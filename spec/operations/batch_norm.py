"""Batch normalization (Ioffe and Szegedy, 2015): one mean and variance for each channel."""

from normspec.spec.operations.axes import all_but_channel
from normspec.spec.operations.common import CENTRED, CONDUCT, GROUPED, TRACKED
from normspec.spec.operations.operation import Operation

BATCH_NORM = Operation(
    name="batch_norm",
    statement="y = gamma (x - mean) / sqrt(variance + epsilon) + beta, statistics over all axes but the channel's",
    oracle="normalize",
    ranks=(2, 3, 4, 5),
    groups=all_but_channel,
    blocks=all_but_channel,
    state=("running_mean", "running_var"),
    conventions=(
        "momentum",
        "initial_value",
        "running_variance",
        "single_element",
        "empty_batch",
        "epsilon_place",
        "negative_epsilon",
        "statistics_dtype",
    ),
    requirements=(
        *TRACKED,
        "training-output",
        "inference-output",
        "running-mean",
        "running-variance",
        "dx",
        "dgamma",
        "dbeta",
        "inference-gradients",
        "saved-values",
        "double-backward",
        "forward-mode",
        *CENTRED,
        *CONDUCT,
        *GROUPED,
        "identity-recovery",
        "rank-equivalence",
        "running-independence",
        "inference-keeps-state",
        "single-element",
        "empty-batch",
        "refusals",
    ),
)
