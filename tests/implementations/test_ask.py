"""Asking: whatever an implementation does, what comes back is a value."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from implementation_cases import answered, case, training_of

from normspec.implementations.ask import LONGEST_MESSAGE, ask
from normspec.implementations.contract import Implementation
from normspec.implementations.layouts import LAYOUTS
from normspec.implementations.numpy.batch_norm import TWO_PASS
from normspec.spec.case import Case
from normspec.spec.formats import Array
from normspec.spec.outcome import Crashed, Malformed, Refused, Returned


class Hostile:
    """The correct layer, with one method that does something else."""

    def __init__(self, asked: Case, **methods: Callable[..., Any]) -> None:
        self.inner = TWO_PASS.create(asked)
        self.methods = methods

    def forward(self, x: Array, *, training: bool) -> Any:
        y = self.inner.forward(x, training=training)
        return self.methods["forward"](x, y) if "forward" in self.methods else y

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Any:
        found = self.inner.backward(step, cotangent, wanted)
        return self.methods["backward"](cotangent, dict(found)) if "backward" in self.methods else found

    def state(self) -> Any:
        found = dict(self.inner.state())
        return self.methods["state"](found) if "state" in self.methods else found


def hostile(refusals: tuple[type[Exception], ...] = (ValueError,), **methods: Callable[..., Any]) -> Implementation:
    return replace(TWO_PASS, create=lambda asked: Hostile(asked, **methods), refusals=refusals)


def raising(error: BaseException) -> Callable[..., Any]:
    def method(*ignored: Any) -> Any:
        raise error

    return method


class Lying(np.ndarray):
    """An array that says that it is what it is not."""

    dtype, shape = np.dtype(np.float64), (5, 3)  # type: ignore[assignment]


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no message for you")


class Nameless(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise RuntimeError("no name for you")


class SpeechlessError(Exception, metaclass=Nameless):
    def __str__(self) -> str:
        raise SystemExit(3)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda x, y: None, "y must be a NumPy array, got None"),
        (lambda x, y: y.tolist(), "y must be a NumPy array, got a builtins.list"),
        (lambda x, y: y.astype(np.float32), "y must have dtype float64, got float32"),
        (lambda x, y: y.astype(">f8"), "y must have dtype float64, got >f8"),
        (lambda x, y: y.astype(np.float32).view(Lying), "y must have dtype float64, got float32"),
        (lambda x, y: y[:, :1].view(Lying), "y must have shape (5, 3), got (5, 1)"),
        (lambda x, y: y[:, :1], "y must have shape (5, 3), got (5, 1)"),
    ],
)
def test_a_forward_that_returns_no_answer_is_malformed(answer: Any, message: str) -> None:
    assert ask(hostile(forward=answer), case()) == Malformed(0, message)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda dy, found: found["dx"], "backward() must return a mapping from names to arrays, got a numpy.ndarray"),
        (lambda dy, found: {"dx": found["dx"]}, "backward() must return dbeta, dgamma, dx, got dx"),
        (lambda dy, found: found | {"dy": dy}, "backward() must return dbeta, dgamma, dx, got dbeta, dgamma, dx, dy"),
        (lambda dy, found: found | {"dbeta": None}, "dbeta must be a NumPy array, got None"),
        (lambda dy, found: found | {"dbeta": found["dx"]}, "dbeta must have shape (3,), got (5, 3)"),
    ],
)
def test_a_backward_that_returns_no_answer_is_malformed(answer: Any, message: str) -> None:
    assert ask(hostile(backward=answer), case()) == Malformed(1, message)


def test_a_state_without_the_running_variance_is_malformed() -> None:
    outcome = ask(hostile(state=lambda found: {"running_mean": found["running_mean"]}), case())
    assert outcome == Malformed(0, "state() must return running_mean, running_var, got running_mean")


@pytest.mark.parametrize(
    "error",
    [IndexError("x"), AssertionError("x"), SystemExit(3), GeneratorExit("x"), MemoryError("x"), RecursionError("x")],
)
def test_an_exception_that_is_no_refusal_is_a_crash(error: BaseException) -> None:
    outcome = ask(hostile(refusals=(RuntimeError,), forward=raising(error)), case())
    assert isinstance(outcome, Crashed)
    assert (outcome.step, outcome.message.split(":")[0]) == (0, type(error).__name__)


def test_a_declared_exception_is_a_refusal() -> None:
    assert ask(hostile(forward=raising(ValueError("no"))), case()) == Refused(0, "ValueError: no")


def test_a_refusal_while_the_layer_is_built_has_no_step() -> None:
    outcome = ask(replace(TWO_PASS, create=raising(ValueError("no"))), case())
    assert outcome == Refused(-1, "ValueError: no")


def test_keyboard_interrupt_goes_through() -> None:
    with pytest.raises(KeyboardInterrupt):
        ask(hostile(forward=raising(KeyboardInterrupt())), case())


def test_a_layer_that_is_none_is_a_crash() -> None:
    outcome = ask(replace(TWO_PASS, create=lambda asked: None), case())  # type: ignore[arg-type, return-value]
    assert outcome == Crashed(0, "AttributeError: 'NoneType' object has no attribute 'forward'")


def test_messages_are_one_printable_line_of_limited_length() -> None:
    text = "bad \x1b[31m\x00\u202e\udcff" + "z" * 1000 + "\nsecond line"
    outcome = ask(hostile(forward=raising(OSError(text))), case())
    assert isinstance(outcome, Crashed)
    assert outcome.message.startswith(r"OSError: bad \x1b[31m\x00\u202e\udcffzz")
    assert outcome.message.isprintable()
    assert len(outcome.message) <= len("OSError: ") + LONGEST_MESSAGE


def test_an_exception_without_a_readable_message_is_still_a_crash() -> None:
    assert ask(hostile(forward=raising(UnprintableError())), case()) == Crashed(
        0, "UnprintableError: (its message cannot be read)"
    )


def test_an_exception_that_tells_neither_name_nor_message_is_still_a_crash() -> None:
    assert ask(hostile(forward=raising(SpeechlessError())), case()) == Crashed(
        0, "SpeechlessError: (its message cannot be read)"
    )


def test_an_exception_with_a_name_of_markup_is_told_in_printable_characters() -> None:
    error = type("\x1b[31mRed\n", (Exception,), {})("x")
    assert ask(hostile(forward=raising(error)), case()) == Crashed(0, r"\x1b[31mRed: x")


def test_warnings_of_an_implementation_are_not_judged() -> None:
    def warn(x: Array, y: Array) -> Array:
        warnings.warn("noise", UserWarning, stacklevel=1)
        return y

    assert isinstance(ask(hostile(forward=warn), case()), Returned)


def test_results_that_are_not_finite_are_results() -> None:
    (step,) = answered(hostile(forward=lambda x, y: y * np.nan), training_of([1, 2]))
    assert np.isnan(step["y"]).all()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_writing_to_an_array_that_was_handed_over_is_named(layout: str) -> None:
    def write(given: Array, answer: Any) -> Any:
        given[...] = 7.0
        return answer

    outcome = ask(hostile(forward=write, backward=write), case(layout=layout))
    assert isinstance(outcome, Returned)
    assert outcome.mutated == ("step 0: x", "step 1: cotangent")


def test_writing_to_gamma_is_named() -> None:
    def create(asked: Case) -> Any:
        asked.parameters["gamma"][0] += 1
        return TWO_PASS.create(asked)

    outcome = ask(replace(TWO_PASS, create=create), case())
    assert isinstance(outcome, Returned)
    assert outcome.mutated == ("gamma",)


def test_the_case_itself_is_never_handed_over() -> None:
    asked = case()
    before = asked.script[0].input.tobytes()
    ask(hostile(forward=lambda x, y: x.fill(7.0) or y), asked)
    assert asked.script[0].input.tobytes() == before


def test_an_answer_does_not_change_after_it_was_given() -> None:
    kept: list[Array] = []

    def reuse(x: Array, y: Array) -> Array:
        for earlier in kept:
            earlier.fill(7.0)
        kept.append(y)
        return y

    asked = case(verbs="TT")
    first: Mapping[str, Array] = answered(hostile(forward=reuse), asked)[0]
    assert np.array_equal(first["y"], answered(TWO_PASS, asked)[0]["y"])


def test_a_backward_is_asked_by_the_number_of_its_forward() -> None:
    asked = case(verbs="TBT0")
    first, again = (answered(TWO_PASS, asked)[i]["dbeta"] for i in (1, 3))
    assert not np.array_equal(first, again)
    assert np.allclose(again, asked.script[3].cotangent.sum(axis=0))  # type: ignore[union-attr]
