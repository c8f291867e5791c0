"""Instance normalization (Ulyanov, Vedaldi and Lempitsky, 2016): one mean and variance for each sample and channel."""

from normspec.spec.operations.axes import all_but_channel, space
from normspec.spec.operations.common import CENTRED, STATELESS, TRACKED
from normspec.spec.operations.operation import Operation

INSTANCE_NORM = Operation(
    name="instance_norm",
    statement="y = gamma (x - mean) / sqrt(variance + epsilon) + beta, statistics over the axes of space, one gamma "
    "and beta for each channel",
    oracle="normalize",
    ranks=(3, 4, 5),
    groups=space,
    blocks=all_but_channel,
    state=("running_mean", "running_var"),
    untracked_inference=True,
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
        *STATELESS,
        *CENTRED,
        "kinship",
        "single-element",
        "empty-batch",
        "inference-output",
        "running-mean",
        "running-variance",
        "inference-gradients",
        "saved-values",
        "double-backward",
        "forward-mode",
        "running-independence",
        "inference-keeps-state",
    ),
)
