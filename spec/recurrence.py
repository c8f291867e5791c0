"""The running statistics over many steps: the exact recurrence from the first values on, and how far a layer may drift.

Each step's exact values are put into the next one as float64, and what that leaves out is added to the radius. Errors
of earlier steps are weighed by at most one, for the weight of the old value lies between 0 and 1.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from normspec.spec.case import Case
from normspec.spec.expectation import Expected, expect_running
from normspec.spec.formats import Array
from normspec.spec.operations import Operation


def recurrence(
    operation: Operation, case: Case, conventions: Mapping[str, str], *, grade: str = "B1"
) -> Iterator[tuple[int, Mapping[str, Expected]]]:
    """Yield each training step's index, and where the running statistics must be after it."""
    state: dict[str, Array] = {name: values.astype(np.float64) for name, values in case.state.items()}
    radius, drift = ({name: np.zeros(values.shape) for name, values in state.items()} for _ in range(2))
    growth = 1 + 16 * 2.0**-case.format.precision  # a drifted value's own roundings are that much larger
    for index, step in enumerate(case.script):
        if step.verb != "train" or step.input.size == 0:
            continue
        found = expect_running(operation, case, index, state, conventions, grade=grade)
        for name in state:
            radius[name] = radius[name] + found[name].radius + np.abs(found[name].low)
            drift[name] = drift[name] * growth + found[name].tolerance
            state[name] = found[name].high
        yield (
            index,
            {
                name: Expected(state[name], np.zeros(state[name].shape), radius[name], drift[name] + radius[name])
                for name in state
            },
        )
