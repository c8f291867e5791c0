"""Weight standardization (Qiao et al., 2019): each output channel of a weight, normalized."""

from normspec.spec.operations.axes import first_axis
from normspec.spec.operations.common import CENTRED, CONDUCT_OF_X, GROUPED
from normspec.spec.operations.operation import Operation

WEIGHT_STANDARDIZATION = Operation(
    name="weight_standardization",
    statement="y = (x - mean) / sqrt(variance + epsilon), statistics over all axes but the first",
    oracle="normalize",
    ranks=(2, 3, 4, 5),
    groups=first_axis,
    blocks=first_axis,
    parameters={},
    conventions=("statistics_dtype",),
    requirements=("output", "dx", *CONDUCT_OF_X, *GROUPED, *(name for name in CENTRED if name != "zero-crossing")),
)
