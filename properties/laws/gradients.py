"""Laws of the backward pass as a map: linear in the cotangent, the same however it is asked."""

from dataclasses import replace

import numpy as np

from normspec.properties.law import Law
from normspec.properties.laws.judging import alike, apart, reach, settled_within, twice, wide, worst
from normspec.properties.trial import Trial
from normspec.properties.verdict import Inapplicable, Judgement
from normspec.spec.case import Step
from normspec.spec.formats import Array

NO_ANSWER = Inapplicable("the changed case was not answered")


def _unchanged(array: Array) -> Array:
    return array


def cotangent_linearity(trial: Trial) -> Judgement:
    """Judge vjp(4g - h) = 4 vjp(g) - vjp(h) for h the cotangent in reverse order."""

    def turned(g: Array) -> Array:
        return np.flip(g)

    def mixed(g: Array) -> Array:
        return (4 * wide(g) - wide(np.flip(g))).astype(g.dtype)

    first, second = (trial.variant(trial.case.with_arrays(_unchanged, change)) for change in (turned, mixed))
    if not (first.steps and second.steps):
        return NO_ANSWER
    return worst(
        _combines(trial, first, second, index, name)
        for index in trial.indices("backward")
        for name in trial.steps[index]
        if name != "ddy"  # which depends on the direction alone
    )


def _combines(g: Trial, h: Trial, mixed: Trial, index: int, name: str) -> Judgement:
    def bound(alone: bool) -> Array:
        near = [reach(trial.expected(index, alone=alone)[name]) for trial in (g, h, mixed)]
        return np.asarray(near[2] + 4 * near[0] + near[1])

    got = [wide(trial.steps[index][name]) for trial in (g, h, mixed)]
    difference = got[2] - (4 * got[0] - got[1])
    return settled_within((g, h, mixed), index, f"{name} is not linear in the cotangent", difference, bound)


def wanted_subsets(trial: Trial) -> Judgement:
    """Judge that a gradient is the same when it is the only one asked for."""
    return worst(
        _alone(trial, index, name)
        for index in trial.indices("backward")
        if len(trial.steps[index]) > 1
        for name in trial.steps[index]
    )


def _alone(trial: Trial, index: int, name: str) -> Judgement:
    script = list(trial.case.script)
    script[index] = replace(script[index], wanted=(name,))
    other = trial.variant(trial.case.but(script=tuple(script)))
    if not other.steps:
        return NO_ANSWER
    return alike(trial, other, index, name, lambda a: a, "changes when it is the only gradient asked for")


def backward_again(trial: Trial) -> Judgement:
    """Judge that a second backward of the same forward gives the same gradients, not their sum."""
    if not trial.implementation.claims.scripts:
        return Inapplicable("one instance takes one step only")
    return worst(_again(trial, index) for index in trial.indices("backward"))


def _again(trial: Trial, index: int) -> Judgement:
    step: Step = trial.case.script[index]
    other = trial.variant(trial.case.but(script=(*trial.case.script, step)))
    if not other.steps:
        return NO_ANSWER
    return worst(
        settled_within(
            (other,),
            index,
            f"{name} changes in a second backward",
            apart(wide(first), wide(other.steps[-1][name])),
            twice(other, index, name),
        )
        for name, first in other.steps[index].items()
    )


LAWS = (
    Law("cotangent-linearity", cotangent_linearity, needs=("backward",), streams=("small",), asks_again=True),
    Law("wanted-subsets", wanted_subsets, needs=("backward",), streams=("small",), asks_again=True),
    Law("backward-again", backward_again, needs=("backward",), streams=("small",), asks_again=True),
)
