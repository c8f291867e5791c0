"""Adaptive instance normalization (Huang and Belongie, 2017): the content with the statistics of a style."""

from normspec.spec.operations.axes import space
from normspec.spec.operations.common import CONDUCT, GROUPED
from normspec.spec.operations.operation import Operation

ADAIN = Operation(
    name="adain",
    statement="y = sqrt(style variance + epsilon) (x - mean) / sqrt(variance + epsilon) + style mean, statistics over "
    "the axes of space",
    oracle="adain",
    ranks=(3, 4, 5),
    groups=space,
    blocks=space,
    parameters={"style": "style"},
    conventions=("statistics_dtype",),
    requirements=("output", "dx", "other-gradients", *CONDUCT, *GROUPED, "gradient-sum", "shift-invariance"),
    proofs={"output": "adain", "dx": "adain-dx", "other-gradients": "adain-dstyle"},
)
