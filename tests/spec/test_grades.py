"""Grades rank as the contracts do, and each is seen at least once."""

from typing import Any

import numpy as np
import pytest
from asking import BATCH_NORM, CONVENTIONS, layer
from simulated import Simulated, one_after_the_other, pairwise

from normspec.spec.expectation import expect
from normspec.spec.formats import FORMATS, ulp
from normspec.spec.grades import drops_below, grade, weakest

ONE, NONE = np.ones((2, 1)), np.zeros((2, 1))


def graded(x: Any, y: Any) -> str:
    case = layer(x.astype(np.float32))
    return grade(BATCH_NORM, case, 0, {}, CONVENTIONS, {"y": np.asarray(y, dtype=np.float32).T})["y"]


def rows(shift: float = 0.0, m: int = 1000) -> Any:
    return (np.random.default_rng(0).normal(size=(2, m)) + shift).astype(np.float32)


def exact(x: Any) -> Any:
    return expect(BATCH_NORM, layer(x), 0, {}, CONVENTIONS)["y"].high.T


def simulated(x: Any, **way: Any) -> Any:
    return Simulated(np.float32, **way).forward(x, ONE.astype(np.float32), NONE.astype(np.float32), 1e-5)["y"]


def test_the_rounded_exact_result_is_correctly_rounded() -> None:
    assert graded(rows(), exact(rows())) == "CR"


def test_the_neighbour_of_the_rounded_result_is_within_one_ulp() -> None:
    y = exact(rows()).astype(np.float32)
    toward = np.where(y > exact(rows()), -np.inf, np.inf).astype(np.float32)
    assert graded(rows(), np.nextafter(y, toward)) == "A+"


def test_pairwise_sums_keep_what_sequential_ones_lose() -> None:
    x = np.full((2, 20000), 0.1, np.float32) + rows(m=20000) * np.float32(1e-3)
    assert graded(x, simulated(x, total=pairwise)) in ("A", "A~", "B1")
    assert graded(x, simulated(x, total=one_after_the_other)) == "B2"


def test_one_pass_is_told_from_two_pass() -> None:
    x = rows(shift=400, m=16)
    assert graded(x, simulated(x, algorithm="one_pass")) == "C"


def test_zeros_keep_no_contract_and_a_nan_is_not_finite() -> None:
    assert graded(rows(m=20), np.zeros((2, 20))) == "F"
    assert graded(rows(m=20), np.full((2, 20), np.nan)) == "NF"


def test_a_case_outside_the_safe_domain_grades_nobody() -> None:
    assert graded(rows(m=20) * np.float32(1e20), np.zeros((2, 20))) == "U"


def test_a_bound_that_demands_nothing_grades_nobody() -> None:
    x = np.float32(1e9) + rows(m=20)
    case = layer(x, epsilon=1e-12)
    assert grade(BATCH_NORM, case, 0, {}, CONVENTIONS, {"y": np.full((20, 2), 0.1, np.float32)})["y"] == "?"


def test_the_weakest_grade_counts_and_undecided_cases_do_not() -> None:
    assert weakest(["A", "?", "B2", "U", "CR"]) == "B2"
    assert weakest(["?", "U"]) == "U"
    assert weakest(["?"]) == "?"


@pytest.mark.parametrize(("seen", "declared", "drops"), [("B2", "B1", True), ("A", "B1", False), ("?", "A", False)])
def test_a_drop_is_a_lower_rank(seen: Any, declared: Any, drops: bool) -> None:
    assert drops_below(seen, declared) == drops


@pytest.mark.parametrize("dtype", FORMATS)
def test_an_ulp_is_the_distance_to_the_next_number(dtype: str) -> None:
    output = FORMATS[dtype]
    values = np.array([1.0, 1.5, 2.0, 3e-5, 0.0])
    near = np.array([1.0, 1.5, 2.0, 0.0], dtype=output.dtype)
    np.testing.assert_array_equal(ulp(output, values)[[0, 1, 2, 4]], np.spacing(near).astype(np.float64))
