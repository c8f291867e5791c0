"""What a step of a case must give: a certified enclosure of the exact result, and the tolerance around it."""

from collections.abc import Mapping
from dataclasses import dataclass

from normspec.spec.case import Case
from normspec.spec.formats import Array
from normspec.spec.operations import Operation


@dataclass(frozen=True, eq=False)
class Expected:
    """The exact result lies within radius of high + low; an observed one may be off by tolerance.

    All are float64 arrays of the output's shape. tolerance is infinite where nothing is demanded.
    """

    high: Array
    low: Array
    radius: Array
    tolerance: Array


def expect(
    operation: Operation, case: Case, index: int, state: Mapping[str, Array], conventions: Mapping[str, str]
) -> Mapping[str, Expected]:
    """Return what step `index` of the script must give, by the name of the output.

    state holds the running statistics as they were observed before the step; for a backward step, before the forward
    step that it belongs to.
    """
    raise NotImplementedError
