"""The errors of mean and rstd are read off y."""

import numpy as np
import pytest
from asking import BATCH_NORM, CONVENTIONS, layer

from normspec.spec.contracts import contract_of
from normspec.spec.formats import FORMATS
from normspec.spec.implied import Implied, implied
from normspec.spec.question import Question

UNIT = 2.0**-24


def measured(shift: float, stretch: float, dtype: str = "float32", mean: float = 1e3) -> list[Implied]:
    """Return what is implied where the mean is off by shift u A and rstd by stretch u, and nothing else is."""
    x = (np.random.default_rng(0).normal(size=(3, 50)) + mean).astype(FORMATS[dtype].dtype)
    exact, gamma, beta = x.astype(np.float64), np.array([[1.5], [-0.5], [2]]), np.array([[0.25], [0], [-2]])
    rstd = 1 / np.sqrt(np.var(exact, axis=1, keepdims=True) + 1e-5)
    used = np.mean(exact, axis=1, keepdims=True) + shift * UNIT * np.mean(np.abs(exact), axis=1, keepdims=True)
    y = gamma * (exact - used) * rstd * (1 + stretch * UNIT) + beta
    given = {"gamma": gamma.astype(x.dtype), "beta": beta.astype(x.dtype)}
    contract = contract_of("B1", dtype, CONVENTIONS)
    question = Question(BATCH_NORM, layer(x, dtype=dtype, **given), 0, {}, CONVENTIONS, contract)
    return implied(question, (y if dtype == "float32" else y.astype(x.dtype)).T)


@pytest.mark.parametrize("shift", [5.0, -5.0, 1000.0])
def test_an_error_of_the_mean_is_read_off_as_it_was_made(shift: float) -> None:
    for group in measured(shift, 0.0):
        assert group.errors["mean"] == pytest.approx(abs(shift), rel=0.01)


def test_an_error_of_rstd_is_read_off_less_what_the_elements_may_err_by() -> None:
    for group in measured(0.0, 1000.0):
        assert 980 < group.errors["rstd"] < 1000


def test_exact_statistics_imply_no_error() -> None:
    for group in measured(0.0, 0.0):
        assert group.errors == {"mean": 0.0, "rstd": 0.0}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_rounded_output_is_not_taken_for_wrong_statistics(dtype: str) -> None:
    for group in measured(0.0, 0.0, dtype, mean=0.0):
        assert group.errors == {"mean": 0.0, "rstd": 0.0}


def test_what_is_proved_is_the_contract_s_bound() -> None:
    for group in measured(0.0, 0.0):
        assert group.proved["mean"] == pytest.approx(16 + 6 + 2, abs=2.5)
        assert group.proved["rstd"] > 16


def test_a_group_of_subnormal_numbers_says_nothing() -> None:
    x = np.full((1, 4), 2.0**-149, np.float32) * np.arange(4, dtype=np.float32)
    question = Question(BATCH_NORM, layer(x), 0, {}, CONVENTIONS, contract_of("B1", "float32", CONVENTIONS))
    assert implied(question, np.zeros((4, 1))) == []
