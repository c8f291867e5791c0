"""Whether what a known fault does is what an implementation did: outcome by outcome, element by element."""

from collections.abc import Iterator, Mapping

import numpy as np

from normspec.properties.laws.judging import apart, reach, wide
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken
from normspec.spec.case import LIFE
from normspec.spec.expectation import Expected
from normspec.spec.formats import Array
from normspec.spec.lives import told
from normspec.spec.outcome import Malformed, Returned


def alike(observed: Trial, wrong: Trial, valid: bool = True) -> bool:
    """Return whether both answers to a case are of one kind, and their results as near as rounding lets them be.

    valid: whether the case has results that are known. Answers that are none are alike where the same is wrong in them.
    """
    mine, theirs = observed.outcome, wrong.outcome
    if isinstance(mine, Malformed) and isinstance(theirs, Malformed):
        return mine.message == theirs.message
    if not (valid and isinstance(mine, Returned) and isinstance(theirs, Returned)):
        return type(mine) is type(theirs)
    return mine.mutated == theirs.mutated and all(
        _near(mine.steps[index], theirs.steps[index], expected) for index, expected in _expected(observed)
    )


def _expected(trial: Trial) -> Iterator[tuple[int, Mapping[str, Expected]]]:
    """Yield what each step must give; of one layer among several, by what that one has lived through."""
    for index, step in enumerate(trial.case.script):
        if not trial.case.lives:
            yield index, trial.expected(index)
        elif step.verb not in LIFE:
            case, places = told(trial.case, index)
            own = trial.like(case, Returned(tuple(trial.steps[at] for at in places)))
            yield index, own.expected(len(places) - 1)


def _near(mine: Mapping[str, Array], theirs: Mapping[str, Array], expected: Mapping[str, Expected]) -> bool:
    with np.errstate(all="ignore"):
        return all(_close(wide(mine[name]), wide(theirs[name]), expected[name]) for name in mine if name in expected)


def _close(mine: Array, theirs: Array, expected: Expected) -> bool:
    """Return whether results differ by no more than twice the tolerance, which grows with wrong results that do."""
    finite = np.isfinite(theirs)
    exact = np.max(np.abs(expected.high), initial=0.0)
    largest = np.max(np.abs(theirs), initial=0.0, where=finite)
    growth = max(1.0, largest / exact) if exact > 0 else 1.0
    return bool((np.abs(apart(mine, theirs)) <= 2 * growth * reach(expected)).all())


def accounts_for(broken: Broken, observed: Trial, wrong: Trial) -> bool:
    """Return whether at the elements that show a failure, the fault's result is nearer to what came than to the exact.

    A fault whose own result is right there, or wrong to the other side, is not what happened.
    """
    if broken.shown is not None:
        observed, wrong = (Trial(each.implementation, broken.shown) for each in (observed, wrong))
    if not (observed.steps and wrong.steps):
        return True
    return all(
        _nearer(_element(observed, fact.step, fact.output, fact.index),
                _element(wrong, fact.step, fact.output, fact.index), fact.expected)
        for fact in broken.facts
    )  # fmt: skip


def _element(trial: Trial, step: int, output: str, index: int) -> float:
    return float(wide(trial.steps[step][output]).reshape(-1)[index])


def _nearer(mine: float, theirs: float, exact: float) -> bool:
    if not (np.isfinite(mine) and np.isfinite(theirs)):
        return bool(np.isfinite(mine) == np.isfinite(theirs))
    return abs(mine - theirs) <= abs(theirs - exact)
