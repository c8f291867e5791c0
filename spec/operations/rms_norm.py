"""Root mean square normalization (Zhang and Sennrich, 2019): layer norm without the mean and without beta."""

from normspec.spec.operations.axes import leading, numbers_of_trailing_axes, trailing
from normspec.spec.operations.common import ALIVE, STATELESS, UNCENTRED
from normspec.spec.operations.operation import Operation

RMS_NORM = Operation(
    name="rms_norm",
    statement="y = gamma x / sqrt(mean square + epsilon), over the last axes, one gamma for each element of them",
    oracle="rescale",
    ranks=(2, 3, 4, 5),
    groups=trailing,
    blocks=leading,
    parameters={"gamma": "blocks"},
    choices=numbers_of_trailing_axes,
    conventions=("empty_batch", "epsilon_place", "negative_epsilon", "statistics_dtype", "scale_form", "cast_order"),
    defaults={"negative_epsilon": "accept"},
    requirements=(
        *ALIVE,
        *(name for name in STATELESS if name != "dbeta"),
        "double-backward",
        "forward-mode",
        *UNCENTRED,
        "rounding-boundary",
        "empty-batch",
    ),
    proofs={
        "output": "rms-y",
        "dx": "rms-dx",
        "double-backward": "rescale-double-backward-x",
        "forward-mode": "rescale-tangent-y",
        "second-moment": "rms-moment",
        "gradient-projection": "rms-projection",
        "scale-covariance": "rms-scale",
    },
)
