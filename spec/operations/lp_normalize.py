"""Normalization by a norm: L1, L2 and the maximum, clamped from below by epsilon."""

from normspec.spec.operations.axes import along_axis, every_axis
from normspec.spec.operations.common import CONDUCT_OF_X, GROUPED
from normspec.spec.operations.operation import Operation


def _one(members: int) -> int:
    return 1


def _by_norm(name: str, norm: str, oracle: str, forward: str, backward: str) -> Operation:
    return Operation(
        name=name,
        statement=f"y = x / max({norm}, epsilon) along one axis",
        oracle=oracle,
        ranks=(2, 3, 4, 5),
        groups=along_axis,
        blocks=along_axis,
        parameters={},
        choices=every_axis,
        divisor=_one,
        conventions=("nan", "statistics_dtype"),
        requirements=("output", "dx", *CONDUCT_OF_X, *GROUPED),
        proofs={"output": forward, "dx": backward},
    )


L1_NORMALIZE = _by_norm("l1_normalize", "sum of magnitudes", "lp_one", "l1-y", "l1-dx")
L2_NORMALIZE = _by_norm("l2_normalize", "root of the sum of squares", "rescale", "family-y", "l2-dx")
MAX_NORMALIZE = _by_norm("max_normalize", "greatest magnitude", "lp_max", "max-norm", "max-dx")
