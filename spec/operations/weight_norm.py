"""Weight normalization (Salimans and Kingma, 2016): a weight as a length and a direction."""

from normspec.spec.operations.axes import all_but_axis, every_axis
from normspec.spec.operations.common import CONDUCT, GROUPED
from normspec.spec.operations.operation import Operation


def _one(members: int) -> int:
    return 1


WEIGHT_NORM = Operation(
    name="weight_norm",
    statement="y = gamma x / norm of x, the norm over all axes but one, one gamma for each position along that one",
    oracle="rescale",
    ranks=(2, 3, 4, 5),
    groups=all_but_axis,
    blocks=all_but_axis,
    parameters={"gamma": "blocks"},
    choices=every_axis,
    divisor=_one,
    constants={"epsilon": 0.0},
    conventions=("statistics_dtype",),
    requirements=(
        *("output", "dx", "dgamma", "double-backward", "forward-mode", *CONDUCT, *GROUPED),
        *("second-moment", "gradient-projection", "rounding-boundary", "refusals"),
    ),
    proofs={
        "output": "weight-norm-length",
        "dx": "weight-norm-dv",
        "dgamma": "weight-norm-dG",
        "double-backward": "rescale-double-backward-x",
        "forward-mode": "rescale-tangent-y",
        "second-moment": "weight-norm-length",
        "gradient-projection": "weight-norm-orthogonal",
        "rounding-boundary": "weight-norm-length",
    },
)
