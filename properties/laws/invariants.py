"""Invariants of one result: what every group of outputs or gradients satisfies by itself.

Each follows from agreement with the oracle. They stand on their own because the pattern of broken laws tells a reader
what is wrong. Where gamma varies in a group they are about (y - beta) / gamma; a group with a gamma of 0 shows nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from normspec.properties.features import stale
from normspec.properties.law import Law
from normspec.properties.laws.judging import quickly, reach, wide, within, worst
from normspec.properties.trial import Trial
from normspec.properties.verdict import Judgement
from normspec.spec.formats import Array
from normspec.spec.reference import normalized


@dataclass(frozen=True, eq=False)
class Rows:
    """One output in rows of groups: observed minus exact, exact, how far it may reach; the gamma and beta of elements.

    x is the input that it belongs to.
    """

    error: Array
    exact: Array
    bound: Array
    gamma: Array
    beta: Array
    x: Array


def zero_mean(trial: Trial) -> Judgement:
    """Judge Σ (y - β)/γ = 0 over each group: what is off must not exceed the sum of the tolerances."""

    def judge(rows: Rows, index: int) -> Judgement:
        error, bound = rows.error / rows.gamma, rows.bound / np.abs(rows.gamma)
        return within(f"step {index}: the sum of y - β over a group", error.sum(-1), bound.sum(-1))

    return _of_outputs(trial, judge)


def second_moment(trial: Trial) -> Judgement:
    """Judge the sum of ((y - β)/γ)² over each group, which the normalization fixes."""

    def judge(rows: Rows, index: int) -> Judgement:
        error, bound = rows.error / rows.gamma, rows.bound / np.abs(rows.gamma)
        centred = (rows.exact - rows.beta) / rows.gamma
        excess = (error * (2 * centred + error)).sum(-1)
        allowed = (bound * (2 * np.abs(centred) + bound)).sum(-1)
        return within(f"step {index}: the sum of (y - β)² over a group", excess, allowed)

    return _of_outputs(trial, judge)


def _of_outputs(trial: Trial, judge: Callable[[Rows, int], Judgement]) -> Judgement:
    return worst(judge(_shown(_rows(trial, index, "y")), index) for index in trial.normalizing)


def _shown(rows: Rows) -> Rows:
    """Return the groups in which no gamma is 0; a gamma that is constant in its group is taken for 1."""
    kept = (rows.gamma != 0).all(-1)
    gamma = np.where((rows.gamma == rows.gamma[:, :1]).all(-1, keepdims=True), 1.0, rows.gamma)
    kept |= (gamma == 1).all(-1)
    return Rows(*(part[kept] for part in (rows.error, rows.exact, rows.bound, gamma, rows.beta, rows.x)))


def _rows(trial: Trial, index: int, output: str, *, alone: bool = False) -> Rows:
    step, case = trial.case.script[index], trial.case
    x = (step if step.of is None else case.forward_of(index)).input
    expected = trial.expected(index, alone=alone)[output]
    error = (wide(trial.steps[index][output]) - expected.high) - expected.low
    groups, blocks = trial.groups(x.shape), trial.blocks(x.shape)
    gamma, beta = (
        groups.split(
            blocks.spread_over(wide(case.parameters[name])) if name in case.parameters else np.full(x.shape, one)
        )
        for name, one in (("gamma", 1.0), ("beta", 0.0))
    )
    if trial.conventions.get("scale_form") == "offset" and "gamma" in case.parameters:
        gamma = gamma + 1
    error, exact, bound = (groups.split(part) for part in (error, expected.high, reach(expected)))
    return Rows(error, exact, bound, gamma, beta, groups.split(wide(x)))


def gradient_sum(trial: Trial) -> Judgement:
    """Judge Σ dx = 0 over each group."""
    return _of_gradients(trial, lambda rows: (rows.error.sum(-1), rows.bound.sum(-1)), "the sum of dx over a group")


def gradient_projection(trial: Trial) -> Judgement:
    """Judge Σ dx x̂ over each group: what epsilon leaves of the projection."""

    def pair(rows: Rows) -> tuple[Array, Array]:
        xhat = normalized(trial.operation, rows.x, trial.case.attributes)
        return (rows.error * xhat).sum(-1), (rows.bound * np.abs(xhat)).sum(-1)

    return _of_gradients(trial, pair, "the sum of dx x̂ over a group")


def _of_gradients(trial: Trial, pair: Callable[[Rows], tuple[Array, Array]], what: str) -> Judgement:
    def judged(index: int) -> Callable[[bool], Judgement]:
        return lambda alone: within(f"step {index}: {what}", *pair(_rows(trial, index, "dx", alone=alone)))

    return worst(
        quickly((trial,), index, judged(index))
        for index in trial.normalizing_backwards
        if "dx" in trial.steps[index] and not (trial.operation.state and stale(trial.case, index))
    )


LAWS = (
    Law("zero-mean", zero_mean),
    Law("second-moment", second_moment),
    Law("gradient-sum", gradient_sum, needs=("train", "backward")),
    Law("gradient-projection", gradient_projection, needs=("train", "backward")),
)
