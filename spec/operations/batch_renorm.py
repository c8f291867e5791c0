"""Batch renormalization (Ioffe, 2017): batch norm, corrected towards the running statistics."""

from normspec.spec.operations.axes import all_but_channel
from normspec.spec.operations.common import CONDUCT, TRACKED
from normspec.spec.operations.operation import Attributes, Operation
from normspec.spec.partition import Shape


def _limits(shape: Shape) -> tuple[Attributes, ...]:
    """Return limits of r and of the shift whose reciprocals are exact: no correction, some, and much."""
    return tuple({"r_max": r_max, "d_max": d_max} for r_max, d_max in ((2.0, 1.0), (1.0, 0.0), (4.0, 8.0)))


BATCH_RENORM = Operation(
    name="batch_renorm",
    statement="y = gamma (r (x - mean) / sqrt(variance + epsilon) + d) + beta, r and d clipped corrections towards the "
    "running statistics",
    oracle="renormalize",
    ranks=(2, 3, 4, 5),
    groups=all_but_channel,
    blocks=all_but_channel,
    state=("running_mean", "running_var"),
    needs_state=True,
    choices=_limits,
    conventions=(
        "momentum",
        "initial_value",
        "running_variance",
        "single_element",
        "empty_batch",
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
        *CONDUCT,
        "permutation-equivariance",
        "group-independence",
        "nan-confined",
        "gradient-sum",
        "rank-equivalence",
        "inference-keeps-state",
        "single-element",
        "empty-batch",
        "refusals",
    ),
    proofs={"training-output": "batch-renorm", "dx": "batch-renorm-dx", "dgamma": "batch-renorm-dgamma"},
)
