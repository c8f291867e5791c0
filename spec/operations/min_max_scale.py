"""Min-max scaling of data: each column from its own range to a given one."""

from normspec.spec.operations.axes import columns
from normspec.spec.operations.common import CONDUCT, GROUPED
from normspec.spec.operations.operation import Operation

MIN_MAX_SCALE = Operation(
    name="min_max_scale",
    statement="y = gamma (x - least) / (greatest - least) + beta for each column",
    oracle="min_max",
    ranks=(2,),
    groups=columns,
    blocks=columns,
    constants={"epsilon": 0.0},
    conventions=("nan",),
    requirements=("output", "dx", "dgamma", "dbeta", *CONDUCT, *GROUPED, "gradient-sum", "shift-invariance"),
    proofs={"output": "min-max-y", "dx": "min-max-dx", "gradient-sum": "min-max-sums"},
)
