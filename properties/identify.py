"""Which conventions an implementation follows, by exclusion: a variant is out once some result certainly denies it.

A result denies a variant where it certainly lies outside the variant's enclosure, widened by its tolerance. Nothing is
ever decided by which variant is nearest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from operator import eq
from types import MappingProxyType

import numpy as np

from normspec.implementations.contract import Implementation
from normspec.properties.identify_axes import HALVES, IN_HALVES, Axis, axes_of, own_variant, reworded
from normspec.properties.identify_cases import Probe, probes
from normspec.properties.identify_conduct import conduct
from normspec.properties.identify_findings import Evidence, Finding, concluded
from normspec.properties.trial import Trial
from normspec.spec.comparison import compare
from normspec.spec.expectation import Expected, expect
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS
from normspec.spec.outcome import GivenUpError, Returned

Combination = tuple[str, ...]
"""One variant of each axis that an output depends on."""


@dataclass(eq=False)
class Alive:
    """The combinations of variants that an output has not denied yet, and by what the others were."""

    axes: tuple[Axis, ...]
    left: set[Combination]
    denied: dict[Combination, Evidence] = field(default_factory=dict)
    seen: int = 0


def identify(implementation: Implementation) -> tuple[Finding, ...]:
    """Return a finding for each axis of the implementation's operation."""
    operation = OPERATIONS[implementation.operation]
    axes = axes_of(operation)
    alive = _everything(axes)
    for probe in probes(implementation):
        if any(len(_left(alive, axis)) > 1 for axis in axes if axis.name in probe.about) or not _seen(alive):
            _ask(implementation, axes, alive, probe)
    _agree(alive, axes)
    declared = operation.settled(implementation.claims.conventions)
    numeric = tuple(_finding(alive, axis, declared.get(axis.name)) for axis in axes)
    return numeric + conduct(implementation)


def _everything(axes: tuple[Axis, ...]) -> dict[str, Alive]:
    """Return every combination for each output that shows some axis."""
    found = {}
    for output in dict.fromkeys(output for axis in axes for output in axis.outputs):
        own = tuple(axis for axis in axes if output in axis.outputs)
        found[output] = Alive(own, set(product(*(axis.variants for axis in own))))
    return found


def _seen(alive: Mapping[str, Alive]) -> bool:
    return all(each.seen for each in alive.values())


def _ask(implementation: Implementation, axes: tuple[Axis, ...], alive: Mapping[str, Alive], probe: Probe) -> None:
    trial = Trial(implementation, probe.case)
    try:
        answered = isinstance(trial.outcome, Returned)
    except GivenUpError:
        return
    if not answered:
        return
    demands = Demands(trial, axes)
    for index in trial.indices("train", "infer", "backward"):
        for output in trial.steps[index]:
            if output in alive and trial.steps[index][output].size:
                _exclude(demands, alive[output], index, output)


def _exclude(demands: "Demands", alive: Alive, index: int, output: str) -> None:
    """Take out the combinations that an output of a step denies."""
    observed = demands.trial.steps[index][output]
    alive.seen += 1
    for combination in sorted(alive.left):
        expected = demands.of(index, dict(zip((axis.name for axis in alive.axes), combination, strict=True)))
        if expected is None or output not in expected:
            continue
        with np.errstate(all="ignore"):
            found = compare(observed, expected[output])
        if found.verdict == "broken":
            alive.left.discard(combination)
            at = ", ".join(map(str, found.index))
            words = (
                f"step {index} ({demands.trial.case.script[index].verb}): {output}[{at}] is {found.observed:.9g}; "
                f"this demands {found.exact:.9g} within {found.tolerance:.2g}"
            )
            alive.denied[combination] = Evidence(words, demands.trial.case)


@dataclass(eq=False)
class Demands:
    """What each combination of variants demands of the steps of a trial, each worked out once."""

    trial: Trial
    axes: tuple[Axis, ...]
    found: dict[tuple[object, ...], Mapping[str, Expected] | None] = field(default_factory=dict)

    def of(self, index: int, partial: Mapping[str, str]) -> Mapping[str, Expected] | None:
        """Return what is demanded of a step, by output, or None. Axes that are not named do not matter."""
        operation, case = self.trial.operation, self.trial.case
        chosen = {axis.name: partial.get(axis.name, own_variant(operation, axis)) for axis in self.axes}
        if case.dtype not in HALVES:
            chosen |= {axis.name: own_variant(operation, axis) for axis in self.axes if axis.name in IN_HALVES}
        key = (index, *chosen.values())
        if key not in self.found:
            self.found[key] = self._worked_out(index, chosen)
        return self.found[key]

    def _worked_out(self, index: int, chosen: Mapping[str, str]) -> Mapping[str, Expected] | None:
        operation, case, step = self.trial.operation, self.trial.case, self.trial.case.script[index]
        forward = index if step.of is None else step.of
        other = reworded(self.axes, chosen, case, forward)
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


def _left(alive: Mapping[str, Alive], axis: Axis) -> tuple[str, ...]:
    """Return the variants of an axis that no output denies; an output that fits none of all says nothing of it."""
    told = [_variants(each, axis) for output, each in alive.items() if output in axis.outputs and each.left]
    return tuple(variant for variant in axis.variants if told and all(variant in variants for variants in told))


def _variants(alive: Alive, axis: Axis) -> set[str]:
    at = alive.axes.index(axis)
    return {combination[at] for combination in alive.left}


def _agree(alive: Mapping[str, Alive], axes: tuple[Axis, ...]) -> None:
    """Take out the combinations with a variant that another output denies, until nothing changes."""
    changed = True
    while changed:
        left = {axis.name: _left(alive, axis) for axis in axes}
        changed = False
        for each in alive.values():
            kept = {c for c in each.left if all(v in left[a.name] for a, v in zip(each.axes, c, strict=True))}
            changed, each.left = changed or kept != each.left, kept


def _finding(alive: Mapping[str, Alive], axis: Axis, declared: str | None) -> Finding:
    left = _left(alive, axis)
    showing = {output: each for output, each in alive.items() if output in axis.outputs}
    unmatched = [output for output, each in showing.items() if each.seen and not each.left]
    if unmatched and len(left) > 1:
        left = ()
    excluded = {
        variant: evidence
        for variant in axis.variants
        if variant not in left and (evidence := _evidence(showing, axis, variant)) is not None
    }
    asked = any(each.seen for each in showing.values())
    note = f"{' and '.join(unmatched)} fits no combination of known conventions" if unmatched else ""
    if not note and len(left) > 1:
        note = _WHY.get(axis.name, "no case that could be asked tells these apart")
    return concluded(
        (axis.name, axis.statement), axis.variants, left, excluded, asked=asked, declared=declared, note=note
    )


_WHY = MappingProxyType(
    {
        "statistics_dtype": "all fits float32 or wider; the other variant allows that, too",
        "cast_order": "all fits one rounding at the end; the other variant allows that, too",
    }
)
"""Why nothing may be excluded: a variant that demands less is never denied by what keeps the stricter one."""


def _evidence(showing: Mapping[str, Alive], axis: Axis, variant: str) -> Evidence | None:
    """Return what denied a variant: of the combination that has most in common with one that is left."""
    found: list[tuple[int, Evidence]] = []
    for each in showing.values():
        at = each.axes.index(axis)
        for combination, evidence in each.denied.items():
            if combination[at] == variant:
                common = (sum(map(eq, combination, other)) for other in each.left)
                found.append((max(common, default=0), evidence))
    return max(found, key=lambda pair: pair[0])[1] if found else None
