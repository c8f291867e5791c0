"""A polluted floating-point environment is an error with a clear message, never a wrong verdict."""

import ctypes
import ctypes.util
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from asking import BATCH_NORM, CONVENTIONS, layer

from normspec.spec.contracts import contract_of
from normspec.spec.environment import PollutedEnvironmentError, require_exact_arithmetic
from normspec.spec.expectation import expect
from normspec.spec.implied import parts_of
from normspec.spec.question import Question

TOWARD_ZERO, UPWARD, DOWNWARD = 0xC00, 0x800, 0x400
"""The rounding modes of <fenv.h> on x86-64."""


@contextmanager
def rounding(mode: int) -> Iterator[None]:
    library = ctypes.CDLL(ctypes.util.find_library("m"))
    before = library.fegetround()
    if library.fesetround(mode) != 0:
        pytest.skip("this machine's <fenv.h> names its rounding modes otherwise")
    try:
        yield
    finally:
        library.fesetround(before)


def test_the_usual_environment_is_accepted() -> None:
    require_exact_arithmetic()


@pytest.mark.parametrize("mode", [TOWARD_ZERO, UPWARD, DOWNWARD])
def test_another_rounding_mode_is_an_error(mode: int) -> None:
    with rounding(mode), pytest.raises(PollutedEnvironmentError, match="does not round to nearest"):
        require_exact_arithmetic()


def test_shared_errors_are_not_measured_under_another_rounding_mode() -> None:
    case = layer(np.arange(6, dtype=np.float32).reshape(2, 3))
    question = Question(BATCH_NORM, case, 0, {}, CONVENTIONS, contract_of("B1", "float32", CONVENTIONS))
    with rounding(UPWARD), pytest.raises(PollutedEnvironmentError, match="does not round to nearest"):
        parts_of(question, case.script[0].input)


def test_flushed_subnormals_are_an_error_even_for_a_whole_case() -> None:
    torch = pytest.importorskip("torch")
    case = layer(np.ones((2, 3), np.float32))
    assert torch.set_flush_denormal(True)
    try:
        with pytest.raises(PollutedEnvironmentError, match="flushes subnormal numbers"):
            expect(BATCH_NORM, case, 0, {}, CONVENTIONS)
    finally:
        torch.set_flush_denormal(False)
    assert expect(BATCH_NORM, case, 0, {}, CONVENTIONS)
