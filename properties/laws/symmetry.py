"""Symmetries: what may be done to the question without changing the answer, or changing it in a known way.

Each asks a second question, and carries its answer back. The bound is the sum of both tolerances; where the groups have
the same numbers in them, both are the same.
"""

from collections.abc import Iterator

import numpy as np

from normspec.properties.carry import carried
from normspec.properties.law import Law
from normspec.properties.laws.judging import (
    Transform,
    alike,
    apart,
    reach,
    same,
    settled_within,
    twice,
    wide,
    within,
    worst,
)
from normspec.properties.trial import Trial
from normspec.properties.verdict import Inapplicable, Judgement
from normspec.spec.case import Case
from normspec.spec.epsilon import follows, sigma
from normspec.spec.expectation import expect
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS
from normspec.spec.operations.kin import kindred
from normspec.spec.partition import Partition
from normspec.spec.reference import moments

INEXACT = Inapplicable("the changed input is not a number of the format")
NO_ANSWER = Inapplicable("the changed case was not answered")


def _unchanged(array: Array) -> Array:
    return array


def _compare(trial: Trial, case: Case, what: str) -> Judgement:
    """Judge whether y in the training steps agrees with that of the changed case, which has a tolerance of its own."""
    other = trial.variant(case)
    if not other.steps:
        return NO_ANSWER
    return worst(same(trial, other, index, "y", _unchanged, what) for index, name in _own(trial) if name == "y")


def _rearranged(trial: Trial, case: Case, back: Transform, what: str) -> Judgement:
    """Judge whether y and dx agree with those of a case with the same numbers in each group, carried back."""
    other = trial.variant(case)
    if not other.steps:
        return NO_ANSWER
    return worst(alike(trial, other, index, name, back, what) for index, name in _own(trial))


def _own(trial: Trial) -> Iterator[tuple[int, str]]:
    """Yield each step that normalizes with its input's statistics, or goes back through such a one, with y or dx."""
    for index in range(len(trial.steps)):
        if trial.own(index):
            yield from ((index, name) for name in ("y", "dx") if name in trial.steps[index])


def shift_invariance(trial: Trial) -> Judgement:
    """Judge y(x + c) = y(x) in training, for a c that adds without rounding."""
    largest = max(float(np.abs(wide(step.x)).max(initial=0)) for step in trial.case.script if step.x is not None)
    c = 2.0 ** np.ceil(np.log2(largest)) if largest > 0 else 1.0

    def shifted(x: Array) -> Array:
        return (wide(x) + c).astype(x.dtype)

    case = trial.case.with_arrays(shifted, _unchanged)
    exact = all((wide(b) - c == wide(a)).all() for a, b in _inputs(trial.case, case))
    return _compare(trial, case, f"changes when {c:g} is added to x") if exact else INEXACT


def scale_covariance(trial: Trial) -> Judgement:
    """Judge y(4x; 16ε) = y(x; ε) in training; 4ε where ε is added to the root."""
    case = trial.case.with_arrays(lambda x: (wide(x) * 4).astype(x.dtype), _unchanged)
    exact = all((wide(b) == 4 * wide(a)).all() for a, b in _inputs(trial.case, case))
    factor = follows(4, trial.conventions)
    rescaled = case.but(attributes={**case.attributes, "epsilon": factor * case.attributes["epsilon"]})
    what = f"changes when x is multiplied by 4 and ε by {factor:g}"
    return _compare(trial, rescaled, what) if exact else INEXACT


def _inputs(first: Case, second: Case) -> list[tuple[Array, Array]]:
    return [(a.x, b.x) for a, b in zip(first.script, second.script, strict=True) if a.x is not None and b.x is not None]


def permutation_equivariance(trial: Trial) -> Judgement:
    """Judge that a reversal of the axes within groups, parameters carried along, reverses y and dx."""
    case = trial.case
    shape = case.script[0].input.shape
    if any(step.input.shape != shape for step in case.script if step.x is not None):
        return Inapplicable("the steps have inputs of several shapes")
    turn = _turn(trial.groups(shape))
    return _rearranged(trial, carried(case, turn), turn, "is not carried along by a permutation")


def _turn(groups: Partition) -> Transform:
    """Return the reversal of every axis along which the members of a group lie."""

    def turn(array: Array) -> Array:
        return np.ascontiguousarray(np.flip(array.reshape(groups.view), groups.axes)).reshape(groups.shape)

    return turn


def group_independence(trial: Trial) -> Judgement:
    """Judge that the first group's y and dx do not depend on the elements of the others."""
    if all(trial.groups(step.input.shape).parts < 2 for step in trial.case.script if step.x is not None):
        return Inapplicable("there is one group")

    def disturb(x: Array) -> Array:
        groups = trial.groups(x.shape)
        rows = groups.split(x).copy()
        rows[1:] = -rows[1:, ::-1]
        return np.ascontiguousarray(groups.join(rows))

    other = trial.variant(trial.case.with_arrays(disturb, _unchanged))
    if not other.steps:
        return NO_ANSWER
    return worst(
        _first_group_stays(trial, other, index, name) for index, name in _own(trial) if trial.steps[index][name].size
    )


def _first_group_stays(trial: Trial, other: Trial, index: int, name: str) -> Judgement:
    split = trial.groups(trial.steps[index][name].shape).split
    mine, theirs = wide(trial.steps[index][name]), wide(other.steps[index][name])
    difference, what = split(apart(mine, theirs))[0], f"{name} of the first group changes with the others"
    return settled_within((trial,), index, what, difference, twice(trial, index, name), lambda bound: split(bound)[0])


def batch_invariance(trial: Trial) -> Judgement:
    """Judge that the first sample alone gives the y and dx that it gives in the batch."""
    if all(step.input.shape[0] < 2 for step in trial.case.script if step.x is not None):
        return Inapplicable("there is one sample")

    other = trial.variant(carried(trial.case, lambda array: array[:1]))
    if not other.steps:
        return NO_ANSWER
    return worst(
        settled_within(
            (trial,),
            index,
            f"{name} of a sample changes when it is alone",
            apart(wide(trial.steps[index][name])[:1], wide(other.steps[index][name])),
            twice(trial, index, name),
            lambda bound: bound[:1],
        )
        for index, name in _own(trial)
        if trial.steps[index][name].size
    )


def identity_recovery(trial: Trial) -> Judgement:
    """Judge that γ = σ and β = μ give back x, as nearly as the format holds σ and μ."""
    step, claims = trial.case.script[0], trial.implementation.claims
    if step.input.size == 0 or set(claims.parameters) < {"gamma", "beta"} or not trial.own(0):
        return Inapplicable("the case does not begin with the input's own statistics, or there is no affine part")
    groups, blocks = trial.groups(step.input.shape), trial.blocks(step.input.shape)
    mean, variance = moments(trial.operation, groups.split(wide(step.input)), trial.case.attributes)
    deviation = sigma(variance, trial.case.attributes["epsilon"], trial.conventions)
    judged = slice(None) if groups == blocks else slice(1)  # one gamma serves several groups: the first has its own
    dtype = trial.case.format.dtype
    recovering = {
        name: np.resize(values[judged, 0], blocks.parts_shape).astype(dtype)
        for name, values in (("gamma", deviation), ("beta", mean))
    }
    other = trial.variant(trial.case.but(script=(step,), parameters=recovering))
    if not other.steps:
        return NO_ANSWER
    expected = other.expected(0)["y"]
    rounding = np.abs((expected.high - wide(step.input)) + expected.low)  # of gamma and beta, nothing else
    difference = groups.split(wide(other.steps[0]["y"]) - wide(step.input))
    return within(
        "y with γ = σ and β = μ is not x", difference[judged], groups.split(reach(expected) + rounding)[judged]
    )


def kinship(trial: Trial) -> Judgement:
    """Judge that y is what a kindred operation gives, where both part the array alike and no parameter is given."""
    step, case = trial.case.script[0], trial.case
    kin = next((found for found in kindred(trial.operation, step.input.shape)), None)
    if kin is None or step.input.size == 0 or not set(case.parameters) <= set(trial.implementation.claims.optional):
        return Inapplicable("no other operation parts this shape so")
    mine = case.but(script=(step,), parameters={}, state={}, attributes={**case.attributes, **kin.mine})
    other = trial.variant(mine)
    if not other.steps:
        return NO_ANSWER
    theirs = mine.but(operation=kin.operation, attributes={**case.attributes, **kin.theirs})
    expected = expect(
        OPERATIONS[kin.operation], theirs, 0, {}, trial.conventions, grade=trial.implementation.claims.grade
    )
    difference = (wide(other.steps[0]["y"]) - expected["y"].high) - expected["y"].low
    return within(f"y is not what {kin.operation} gives", difference, reach(expected["y"]))


def rank_equivalence(trial: Trial) -> Judgement:
    """Judge that (N, C, ...) gives the same y and dx as its positions in a row, (N ..., C)."""
    shape = trial.case.script[0].input.shape
    if len(shape) == 2 or 2 not in trial.implementation.claims.ranks:
        return Inapplicable("the case has no axes to join")
    moved = (shape[0], *shape[2:], shape[1])

    def joined(array: Array) -> Array:
        return np.moveaxis(array, 1, -1).reshape(-1, shape[1])

    def parted(array: Array) -> Array:
        return np.moveaxis(array.reshape(moved), -1, 1)

    case = trial.case.with_arrays(joined, joined, joined).but(layout="contiguous")
    return _rearranged(trial, case, parted, "changes when all positions are put in one row")


def running_independence(trial: Trial) -> Judgement:
    """Judge that in training y and dx do not depend on momentum or on the running statistics."""
    if not trial.case.state or "infer" in {step.verb for step in trial.case.script}:
        return Inapplicable("there are no running statistics, or they are used")
    state = {name: (4 * wide(values) + 1).astype(values.dtype) for name, values in trial.case.state.items()}
    attributes = {**trial.case.attributes, "momentum": 0.5}
    changed = trial.case.but(state=state, attributes=attributes)
    return _rearranged(trial, changed, _unchanged, "depends on the running statistics")


LAWS = (
    Law("shift-invariance", shift_invariance, needs=("train",), streams=("small",), asks_again=True),
    Law("scale-covariance", scale_covariance, needs=("train",), streams=("small",), asks_again=True),
    Law("permutation-equivariance", permutation_equivariance, needs=("train",), streams=("small",), asks_again=True),
    Law("group-independence", group_independence, needs=("train",), streams=("small",), asks_again=True),
    Law("batch-invariance", batch_invariance, streams=("small",), asks_again=True),
    Law("kinship", kinship, streams=("small",), asks_again=True),
    Law("identity-recovery", identity_recovery, needs=("train",), streams=("small",), asks_again=True),
    Law("rank-equivalence", rank_equivalence, needs=("train",), streams=("small",), asks_again=True),
    Law("running-independence", running_independence, needs=("train",), streams=("small",), asks_again=True),
)
