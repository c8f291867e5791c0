"""Scalers of data that are fitted, in one part or in several, and then applied: each column by all that was seen."""

from normspec.spec.operations.axes import columns
from normspec.spec.operations.operation import Attributes, Operation
from normspec.spec.partition import Shape

FITTED = (
    "training-output",
    "inference-output",
    "answers",
    "inputs-untouched",
    "determinism",
    "layout-invariance",
    "inference-keeps-state",
    "permutation-equivariance",
    "group-independence",
    "nan-confined",
    "empty-batch",
)
"""What a scaler must do whatever its statistics are."""


def _anew_or_further(shape: Shape) -> tuple[Attributes, ...]:
    """Return both ways to fit: what was seen before is forgotten, or it counts."""
    return ({"refit": False}, {"refit": True})


STANDARD_SCALER = Operation(
    name="standard_scaler",
    statement="y = (x - mean) / standard deviation for each column, by the mean and the biased variance of all rows "
    "that it was fitted to",
    oracle="normalize",
    ranks=(2,),
    groups=columns,
    blocks=columns,
    parameters={},
    state=("running_count", "running_mean", "running_var"),
    pooled=True,
    needs_state=True,
    choices=_anew_or_further,
    constants={"epsilon": 0.0},
    conventions=("empty_batch", "nan", "statistics_dtype"),
    defaults={"empty_batch": "refuse"},
    requirements=(*FITTED, "running-count", "running-mean", "running-variance"),
    proofs={
        "training-output": "inference-y",
        "running-mean": "pooled-mean",
        "running-variance": "pooled-variance",
    },
)

MIN_MAX_SCALER = Operation(
    name="min_max_scaler",
    statement="y = (x - least) / (greatest - least) for each column, by the least and the greatest of all rows that "
    "it was fitted to",
    oracle="min_max",
    ranks=(2,),
    groups=columns,
    blocks=columns,
    parameters={},
    state=("running_min", "running_max"),
    pooled=True,
    needs_state=True,
    choices=_anew_or_further,
    constants={"epsilon": 0.0},
    conventions=("empty_batch", "nan"),
    defaults={"empty_batch": "refuse"},
    requirements=(*FITTED, "running-range"),
    proofs={"training-output": "min-max-y", "inference-output": "min-max-y"},
)
