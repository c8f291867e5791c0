"""Laws at the edges: groups of one element and of none, numbers that are none, sums out of range, wrong arguments."""

from dataclasses import replace

import numpy as np

from normspec.properties.law import Law
from normspec.properties.laws.conduct import place_of
from normspec.properties.laws.judging import NO_STEP, agreement, reach, wide, within, worst
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Inapplicable, Judgement, Kept
from normspec.spec.case import Case
from normspec.spec.expectation import Expected, expect
from normspec.spec.formats import Array
from normspec.spec.operations.fitting import unseen
from normspec.spec.outcome import Refused, Returned
from normspec.spec.partition import Partition


def single_element(trial: Trial) -> Judgement:
    """Judge what training does with groups of one element: what the convention says."""
    return _degenerate(trial, 1, "single_element")


def empty_batch(trial: Trial) -> Judgement:
    """Judge what training does with no element: what the convention says, no NaN, and no trace in later averages."""
    return _degenerate(trial, 0, "empty_batch")


def _degenerate(trial: Trial, members: int, convention: str) -> Judgement:
    if not trial.own(0) or _members(trial, 0) != members:
        return NO_STEP
    if trial.conventions[convention] == "refuse":
        return _refused(trial, f"{convention} is declared to be refused")
    if not isinstance(trial.outcome, Returned):
        return Broken(f"is not answered at {place_of(trial, trial.outcome.step)}: {trial.outcome.message}")
    if trial.conventions[convention] == "nan":
        return _all_nan(trial, ("y",) if members else trial.operation.state)
    degenerate = [index for index in range(len(trial.steps)) if _members(trial, index) == members]
    later = [index for index in trial.normalizing if index not in degenerate]
    poisoned = [
        f"step {index}: {name} is NaN"
        for index in degenerate
        for name, values in trial.steps[index].items()
        if (np.isnan(wide(values)) & np.isfinite(trial.expected(index)[name].tolerance)).any()
    ]
    if poisoned:
        return Broken(poisoned[0])
    running, outputs = trial.operation.state, ("y", *trial.operation.state, *trial.operation.gradients)
    return worst((Kept(), agreement(trial, degenerate, outputs), agreement(trial, later, running)))


def _all_nan(trial: Trial, names: tuple[str, ...]) -> Judgement:
    """Judge that outputs of the first step are NaN, as it is declared."""
    found = {name: wide(trial.steps[0][name]) for name in names if name in trial.steps[0]}
    others = [f"step 0: {name} is declared to be NaN, and is not" for name, a in found.items() if not np.isnan(a).all()]
    return Broken(others[0]) if others else Kept() if found else NO_STEP


def _members(trial: Trial, index: int) -> int:
    """Return the size of a group in a step, or in the forward step that it is the backward of; 0 without elements."""
    step = trial.case.script[index]
    x = (step if step.of is None else trial.case.forward_of(index)).input
    return trial.groups(x.shape).members if x.size else 0


def _refused(trial: Trial, why: str) -> Judgement:
    outcome = trial.outcome
    if isinstance(outcome, Refused):
        return Kept()
    got = "it is answered" if isinstance(outcome, Returned) else outcome.message
    return Broken(f"{why}, but {got}")


def refusals(trial: Trial) -> Judgement:
    """Judge that a call that means nothing is refused: a negative epsilon, a parameter of the wrong length."""
    if trial.case.attributes.get("epsilon", 0) < 0 and trial.conventions.get("negative_epsilon") == "accept":
        return Inapplicable("a negative epsilon is declared to be accepted")
    return _refused(trial, f"{trial.case.regime} must be refused")


def nan_confined(trial: Trial) -> Judgement:
    """Judge that a NaN does in training to its own group what the convention says, and touches no other."""
    first, declared = trial.case.script[0], trial.conventions.get("nan", "propagate")
    if not trial.steps or not trial.own(0) or not first.input.size:
        return NO_STEP
    x = first.input.copy()
    x[(0,) * x.ndim] = np.nan
    split = trial.groups(x.shape).split
    alone = trial.case.but(script=(replace(first, x=x),))
    other = trial.variant(alone)
    if declared == "refuse":
        return _shown_on(_refused(other, "a NaN in x is declared to be refused"), alone)
    if not other.steps:
        return Broken(f"a NaN in x is not answered: {other.outcome}", shown=alone)
    y = split(wide(other.steps[0]["y"]))
    if declared == "ignore":
        own = _shown_on(_left_out(trial, other), alone)
    elif not np.isnan(y[0]).all():
        return Broken("a NaN in a group leaves elements of its y that are not NaN", shown=alone)
    else:
        own = Kept()
    before, bound = split(wide(trial.steps[0]["y"])), split(reach(trial.expected(0)["y"]))
    if len(y) == 1:
        return own
    return worst((own, within("a NaN in the first group changes y of another", (y - before)[1:], 2 * bound[1:])))


def _shown_on(judgement: Judgement, case: Case) -> Judgement:
    return replace(judgement, shown=judgement.shown or case) if isinstance(judgement, Broken) else judgement


def _left_out(trial: Trial, other: Trial) -> Judgement:
    """Judge that y and what is kept of the first group are those of its other elements, and y of the NaN is NaN."""
    first, state = trial.case.script[0], trial.case.state
    split, axis = trial.groups(first.input.shape).split, trial.groups(first.input.shape).axes[0]
    y = split(wide(other.steps[0]["y"]))[0]
    if not np.isnan(y[0]):
        return Broken("a NaN in x does not stay in its place in y")
    x = np.delete(first.input, 0, axis)
    if not x.size:
        return Kept()
    fewer, grade = trial.case.but(script=(replace(first, x=x),)), trial.implementation.claims.grade
    expected = expect(trial.operation, fewer, 0, state, trial.conventions, grade=grade)
    found = {"y": y[1:], **{name: wide(other.steps[0][name])[:1] for name in state}}
    agreements = (_agrees(name, values, expected[name], trial.groups(x.shape)) for name, values in found.items())
    return worst((Kept(), _nothing_new(trial), *agreements))


def _nothing_new(trial: Trial) -> Judgement:
    """Judge that elements that are all NaN leave what is kept of their group as it was."""
    first, state = trial.case.script[0], trial.case.state
    if not state or unseen(state) or trial.case.attributes.get("refit"):
        return NO_STEP
    groups = trial.groups(first.input.shape)
    rows = groups.split(first.input).copy()
    rows[0] = np.nan
    alone = trial.case.but(script=(replace(first, x=groups.join(rows)),))
    other = trial.variant(alone)
    if not other.steps:
        return Broken(f"a column of NaN is not answered: {other.outcome}", shown=alone)
    moved = [name for name, old in state.items() if wide(other.steps[0][name])[0] != wide(old)[0]]
    return Broken(f"{moved[0]} moves, where all that is new is NaN", shown=alone) if moved else Kept()


def _agrees(name: str, found: Array, expected: Expected, groups: Partition) -> Judgement:
    def own(values: Array) -> Array:
        return groups.split(values)[0] if name == "y" else values[:1]

    what = f"{name} of a group with a NaN is not that of its other elements"
    return within(what, (found - own(expected.high)) - own(expected.low), own(reach(expected)))


LAWS = (
    Law("single-element", single_element, streams=("degenerate",), judges_silence=True),
    Law("empty-batch", empty_batch, streams=("degenerate",), judges_silence=True),
    Law("refusals", refusals, streams=("invalid",), judges_silence=True),
    Law("nan-confined", nan_confined, streams=("small",), asks_again=True),
)
