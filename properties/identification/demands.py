"""What combinations of variants demand of a trial, each as the specification's formulas on a question reworded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from normspec.properties.identification.axes import HALVES, IN_HALVES, own_variant, reworded
from normspec.properties.identification.wording import Axis
from normspec.properties.trial import Trial
from normspec.spec.comparison import compare
from normspec.spec.expectation import Expected, expect
from normspec.spec.formats import Array


@dataclass(eq=False)
class Demands:
    """What each combination of variants demands of the steps of a trial, each worked out once.

    epsilon stands in the place of the case's own, where one is given.
    """

    trial: Trial
    axes: tuple[Axis, ...]
    epsilon: float | None = None
    found: dict[tuple[object, ...], Mapping[str, Expected] | None] = field(default_factory=dict)

    def of(self, index: int, named: Mapping[str, str]) -> Mapping[str, Expected] | None:
        """Return what is demanded of a step, by output, or None. Axes that are not named do not matter."""
        operation, case = self.trial.operation, self.trial.case
        chosen = {axis.name: named.get(axis.name, own_variant(operation, axis)) for axis in self.axes}
        if case.dtype not in HALVES:
            chosen |= {axis.name: own_variant(operation, axis) for axis in self.axes if axis.name in IN_HALVES}
        key = (index, *chosen.values())
        if key not in self.found:
            self.found[key] = self._worked_out(index, chosen)
        return self.found[key]

    def _worked_out(self, index: int, chosen: Mapping[str, str]) -> Mapping[str, Expected] | None:
        operation, case, step = self.trial.operation, self.trial.case, self.trial.case.script[index]
        forward = index if step.of is None else step.of
        if self.epsilon is not None:
            case = case.but(attributes={**case.attributes, "epsilon": self.epsilon})
        other = reworded(self.axes, chosen, case, index)
        if other is None:
            return None
        words, back = other
        settled = {
            axis.name: own_variant(operation, axis) if chosen[axis.name] in axis.wordings else chosen[axis.name]
            for axis in self.axes
            if axis.name in operation.conventions
        }
        state, grade = self.trial.state_before(forward), self.trial.implementation.claims.grade
        found = expect(operation, words, index, state, operation.settled(settled), grade=grade)
        elements = {name for name in found if operation.role(name) == "elements"}
        return {name: _back(expected, back) if name in elements else expected for name, expected in found.items()}


def _back(expected: Expected, back: Callable[[Array], Array]) -> Expected:
    """Return what is expected with its elements where they were asked for."""
    return Expected(*map(back, (expected.high, expected.low, expected.radius, expected.tolerance)))


def outside(observed: Array, expected: Expected, what: str) -> str:
    """Return in words that an array certainly lies outside of what is expected; nothing where it may not."""
    with np.errstate(all="ignore"):
        found = compare(observed, expected)
    if found.verdict != "broken":
        return ""
    at = ", ".join(map(str, found.index))
    return f"{what}[{at}] is {found.observed:.9g}; this demands {found.exact:.9g} within {found.tolerance:.2g}"
