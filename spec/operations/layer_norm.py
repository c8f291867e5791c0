"""Layer normalization (Ba, Kiros and Hinton, 2016): one mean and variance for each sample and position."""

from normspec.spec.operations.axes import leading, numbers_of_trailing_axes, trailing
from normspec.spec.operations.common import ALIVE, CENTRED, STATELESS
from normspec.spec.operations.operation import Operation

LAYER_NORM = Operation(
    name="layer_norm",
    statement="y = gamma (x - mean) / sqrt(variance + epsilon) + beta, statistics over the last axes, one gamma and "
    "beta for each element of them",
    oracle="normalize",
    ranks=(2, 3, 4, 5),
    groups=trailing,
    blocks=leading,
    choices=numbers_of_trailing_axes,
    conventions=("single_element", "empty_batch", "epsilon_place", "negative_epsilon", "statistics_dtype"),
    defaults={"single_element": "zero", "negative_epsilon": "accept"},
    requirements=(
        *ALIVE,
        *STATELESS,
        "double-backward",
        "forward-mode",
        *CENTRED,
        "identity-recovery",
        "single-element",
        "empty-batch",
    ),
)
