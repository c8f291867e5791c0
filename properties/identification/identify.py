"""Which conventions an implementation follows, by exclusion: a variant is out once some result certainly denies it.

A result denies a variant where it certainly lies outside the variant's enclosure, widened by its tolerance. Nothing is
ever decided by which variant is nearest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from operator import eq
from types import MappingProxyType

from normspec.implementations.contract import Implementation
from normspec.properties.identification.axes import EPSILON_PLACE, HALVES, axes_of, own_variant
from normspec.properties.identification.cases import Probe, probes
from normspec.properties.identification.conduct import conduct
from normspec.properties.identification.demands import Demands, outside
from normspec.properties.identification.epsilon import KNOWN, epsilon_used
from normspec.properties.identification.findings import Evidence, Finding, concluded
from normspec.properties.identification.halves import impossible
from normspec.properties.identification.wording import Axis
from normspec.properties.trial import Trial
from normspec.spec.expectation import Expected
from normspec.spec.operations import OPERATIONS
from normspec.spec.outcome import GivenUpError, Returned

Combination = tuple[str, ...]
"""One variant of each axis that an output depends on."""


@dataclass(eq=False)
class Alive:
    """The combinations of variants that an output has not denied yet, and by what the others were.

    unmatched are results that deny all of them: they say nothing of any one variant, and take none out.
    """

    axes: tuple[Axis, ...]
    left: set[Combination]
    denied: dict[Combination, Evidence] = field(default_factory=dict)
    unmatched: list[Evidence] = field(default_factory=list)
    seen: int = 0

    @property
    def fits(self) -> bool:
        """Return whether some combination gives every result that is not in half precision."""
        return all(each.case.dtype in HALVES for each in self.unmatched)


def identify(implementation: Implementation) -> tuple[Finding, ...]:
    """Return a finding for each axis of the implementation's operation."""
    operation = OPERATIONS[implementation.operation]
    axes = axes_of(operation)
    alive, epsilon = _fitting(implementation, axes)
    declared = operation.settled(implementation.claims.conventions)
    numeric = tuple(_finding(alive, axis, declared.get(axis.name)) for axis in axes)
    demanded = partial(_demanded, axes, alive, epsilon=epsilon)
    return numeric + epsilon_used(implementation, demanded) + conduct(implementation, demanded)


def _fitting(implementation: Implementation, axes: tuple[Axis, ...]) -> tuple[dict[str, Alive], float | None]:
    """Return what the numbers leave; with the one known epsilon that fits, where a layer uses another than it says."""
    alive = _numbers(implementation, axes, None)
    if "epsilon" not in implementation.claims.fixed or alive["y"].fits:
        return alive, None
    others = {value: _numbers(implementation, axes, value) for value in KNOWN}
    fitting = [value for value, found in others.items() if found["y"].fits]
    return (others[fitting[0]], fitting[0]) if len(fitting) == 1 else (alive, None)


def _numbers(implementation: Implementation, axes: tuple[Axis, ...], epsilon: float | None) -> dict[str, Alive]:
    """Return what the numbers leave of all combinations; epsilon is the one used, where it is not the one asked for."""
    alive = _everything(axes)
    for probe in probes(implementation):
        if any(len(_left(alive, axis)) > 1 for axis in axes if axis.name in probe.about) or not _seen(alive):
            _ask(implementation, axes, alive, probe, epsilon)
    _agree(alive, axes)
    return alive


def _demanded(
    axes: tuple[Axis, ...], alive: Mapping[str, Alive], trial: Trial, epsilon: float | None = None
) -> tuple[Expected, ...]:
    """Return what y of a trial's first step may be: by each combination left; nothing where one demands nothing.

    epsilon stands in the place of the case's own, where one is given.
    """
    shown = alive.get("y")
    if shown is not None and not shown.fits:
        return ()
    demands, left = Demands(trial, axes, epsilon), shown.left if shown else {()}
    names = tuple(axis.name for axis in shown.axes) if shown else ()
    found = [demands.of(0, dict(zip(names, combination, strict=True))) for combination in left]
    return () if any(each is None for each in found) else tuple(each["y"] for each in found if each)


def _everything(axes: tuple[Axis, ...]) -> dict[str, Alive]:
    """Return every combination for each output that shows some axis."""
    found = {}
    for output in dict.fromkeys(output for axis in axes for output in axis.outputs):
        own = tuple(axis for axis in axes if output in axis.outputs)
        found[output] = Alive(own, set(product(*(axis.variants for axis in own))))
    return found


def _seen(alive: Mapping[str, Alive]) -> bool:
    return all(each.seen for each in alive.values())


def _ask(
    implementation: Implementation,
    axes: tuple[Axis, ...],
    alive: Mapping[str, Alive],
    probe: Probe,
    epsilon: float | None,
) -> None:
    trial = Trial(implementation, probe.case)
    try:
        answered = isinstance(trial.outcome, Returned)
    except GivenUpError:
        return
    if not answered:
        return
    demands = Demands(trial, axes, epsilon)
    for index in trial.indices("train", "infer", "backward"):
        for output in trial.steps[index]:
            if output in alive and trial.steps[index][output].size and _comparable(alive, axes, trial, index):
                _exclude(demands, alive[output], index, output)


def _comparable(alive: Mapping[str, Alive], axes: tuple[Axis, ...], trial: Trial, index: int) -> bool:
    """Return whether the specification's formulas are what a step follows: of gradients there are no others."""
    if trial.case.script[index].verb != "backward" or not trial.case.attributes.get("epsilon"):
        return True
    return all(own_variant(trial.operation, axis) in _left(alive, axis) for axis in axes if axis is EPSILON_PLACE)


def _exclude(demands: Demands, alive: Alive, index: int, output: str) -> None:
    """Take out the combinations that an output of a step denies.

    Of a gradient, nothing is concluded where all that demand something are denied: it may be inaccurate, no more.
    """
    observed, case = demands.trial.steps[index][output], demands.trial.case
    alive.seen += 1
    denied, silent = {}, set()
    for combination in sorted(alive.left):
        chosen = dict(zip((axis.name for axis in alive.axes), combination, strict=True))
        expected = demands.of(index, chosen)
        if expected is None or output not in expected:
            silent.add(combination)
            continue
        why = outside(observed, expected[output], f"step {index} ({case.script[index].verb}): {output}")
        why = why or (impossible(demands.trial, index, chosen) if output == "y" else "")
        if why:
            denied[combination] = Evidence(why, case)
    if denied and set(denied) | (silent if output == "dx" else set()) == alive.left:
        alive.unmatched.append(next(iter(denied.values())))
    else:
        alive.left -= set(denied)
        alive.denied |= denied


def _left(alive: Mapping[str, Alive], axis: Axis) -> tuple[str, ...]:
    """Return the variants of an axis that no output denies."""
    told = [_variants(each, axis) for output, each in alive.items() if output in axis.outputs]
    return tuple(variant for variant in axis.variants if all(variant in variants for variants in told))


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
            kept = {
                c
                for c in each.left
                if all(v in (left[a.name] or a.variants) for a, v in zip(each.axes, c, strict=True))
            }
            changed, each.left = changed or kept != each.left, kept


def _finding(alive: Mapping[str, Alive], axis: Axis, declared: str | None) -> Finding:
    left = _left(alive, axis)
    showing = {output: each for output, each in alive.items() if output in axis.outputs}
    unmatched = [f"{name} in {e.case.dtype}" for name, each in showing.items() for e in each.unmatched]
    lost = _telling(showing[axis.outputs[0]], axis)
    plain = any(e.case.dtype not in HALVES for e in lost)
    if plain or (lost and len(left) > 1):
        left = ()
    excluded = {
        variant: evidence
        for variant in axis.variants
        if variant not in left and (evidence := _evidence(showing, axis, variant) or next(iter(lost), None)) is not None
    }
    asked = any(each.seen for each in showing.values())
    note = f"no combination of known conventions gives {', '.join(dict.fromkeys(unmatched))}" if unmatched else ""
    if not note and len(left) > 1:
        note = _WHY.get(axis.name, "no case that could be asked tells these apart")
    return concluded(
        (axis.name, axis.statement), axis.variants, left, excluded, asked=asked, declared=declared, note=note
    )


def _telling(alive: Alive, axis: Axis) -> list[Evidence]:
    """Return the results that deny all combinations, and so the axis: half precision may just be inaccurate."""
    if axis.dtypes:
        return [each for each in alive.unmatched if each.case.dtype in axis.dtypes]
    nothing_else = alive.seen == len(alive.unmatched)
    return [each for each in alive.unmatched if nothing_else or each.case.dtype not in HALVES]


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
                found.append((max(common, default=0) - len(each.axes), evidence))
    return max(found, key=lambda pair: pair[0])[1] if found else None
