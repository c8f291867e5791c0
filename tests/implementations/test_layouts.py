"""Layouts: the same values, lying differently in memory."""

import numpy as np
import pytest
from implementation_cases import SHAPES, numbers

from normspec.implementations.layouts import LAYOUTS, place


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [*SHAPES, (3,), (0, 3), (1, 1, 1, 1)])
@pytest.mark.parametrize("dtype", ["float64", "bfloat16"])
def test_a_placed_array_has_the_values_in_memory_of_its_own(layout: str, shape: tuple[int, ...], dtype: str) -> None:
    values = numbers(shape, dtype)
    placed = place(values, layout)
    assert placed.array.dtype == values.dtype
    assert np.array_equal(placed.array.astype(float), values.astype(float))
    assert not np.shares_memory(placed.array, values)


def test_layouts_have_the_strides_that_they_are_named_for() -> None:
    values = numbers((2, 3, 4, 5))
    strides = {layout: tuple(s // 8 for s in place(values, layout).array.strides) for layout in LAYOUTS}
    assert strides["contiguous"] == strides["offset"] == (60, 20, 5, 1)
    assert strides["channels_last"] == (60, 1, 15, 3)
    assert strides["transposed"] == (1, 2, 6, 24)
    assert strides["strided"] == (120, 40, 10, 2)
    assert strides["reversed"] == (60, 20, 5, -1)


def test_expanded_has_stride_zero_where_values_are_constant() -> None:
    values = np.broadcast_to(np.arange(3.0)[:, None], (2, 3, 4))
    assert place(values, "expanded").array.strides == (0, 8, 0)


def test_expanded_tells_minus_zero_from_zero() -> None:
    placed = place(np.array([0.0, -0.0]), "expanded")
    assert np.signbit(placed.array).tolist() == [False, True]


def test_a_write_between_the_elements_changes_the_fingerprint() -> None:
    placed = place(numbers((2, 3)), "strided")
    before = placed.fingerprint()
    placed.memory[0, 1] = 1.0
    assert placed.fingerprint() != before


def test_an_unknown_layout_is_refused_with_the_choices() -> None:
    with pytest.raises(ValueError, match=r"layout='spiral' does not exist: choose from contiguous, channels_last"):
        place(numbers((2, 3)), "spiral")
