"""The two sharper instruments see what the tolerance alone cannot."""

from typing import Any

import numpy as np
import pytest
from asking import BATCH_NORM, CONVENTIONS, bounds, layer
from regimes import REGIMES
from simulated import Simulated, pairwise

from normspec.spec.comparison import compare
from normspec.spec.contracts import contract_of
from normspec.spec.expectation import expect
from normspec.spec.formats import FORMATS
from normspec.spec.implied import parts_of
from normspec.spec.probes import zero_crossing
from normspec.spec.question import Question
from normspec.spec.shared_scalars import ROUNDED, excesses

ONE, ZERO = np.ones((3, 1), np.float32), np.zeros((3, 1), np.float32)


def question_of(x: Any) -> Question:
    case = layer(x, gamma=ONE, beta=ZERO)
    return Question(BATCH_NORM, case, 0, {}, CONVENTIONS, contract_of("B1", "float32", CONVENTIONS))


def explained(x: Any, y: Any) -> Any:
    found = excesses(question_of(x), y.T)
    assert not np.isnan(found).any()
    return found <= ROUNDED


@pytest.mark.parametrize("regime", ["noise", "mean 1e3 spreads off", "outlier", "alternating"])
def test_shared_errors_explain_a_correct_implementation(regime: str) -> None:
    x = REGIMES[regime](np.random.default_rng(0), (3, 50)).astype(np.float32)
    y = Simulated(np.float32, pairwise).forward(x, ONE, ZERO, 1e-5)["y"]
    assert explained(x, y).all()


def test_errors_within_the_tolerance_that_no_shared_scalar_explains_are_seen() -> None:
    x = REGIMES["mean 1e3 spreads off"](np.random.default_rng(0), (3, 50)).astype(np.float32)
    found = bounds(layer(x, gamma=ONE, beta=ZERO), 0, question_of(x).contract)["y"]
    y = found.exact.high + 0.9 * found.tolerance * (-1.0) ** np.arange(50)
    assert np.all(np.abs(y - found.exact.high) < found.tolerance)
    assert not explained(x, y).any()


def test_a_mean_and_an_rstd_that_are_off_for_the_whole_group_explain_its_errors_and_are_measured_from_y() -> None:
    x = REGIMES["mean 1e3 spreads off"](np.random.default_rng(0), (3, 50)).astype(np.float32).astype(np.float64)
    unit, mean = 2.0**-24, np.mean(x, axis=1, keepdims=True)
    rstd = 1 / np.sqrt(np.var(x, axis=1, keepdims=True) + 1e-5)
    off = 5 * unit * np.mean(np.abs(x), axis=1, keepdims=True)
    y = (x - mean - off) * rstd * (1 + 3 * unit)
    assert explained(x.astype(np.float32), y).all()
    assert not explained(x.astype(np.float32), 1.01 * y).any()
    parts = parts_of(question_of(x.astype(np.float32)), y.T)
    assert (np.abs(parts.errors) > parts.own).any(axis=1).all()  # each group needs what is shared
    for row in range(3):
        columns = np.stack([parts.gamma[row], parts.slopes[row]], axis=1)
        (shift, _), *_ = np.linalg.lstsq(columns, parts.errors[row])
        assert abs(-shift / parts.scale[row, 0] - 5) < 0.2


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_a_zero_crossing_tells_wide_statistics_from_narrow_ones_through_a_narrow_output(dtype: str) -> None:
    kind = FORMATS[dtype].dtype
    x = np.random.default_rng(1).normal(size=(8, 16)).astype(kind)
    case = layer(x, dtype=dtype)
    crossing = zero_crossing(BATCH_NORM, case, CONVENTIONS)
    beta = crossing.parameters["beta"].astype(np.float32)[:, None]
    expected = expect(BATCH_NORM, crossing, 0, {}, CONVENTIONS)["y"]
    wide, narrow = (_layer(x.astype(np.float32), beta, kept).astype(kind) for kept in (np.float32, kind))
    assert compare(wide.T, expected).verdict == "kept"
    found = compare(narrow.T, expected)
    assert found.verdict == "broken"
    assert found.ratio > 30


def _layer(x: Any, beta: Any, kept: Any) -> Any:
    mean, variance = Simulated(np.float32, pairwise).statistics(x)
    rstd = 1 / np.sqrt(variance + np.float32(1e-5))
    mean, rstd = (statistic.astype(kept).astype(np.float32) for statistic in (mean, rstd))
    return (x - mean) * rstd + beta
