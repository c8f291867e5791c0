"""Invariants of one result: what every group of outputs or gradients satisfies by itself.

Each follows from agreement with the oracle. They stand on their own because the pattern of broken laws tells a reader
what is wrong.
"""

from collections.abc import Callable

import numpy as np

from normspec.properties.features import stale
from normspec.properties.law import Law
from normspec.properties.laws.judging import reach, wide, within, worst
from normspec.properties.trial import Trial
from normspec.properties.verdict import Judgement
from normspec.spec.formats import Array
from normspec.spec.numbers.plain import Plain
from normspec.spec.oracles import normalize

Rows = tuple[Array, Array, Array, Array]  # observed minus exact, exact, reach, x; each (groups, members)


def zero_mean(trial: Trial) -> Judgement:
    """Judge Σ (y - β) = 0 over each group: what is off must not exceed the sum of the tolerances."""

    def judge(rows: Rows, index: int) -> Judgement:
        error, _, bound, _ = rows
        return within(f"step {index}: the sum of y - β over a group", error.sum(-1), bound.sum(-1))

    return _of_outputs(trial, judge)


def second_moment(trial: Trial) -> Judgement:
    """Judge Σ (y - β)² = γ² m v/(v + ε) over each group."""
    beta = trial.case.parameters.get("beta")

    def judge(rows: Rows, index: int) -> Judgement:
        error, exact, bound, _ = rows
        centred = exact - (0.0 if beta is None else wide(beta)[:, None])
        excess = (error * (2 * centred + error)).sum(-1)
        allowed = (bound * (2 * np.abs(centred) + bound)).sum(-1)
        return within(f"step {index}: the sum of (y - β)² over a group", excess, allowed)

    return _of_outputs(trial, judge)


def _of_outputs(trial: Trial, judge: Callable[[Rows, int], Judgement]) -> Judgement:
    return worst(judge(_rows(trial, index, "y"), index) for index in trial.indices("train"))


def _rows(trial: Trial, index: int, output: str) -> Rows:
    step = trial.case.script[index]
    x = (step if step.of is None else trial.case.forward_of(index)).input
    expected = trial.expected(index)[output]
    error = (wide(trial.steps[index][output]) - expected.high) - expected.low
    split = trial.operation.groups(x.shape).split
    return split(error), split(expected.high), split(reach(expected)), split(wide(x))


def gradient_sum(trial: Trial) -> Judgement:
    """Judge Σ dx = 0 over each group in training."""
    return _of_gradients(trial, lambda error, bound, xhat: (error.sum(-1), bound.sum(-1)), "the sum of dx over a group")


def gradient_projection(trial: Trial) -> Judgement:
    """Judge Σ dx x̂ = γ ε/(v + ε)^(3/2) dγ over each group in training."""
    return _of_gradients(
        trial,
        lambda error, bound, xhat: ((error * xhat).sum(-1), (bound * np.abs(xhat)).sum(-1)),
        "the sum of dx x̂ over a group",
    )


def _of_gradients(trial: Trial, pair: Callable[[Array, Array, Array], tuple[Array, Array]], what: str) -> Judgement:
    return worst(
        _gradient(trial, index, pair, what)
        for index in trial.backwards("train")
        if "dx" in trial.steps[index] and not stale(trial.case, index)
    )


def _gradient(
    trial: Trial, index: int, pair: Callable[[Array, Array, Array], tuple[Array, Array]], what: str
) -> Judgement:
    error, _, bound, x = _rows(trial, index, "dx")
    m = x.shape[-1]
    plain = normalize.forward(Plain(), x, 1, 0, trial.case.attributes["epsilon"], m, m)
    return within(f"step {index}: {what}", *pair(error, bound, plain["y"]))


LAWS = (
    Law("zero-mean", zero_mean),
    Law("second-moment", second_moment),
    Law("gradient-sum", gradient_sum, needs=("train", "backward")),
    Law("gradient-projection", gradient_projection, needs=("train", "backward")),
)
