"""Laws by instruments that see what a tolerance for each element alone lets through."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from normspec.properties.law import Law
from normspec.properties.laws.judging import NO_BOUND, NO_STEP, agreement, worst
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Inapplicable, Judgement, Kept
from normspec.spec.case import Case
from normspec.spec.operations import Operation
from normspec.spec.probes import rounding_boundary, zero_crossing
from normspec.spec.shared_scalars import ROUNDED, excess_alone, excesses
from normspec.spec.workspace import Workspace

Probe = Callable[[Operation, Case, Mapping[str, str], Workspace], Case]

NARROW = Inapplicable("statistics are kept in the arrays' format: what is folded of them may be kept so too")


def zero_crossings(trial: Trial) -> Judgement:
    """Judge y where a beta of -gamma xhat cancels it, so that the output's own rounding hides nothing."""
    return _probed(trial, zero_crossing, "beta")


def rounding_boundaries(trial: Trial) -> Judgement:
    """Judge y where gamma xhat lies just beside the middle of two neighbours, to which side y then shows."""
    return _probed(trial, rounding_boundary, "gamma")


def _probed(trial: Trial, probe: Probe, parameter: str) -> Judgement:
    """Judge y of the first step with the parameter that the probe chooses."""
    case = trial.case
    if not trial.steps or not trial.own(0) or not case.script[0].input.size or parameter not in case.parameters:
        return NO_STEP
    shown = probe(trial.operation, case.but(script=case.script[:1]), trial.conventions, trial.workspace)
    if not np.isfinite(shown.parameters[parameter].astype(np.float64)).all():
        return NO_BOUND
    found = agreement(trial.variant(shown), (0,), ("y",))
    return replace(found, shown=shown) if isinstance(found, Broken) else found


def shared_statistics(trial: Trial) -> Judgement:
    """Judge whether one mean and one rstd for each group explain the errors of all of its elements together."""
    return worst(_explained(trial, index) for index in trial.normalizing if trial.case.script[index].input.size)


def _explained(trial: Trial, index: int) -> Judgement:
    question = trial.question(index)
    if question.contract.statistics.precision < question.contract.accumulator.precision:
        return NARROW
    observed = trial.steps[index]["y"]
    alone = excess_alone(observed, trial.expected(index)["y"])
    if alone <= 1:
        return Kept(alone)
    found = excesses(question, observed)
    if np.isnan(found).all():
        return NO_BOUND
    worst_group = float(np.nanmax(found))
    if worst_group <= ROUNDED:
        return Kept(worst_group)
    return Broken(
        f"step {index}: no mean and rstd within their bounds explain y in a whole group: the best of them leave an "
        f"element {worst_group:.3g} times as far off as it may be on its own",
        ratio=worst_group,
    )


LAWS = (
    Law("zero-crossing", zero_crossings, needs=("train", "beta"), streams=("small",), asks_again=True),
    Law("rounding-boundary", rounding_boundaries, needs=("gamma",), streams=("small",), asks_again=True),
    Law("shared-statistics", shared_statistics, streams=("small",)),
)
