"""The NumPy implementations: right by finite differences, by exact rationals, and by hand."""

from fractions import Fraction
from math import sqrt
from typing import Any

import numpy as np
import pytest
from implementation_cases import SHAPES, answered, case, numbers, training_of

from normspec.implementations.ask import ask
from normspec.implementations.contract import Implementation
from normspec.implementations.numpy.batch_norm import NUMPY, TWO_PASS
from normspec.implementations.numpy.formulas import Formulas, two_pass, welford
from normspec.implementations.numpy.layer import NumpyLayer
from normspec.spec.case import Case, Step
from normspec.spec.formats import FORMATS, Array
from normspec.spec.outcome import Refused

both = pytest.mark.parametrize("implementation", NUMPY, ids=lambda each: each.name)


def exact_statistics(values: Any) -> tuple[Fraction, Fraction]:
    fractions = [Fraction(float(value)) for value in values]
    mean = sum(fractions, Fraction(0)) / len(fractions)
    return mean, sum(((f - mean) ** 2 for f in fractions), Fraction(0)) / len(fractions)


@pytest.mark.parametrize("members", [1, 2, 3, 15, 16, 17, 33, 100, 257])
def test_welford_gives_the_exact_mean_and_variance(members: int) -> None:
    row = numbers((1, members), center=50.0)
    mean, variance = exact_statistics(row[0])
    found = welford(row)
    assert found[0][0, 0] == pytest.approx(float(mean), rel=1e-13)
    assert found[1][0, 0] == pytest.approx(float(variance), rel=1e-12)
    assert two_pass(row)[1][0, 0] == pytest.approx(float(variance), rel=1e-12)


@both
def test_training_normalizes_each_channel_by_hand(implementation: Implementation) -> None:
    (step,) = answered(implementation, training_of([1, 3], epsilon=3.0, momentum=0.25))
    assert step["y"].ravel().tolist() == [-0.5, 0.5]  # mean 2, variance 1, and 1 / sqrt(1 + 3)
    assert step["running_mean"].tolist() == [0.5]
    assert step["running_var"].tolist() == [0.75 + 0.25 * 2]


@both
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("verbs", ["TB", "IB"])
def test_gradients_agree_with_finite_differences(
    implementation: Implementation, shape: tuple[int, ...], verbs: str
) -> None:
    asked = case(shape, verbs=verbs)
    gradients = answered(implementation, asked)[1]
    cotangent = asked.script[1].cotangent
    assert cotangent is not None

    def loss(step: float, direction: Array, name: str) -> float:
        moved = moved_case(asked, name, step * direction)
        return float((answered(implementation, moved)[0]["y"] * cotangent).sum())

    for name in ("x", "gamma", "beta"):
        direction = numbers(shape if name == "x" else (shape[1],), seed=30)
        measured = (loss(1e-5, direction, name) - loss(-1e-5, direction, name)) / 2e-5
        assert measured == pytest.approx(float((gradients[f"d{name}"] * direction).sum()), rel=1e-6, abs=1e-6)


def moved_case(asked: Case, name: str, change: Array) -> Case:
    first = asked.script[0]
    if name == "x":
        return asked.but(script=(Step(first.verb, first.input + change),))
    return asked.but(script=(first,), parameters={**asked.parameters, name: asked.parameters[name] + change})


@both
@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
@pytest.mark.parametrize("near", [0.3, 0.9])
def test_values_near_the_largest_number_are_normalized_right(
    implementation: Implementation, dtype: str, near: float
) -> None:
    """The squares, and the sum, leave the range; y does not."""
    scale = FORMATS[dtype].largest * near
    (step,) = answered(implementation, training_of([-scale, -scale, scale, scale / 2, scale], dtype))
    mean, variance = exact_statistics([-1, -1, 1, 0.5, 1])
    expected = [(x - float(mean)) / sqrt(variance) for x in (-1, -1, 1, 0.5, 1)]
    assert step["y"].ravel().astype(float) == pytest.approx(expected, rel=0.01)
    assert np.isinf(step["running_var"].astype(float)).all()


@both
@pytest.mark.parametrize("value", [1e30, -1e38, 3.0])
def test_dx_of_a_large_constant_has_the_scale_of_epsilon(implementation: Implementation, value: float) -> None:
    asked = training_of([value] * 4, "float32", epsilon=0.25)
    cotangent = np.array([[4], [0], [0], [0]], np.float32)
    steps = answered(implementation, asked.but(script=(*asked.script, Step("backward", None, cotangent, 0, ("dx",)))))
    assert steps[0]["y"].ravel().tolist() == [0, 0, 0, 0]
    assert steps[1]["dx"].ravel().tolist() == [6, -2, -2, -2]


def test_dx_of_large_values_is_scaled_back() -> None:
    small, large = (with_backward(scale) for scale in (1.0, 2.0**100))
    assert (large * 2.0**100).tolist() == pytest.approx(small.tolist(), rel=1e-5)


def with_backward(scale: float) -> Array:
    x = np.array([[1], [2], [4]], np.float32) * np.float32(scale)
    cotangent = np.array([[1], [0], [0]], np.float32)
    asked = training_of(x, "float32", epsilon=0.0)
    steps = answered(TWO_PASS, asked.but(script=(*asked.script, Step("backward", None, cotangent, 0, ("dx",)))))
    return np.asarray(steps[1]["dx"].ravel().astype(float))


@both
def test_nan_and_infinity_fill_their_own_channel_alone(implementation: Implementation) -> None:
    x = numbers((4, 3))
    x[0, 0], x[0, 1] = np.nan, np.inf
    y = answered(implementation, case(script=(Step("train", x),)))[0]["y"]
    assert np.isnan(y).all(axis=0).tolist() == [True, True, False]
    assert np.isfinite(y[:, 2]).all()


@both
def test_momentum_none_keeps_the_mean_of_the_batches(implementation: Implementation) -> None:
    asked = case(verbs="TITT", attributes={"epsilon": 0.1, "momentum": None})
    last = answered(implementation, asked)[3]
    batches = [step.input for step in asked.script if step.verb == "train"]
    assert last["running_mean"] == pytest.approx(np.mean([batch.mean(axis=0) for batch in batches], axis=0))
    assert last["running_var"] == pytest.approx(np.mean([batch.var(axis=0, ddof=1) for batch in batches], axis=0))


@pytest.mark.parametrize(("momentum", "old"), [("weighs_new", 0.7), ("weighs_old", 0.3)])
@pytest.mark.parametrize(("variance", "ddof"), [("unbiased", 1), ("biased", 0)])
def test_declared_conventions_are_followed(momentum: str, old: float, variance: str, ddof: int) -> None:
    asked = case()
    layer = NumpyLayer(asked, Formulas(), {"momentum": momentum, "running_variance": variance})
    x = asked.script[0].input
    layer.forward(x, training=True)
    expected = old * asked.state["running_var"] + (1 - old) * x.var(axis=0, ddof=ddof)
    assert layer.state()["running_var"] == pytest.approx(expected)


@both
def test_the_backward_of_inference_keeps_the_statistics_of_its_time(implementation: Implementation) -> None:
    now, later = case(verbs="I0"), case(verbs="IT0")
    later = later.but(script=(*later.script[:2], now.script[1]))
    assert np.array_equal(answered(implementation, now)[1]["dx"], answered(implementation, later)[2]["dx"])


@both
@pytest.mark.parametrize("dtype", FORMATS)
def test_an_empty_batch_leaves_everything_as_it_is(implementation: Implementation, dtype: str) -> None:
    asked = case((0, 3), dtype)
    forward, backward = answered(implementation, asked)
    assert forward["y"].shape == backward["dx"].shape == (0, 3)
    assert np.array_equal(forward["running_var"], asked.state["running_var"])
    assert backward["dgamma"].tolist() == backward["dbeta"].tolist() == [0, 0, 0]


def test_an_empty_batch_does_not_count_in_the_cumulative_average() -> None:
    empty, full = Step("train", numbers((0, 3))), Step("train", numbers((4, 3)))
    asked = case(script=(empty, full), attributes={"epsilon": 0.1, "momentum": None})
    assert answered(TWO_PASS, asked)[1]["running_mean"] == pytest.approx(full.input.mean(axis=0))


@both
@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (training_of([1.0]), "training needs more than one element in each group"),
        (training_of([1, 2], epsilon=-1e-5), "epsilon=-1e-05 must not be negative"),
        (training_of([1, 2], epsilon=float("nan")), "epsilon=nan must not be negative"),
        (
            case(parameters={"gamma": np.ones(1)}),
            "gamma has shape (1,), but x of shape (5, 3) needs (3,)",
        ),
        (case(state={}, verbs="I"), "inference needs running statistics"),
        (case((5, 3), script=(Step("train", np.ones(3)),)), "x has shape (3,): its rank must be one of (2, 3, 4, 5)"),
    ],
    ids=["single element", "negative epsilon", "NaN epsilon", "gamma of length 1", "no statistics", "rank 1"],
)
def test_what_cannot_be_done_is_refused(implementation: Implementation, asked: Case, message: str) -> None:
    outcome = ask(implementation, asked)
    assert isinstance(outcome, Refused)
    assert outcome.message == f"ValueError: {message}"
