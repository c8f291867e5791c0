"""Comparisons are decided for the exact result: kept, broken, or vacuous."""

from typing import Any

import numpy as np
import pytest

from normspec.spec.comparison import Comparison, compare
from normspec.spec.expectation import Expected


def against(observed: Any, *, high: Any = 1.0, radius: float = 0.0, tolerance: float = 0.25) -> Comparison:
    seen = np.atleast_1d(np.asarray(observed, dtype=np.float64))
    values = np.broadcast_to(np.asarray(high, dtype=np.float64), seen.shape)
    zero = np.zeros(seen.shape)
    return compare(seen, Expected(values, zero, zero + radius, zero + tolerance))


def test_an_error_just_below_the_tolerance_is_kept() -> None:
    assert against(1.25 - 2.0**-40).verdict == "kept"
    assert against(1.125).ratio == 0.5


def test_an_error_above_the_tolerance_is_broken_and_its_place_is_told() -> None:
    found = against([[1.0, 1.1], [1.0, 1.5]])
    assert (found.verdict, found.index, found.observed, found.ratio) == ("broken", (1, 1), 1.5, 2.0)


@pytest.mark.parametrize("observed", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_broken_where_a_finite_result_is_demanded(observed: float) -> None:
    assert against(observed).verdict == "broken"


def test_an_infinite_tolerance_demands_nothing_even_of_a_nan() -> None:
    found = against([np.nan, 7.0], tolerance=np.inf)
    assert (found.verdict, found.demanded) == ("vacuous", 0)


def test_an_element_that_demands_nothing_hides_no_other() -> None:
    zero = np.zeros(2)
    expected = Expected(zero + 1, zero, zero, np.array([np.inf, 0.25]))
    assert compare(np.array([99.0, 2.0]), expected).verdict == "broken"
    assert compare(np.array([99.0, 1.0]), expected).demanded == 1


def test_an_enclosure_that_is_too_coarse_decides_nothing() -> None:
    assert against(1.25, radius=0.125).verdict == "vacuous"
    assert against(1.0625, radius=0.125).verdict == "kept"
    assert against(1.5, radius=0.125).verdict == "broken"


def test_the_low_part_of_the_exact_result_counts() -> None:
    zero = np.zeros(1)
    expected = Expected(zero + 1, zero + 2.0**-60, zero, zero + 2.0**-61)
    assert compare(zero + 1, expected).verdict == "broken"


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 0.1])
def test_an_exact_copy_is_kept_whatever_it_is(value: float) -> None:
    assert against(value, high=value, tolerance=0.0).verdict == "kept"
    assert against(0.5, high=value, tolerance=0.0).verdict == "broken"


def test_arrays_of_another_shape_are_refused_in_words() -> None:
    zero = np.zeros(2)
    with pytest.raises(ValueError, match=r"observed\.shape=\(3,\) against \(2,\)"):
        compare(np.zeros(3), Expected(zero, zero, zero, zero))
