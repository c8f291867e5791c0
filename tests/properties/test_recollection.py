"""In a run, what is expected of a case is worked out once for all implementations that are asked it."""

from unittest import mock

import numpy as np
import pytest

from normspec.implementations.targets import resolve
from normspec.properties import recollection, trial
from normspec.properties.cases import STREAMS
from normspec.properties.cases.shapes import Extent
from normspec.properties.recollection import recollecting
from normspec.properties.trial import Trial
from normspec.spec.case import Case
from normspec.spec.operations import OPERATIONS

TWO_PASS, RECURRENCE = (resolve(name, "batch_norm")[0] for name in ("numpy-two-pass", "numpy-welford"))


def cases() -> list[Case]:
    extent = Extent(OPERATIONS["batch_norm"], TWO_PASS.claims, "float32")
    return STREAMS["small"].pinned(extent)[:3]


def worked_out(count: int = 2) -> int:
    """Return how often an expectation is worked out, where so many trials ask for that of the same cases."""
    with mock.patch.object(trial, "expect", wraps=trial.expect) as expect:
        for case in cases():
            for _ in range(count):
                Trial(TWO_PASS, case).expected(0)
        return expect.call_count


def test_an_expectation_is_worked_out_once_in_a_run_and_anew_outside() -> None:
    assert worked_out() == 2 * len(cases())
    with recollecting():
        assert worked_out() == len(cases())
    assert worked_out() == 2 * len(cases())


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recollection, "MOST", 0)
    with recollecting():
        assert worked_out() == 2 * len(cases())


def test_nothing_is_shared_between_trials_that_expect_different_things() -> None:
    """Other grades, values and attributes have other tolerances, also where another was asked first."""
    case = cases()[1]
    step = case.script[0]
    doubled = case.but(script=(*case.script[:0], type(step)("train", step.input / 2), *case.script[1:]))
    rougher = case.but(attributes={**case.attributes, "epsilon": 0.5})
    trials = [Trial(TWO_PASS, case), Trial(RECURRENCE, case), Trial(TWO_PASS, doubled), Trial(TWO_PASS, rougher)]
    alone = [each.expected(0)["y"] for each in trials]
    with recollecting():
        together = [Trial(each.implementation, each.case).expected(0)["y"] for each in trials]
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one.tolerance, other.tolerance, equal_nan=True)
        assert np.array_equal(one.high, other.high)
    assert len({each.tolerance.tobytes() for each in together}) == len(trials)
