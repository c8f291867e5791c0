"""Cosine normalization (Luo et al., 2017): the cosine of weights and input instead of their product."""

from normspec.spec.operations.axes import along_axis, every_axis
from normspec.spec.operations.common import CONDUCT
from normspec.spec.operations.operation import Operation

COSINE_SIMILARITY = Operation(
    name="cosine_similarity",
    statement="y = sum of x w / (max(norm of x, epsilon) max(norm of w, epsilon)) along one axis",
    oracle="cosine",
    ranks=(2, 3, 4, 5),
    groups=along_axis,
    blocks=along_axis,
    parameters={"w": "elements"},
    output="groups",
    choices=every_axis,
    conventions=("statistics_dtype",),
    requirements=("output", "dx", "other-gradients", *CONDUCT),
    proofs={"output": "cosine-y", "dx": "cosine-dx"},
)
