"""A result in a narrow format must be the rounding of a number that wider arithmetic can give, and of no other."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from asking import BATCH_NORM, CONVENTIONS, bounds, layer

from normspec.spec.contracts import contract_of
from normspec.spec.formats import FORMATS, ulp
from normspec.spec.operations import OPERATIONS
from normspec.spec.probes import rounding_boundary

NARROW = ("bfloat16", "float16")
Rows = Any


def reached(dtype: str) -> tuple[Rows, Rows, Rows]:
    """Return y exactly, how far a returned one may be off, and how far it may be before it is rounded."""
    kind = FORMATS[dtype].dtype
    case = layer(np.random.default_rng(0).normal(size=(40, 50)).astype(kind), dtype=dtype)
    narrow = contract_of("B1", dtype, CONVENTIONS)
    rounded, before = (bounds(case, 0, each)["y"] for each in (narrow, replace(narrow, output=FORMATS["float32"])))
    return rounded.exact.high, rounded.tolerance, before.tolerance


def neighbours(values: Rows, kind: Any, places: int) -> Rows:
    """Return the numbers of the format that many places further from 0 than the nearest one."""
    bits = np.abs(values).astype(kind).view(np.uint16).astype(int) + places
    return np.copysign(bits.astype(np.uint16).view(kind).astype(np.float64), values)


@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize("places", [-2, -1, 0, 1, 2])
def test_a_number_is_kept_where_one_that_rounds_to_it_is_within_reach_and_nowhere_else(dtype: str, places: int) -> None:
    kind, (exact, tolerance, before) = FORMATS[dtype].dtype, reached(dtype)
    seen = neighbours(exact, kind, places)
    low, high = ((exact + side * before).astype(kind).astype(np.float64) for side in (-1, 1))
    kept, possible = np.abs(seen - exact) <= tolerance, (low <= seen) & (seen <= high)
    one_spacing = ulp(FORMATS[dtype], exact) == ulp(FORMATS[dtype], seen)
    assert np.array_equal(kept[one_spacing], possible[one_spacing])
    assert np.all(kept | ~possible)
    assert possible.mean() == 1 if places == 0 else possible.mean() < 0.02


def test_a_gamma_puts_one_element_of_each_block_beside_a_boundary_of_rounding() -> None:
    operation, output = OPERATIONS["rms_norm"], FORMATS["bfloat16"]
    x = np.random.default_rng(0).normal(size=(1, 12)).astype(output.dtype)
    gamma = np.linspace(-2, 2, 12).astype(output.dtype)
    case = layer(x.T, dtype="bfloat16").but(operation="rms_norm", parameters={"gamma": gamma}, attributes={"axes": 1})
    case = case.but(attributes={"axes": 1, "epsilon": 1e-5})
    chosen = rounding_boundary(operation, case, operation.settled({})).parameters["gamma"].astype(np.float64)
    wide = x.astype(np.float64)
    y = np.abs(chosen * wide / np.sqrt(np.mean(np.square(wide)) + 1e-5))
    beyond = (y / ulp(output, y)) % 1 - 0.5
    assert np.array_equal(np.sign(beyond[0]), (-1.0) ** (np.arange(12) + 1))
    assert np.all(np.abs(beyond) < 0.02)
    assert np.array_equal(np.frexp(chosen)[1], np.frexp(gamma.astype(np.float64))[1])


def test_where_y_must_be_exact_to_the_last_place_no_gamma_is_chosen() -> None:
    case = layer(np.ones((4, 3), np.float32), gamma=np.full((4, 1), 1.5, np.float32))
    chosen = rounding_boundary(BATCH_NORM, case, CONVENTIONS).parameters["gamma"]
    np.testing.assert_array_equal(chosen, case.parameters["gamma"])
