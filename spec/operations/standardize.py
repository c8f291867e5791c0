"""Standardization of data: the z-scores of each column."""

from normspec.spec.operations.axes import columns
from normspec.spec.operations.common import CONDUCT_OF_X, GROUPED
from normspec.spec.operations.operation import Operation

STANDARDIZE = Operation(
    name="standardize",
    statement="y = (x - mean) / standard deviation for each column, with either divisor",
    oracle="normalize",
    ranks=(2,),
    groups=columns,
    blocks=columns,
    parameters={},
    constants={"epsilon": 0.0},
    conventions=("deviation", "nan", "statistics_dtype"),
    requirements=(
        "output",
        "dx",
        *CONDUCT_OF_X,
        *GROUPED,
        "zero-mean",
        "second-moment",
        "gradient-sum",
        "shift-invariance",
    ),
    proofs={"output": "z-score", "second-moment": "z-score-moments", "dx": "family-dx"},
)
