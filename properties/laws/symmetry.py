"""Symmetries: what may be done to the question without changing the answer, or changing it in a known way.

Each asks a second question, and carries its answer back. The bound is the sum of both tolerances.
"""

import numpy as np

from normspec.properties.law import Law
from normspec.properties.laws.judging import Transform, reach, same, wide, within, worst
from normspec.properties.trial import Trial
from normspec.properties.verdict import Inapplicable, Judgement
from normspec.spec.case import Case
from normspec.spec.formats import Array
from normspec.spec.numbers.plain import Plain
from normspec.spec.oracles import normalize

INEXACT = Inapplicable("the changed input is not a number of the format")
NO_ANSWER = Inapplicable("the changed case was not answered")


def _unchanged(array: Array) -> Array:
    return array


def _compare(trial: Trial, case: Case, back: Transform, what: str, outputs: tuple[str, ...] = ("y",)) -> Judgement:
    """Judge whether the outputs of the training steps, and dx, agree with those of the changed case, carried back."""
    other = trial.variant(case)
    if not other.steps:
        return NO_ANSWER
    return worst(
        same(trial, other, index, name, back, what)
        for index in range(len(trial.steps))
        if _trains(trial.case, index)
        for name in outputs
        if name in trial.steps[index]
    )


def _trains(case: Case, index: int) -> bool:
    step = case.script[index]
    return (step if step.of is None else case.forward_of(index)).verb == "train"


def shift_invariance(trial: Trial) -> Judgement:
    """Judge y(x + c) = y(x) in training, for a c that adds without rounding."""
    largest = max(float(np.abs(wide(step.x)).max(initial=0)) for step in trial.case.script if step.x is not None)
    c = 2.0 ** np.ceil(np.log2(largest)) if largest > 0 else 1.0

    def shifted(x: Array) -> Array:
        return (wide(x) + c).astype(x.dtype)

    case = trial.case.with_arrays(shifted, _unchanged)
    exact = all((wide(b) - c == wide(a)).all() for a, b in _inputs(trial.case, case))
    return _compare(trial, case, _unchanged, f"changes when {c:g} is added to x") if exact else INEXACT


def scale_covariance(trial: Trial) -> Judgement:
    """Judge y(4x; 16ε) = y(x; ε) in training."""
    case = trial.case.with_arrays(lambda x: (wide(x) * 4).astype(x.dtype), _unchanged)
    exact = all((wide(b) == 4 * wide(a)).all() for a, b in _inputs(trial.case, case))
    rescaled = case.but(attributes={**case.attributes, "epsilon": 16 * case.attributes["epsilon"]})
    what = "changes when x is multiplied by 4 and ε by 16"
    return _compare(trial, rescaled, _unchanged, what) if exact else INEXACT


def _inputs(first: Case, second: Case) -> list[tuple[Array, Array]]:
    return [(a.x, b.x) for a, b in zip(first.script, second.script, strict=True) if a.x is not None and b.x is not None]


def permutation_equivariance(trial: Trial) -> Judgement:
    """Judge that reversing the samples and the last axis of x and of the cotangent reverses y and dx."""

    def turn(array: Array) -> Array:
        return np.flip(array, (0,) if array.ndim == 2 else (0, -1))

    return _compare(
        trial, trial.case.with_arrays(turn, turn), turn, "is not carried along by a permutation", ("y", "dx")
    )


def group_independence(trial: Trial) -> Judgement:
    """Judge that the first group's y and dx do not depend on the elements of the others."""
    if all(step.input.shape[1] < 2 for step in trial.case.script if step.x is not None):
        return Inapplicable("there is one group")

    def disturb(x: Array) -> Array:
        changed = x.copy()
        changed[:, 1:] = -changed[:, 1:][::-1]
        return changed

    other = trial.variant(trial.case.with_arrays(disturb, _unchanged))
    if not other.steps:
        return NO_ANSWER
    return worst(
        within(
            f"step {index}: {name} of channel 0 changes with the other channels",
            (wide(trial.steps[index][name]) - wide(other.steps[index][name]))[:, 0],
            (reach(trial.expected(index)[name]) + reach(other.expected(index)[name]))[:, 0],
        )
        for index in range(len(trial.steps))
        for name in ("y", "dx")
        if name in trial.steps[index] and _trains(trial.case, index)
    )


def identity_recovery(trial: Trial) -> Judgement:
    """Judge that γ = σ and β = μ give back x, as nearly as the format holds σ and μ."""
    step = trial.case.script[0]
    if step.verb != "train" or step.input.size == 0 or set(trial.implementation.claims.parameters) < {"gamma", "beta"}:
        return Inapplicable("the case does not begin with training, or there is no affine part")
    rows = trial.operation.groups(step.input.shape).split(wide(step.input))
    plain = normalize.statistics(Plain(), rows, rows.shape[-1], rows.shape[-1])
    sigma = np.sqrt(plain["variance"] + trial.case.attributes["epsilon"])
    dtype = trial.case.format.dtype
    recovering = {"gamma": sigma[:, 0].astype(dtype), "beta": plain["mean"][:, 0].astype(dtype)}
    other = trial.variant(trial.case.but(script=(step,), parameters=recovering))
    if not other.steps:
        return NO_ANSWER
    expected = other.expected(0)["y"]
    rounding = np.abs((expected.high - wide(step.input)) + expected.low)  # of gamma and beta, nothing else
    return within(
        "y with γ = σ and β = μ is not x", wide(other.steps[0]["y"]) - wide(step.input), reach(expected) + rounding
    )


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

    case = trial.case.with_arrays(joined, joined).but(layout="contiguous")
    return _compare(trial, case, parted, "changes when all positions are put in one row", ("y", "dx"))


def running_independence(trial: Trial) -> Judgement:
    """Judge that in training y and dx do not depend on momentum or on the running statistics."""
    if not trial.case.state or "infer" in {step.verb for step in trial.case.script}:
        return Inapplicable("there are no running statistics, or they are used")
    state = {name: (4 * wide(values) + 1).astype(values.dtype) for name, values in trial.case.state.items()}
    attributes = {**trial.case.attributes, "momentum": 0.5}
    what = "depends on the running statistics"
    return _compare(trial, trial.case.but(state=state, attributes=attributes), _unchanged, what, ("y", "dx"))


LAWS = (
    Law("shift-invariance", shift_invariance, needs=("train",), streams=("small",), asks_again=True),
    Law("scale-covariance", scale_covariance, needs=("train",), streams=("small",), asks_again=True),
    Law("permutation-equivariance", permutation_equivariance, needs=("train",), streams=("small",), asks_again=True),
    Law("group-independence", group_independence, needs=("train",), streams=("small",), asks_again=True),
    Law("identity-recovery", identity_recovery, needs=("train",), streams=("small",), asks_again=True),
    Law("rank-equivalence", rank_equivalence, needs=("train",), streams=("small",), asks_again=True),
    Law("running-independence", running_independence, needs=("train",), streams=("small",), asks_again=True),
)
