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
from normspec.spec.probes import zero_crossing
from normspec.spec.question import Question

ONE, ZERO = np.ones((3, 1), np.float32), np.zeros((3, 1), np.float32)


def question_of(x: Any) -> Question:
    case = layer(x, gamma=ONE, beta=ZERO)
    return Question(BATCH_NORM, case, 0, {}, CONVENTIONS, contract_of("B1", "float32", CONVENTIONS))


def explained(x: Any, y: Any) -> Any:
    from normspec.spec.shared_scalars import explain

    return explain(question_of(x), y.T)


@pytest.mark.parametrize("regime", ["noise", "mean 1e3 spreads off", "outlier", "alternating"])
def test_shared_errors_explain_a_correct_implementation(regime: str) -> None:
    x = REGIMES[regime](np.random.default_rng(0), (3, 50)).astype(np.float32)
    y = Simulated(np.float32, pairwise).forward(x, ONE, ZERO, 1e-5)["y"]
    assert all(group.kept for group in explained(x, y))


def test_errors_within_the_tolerance_that_no_shared_scalar_explains_are_seen() -> None:
    x = REGIMES["mean 1e3 spreads off"](np.random.default_rng(0), (3, 50)).astype(np.float32)
    found = bounds(layer(x, gamma=ONE, beta=ZERO), 0, question_of(x).contract)["y"]
    y = found.exact.high + 0.9 * found.tolerance * (-1.0) ** np.arange(50)
    assert np.all(np.abs(y - found.exact.high) < found.tolerance)
    assert not any(group.kept for group in explained(x, y))


def test_the_mean_and_the_rstd_that_were_used_are_measured_from_y_alone() -> None:
    x = REGIMES["mean 1e3 spreads off"](np.random.default_rng(0), (3, 50)).astype(np.float32).astype(np.float64)
    unit, mean = 2.0**-24, np.mean(x, axis=1, keepdims=True)
    rstd = 1 / np.sqrt(np.var(x, axis=1, keepdims=True) + 1e-5)
    off = 5 * unit * np.mean(np.abs(x), axis=1, keepdims=True)
    for group in explained(x.astype(np.float32), (x - mean - off) * rstd * (1 + 3 * unit)):
        assert abs(group.mean_error - 5) < 0.2
        assert group.kept


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
