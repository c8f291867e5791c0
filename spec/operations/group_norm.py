"""Group normalization (Wu and He, 2018): one mean and variance for each sample and group of channels."""

from normspec.spec.operations.axes import all_but_channel, channel_groups, numbers_of_groups
from normspec.spec.operations.common import ALIVE, CENTRED, STATELESS
from normspec.spec.operations.operation import Operation

GROUP_NORM = Operation(
    name="group_norm",
    statement="y = gamma (x - mean) / sqrt(variance + epsilon) + beta, statistics over groups of neighbouring "
    "channels and the axes of space, one gamma and beta for each channel",
    oracle="normalize",
    ranks=(2, 3, 4, 5),
    groups=channel_groups,
    blocks=all_but_channel,
    choices=numbers_of_groups,
    conventions=("single_element", "empty_batch", "epsilon_place", "negative_epsilon", "statistics_dtype"),
    defaults={"single_element": "zero", "negative_epsilon": "accept"},
    requirements=(
        *ALIVE,
        *STATELESS,
        "double-backward",
        "forward-mode",
        *CENTRED,
        "kinship",
        "single-element",
        "empty-batch",
    ),
)
