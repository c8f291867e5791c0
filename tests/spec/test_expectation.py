"""What a step must give, in the corners: conventions, degenerate sizes, what is absent, special values."""

from typing import Any

import numpy as np
import pytest
from asking import BATCH_NORM, CONVENTIONS, layer

from normspec.spec.case import Case, Step
from normspec.spec.contracts import TERMS
from normspec.spec.conventions import settle
from normspec.spec.expectation import Expected, expect, expect_statistics
from normspec.spec.formats import FORMATS
from normspec.spec.operations import OPERATIONS

X = np.array([[1.0, 2.0, 4.0, 5.0], [0.0, 0.0, 0.0, 8.0]], np.float32)
MEAN, VARIANCE = np.array([3.0, 2.0]), np.array([2.5, 12.0])
STATE = {"running_mean": np.array([1.0, 0.0], np.float32), "running_var": np.array([1.0, 2.0], np.float32)}


def ask(case: Case, index: int = 0, state: Any = None, **declared: str) -> dict[str, Expected]:
    return dict(expect(BATCH_NORM, case, index, case.state if state is None else state, _settled(declared)))


def _settled(declared: dict[str, str]) -> Any:
    return settle(BATCH_NORM.conventions, declared)


def assert_near(expected: Expected, values: Any) -> None:
    np.testing.assert_allclose(expected.high + expected.low, values, rtol=1e-12, atol=1e-300)
    assert np.all(expected.radius <= expected.tolerance / 8)


@pytest.mark.parametrize(("momentum", "weight"), [("weighs_new", 0.25), ("weighs_old", 0.75)])
@pytest.mark.parametrize(("variance", "factor"), [("unbiased", 4 / 3), ("biased", 1.0)])
def test_the_running_statistics_follow_the_conventions(
    momentum: str, weight: float, variance: str, factor: float
) -> None:
    case = layer(X, state=STATE, momentum=0.25)
    found = ask(case, momentum=momentum, running_variance=variance)
    assert_near(found["running_mean"], (1 - weight) * STATE["running_mean"] + weight * MEAN)
    assert_near(found["running_var"], (1 - weight) * STATE["running_var"] + weight * factor * VARIANCE)


def test_momentum_none_averages_over_the_training_steps_so_far() -> None:
    empty = np.zeros((0, 2), np.float32)
    script = (Step("train", X.T), Step("train", empty), Step("infer", X.T), Step("train", X.T))
    case = Case("batch_norm", "float32", {"epsilon": 1e-5, "momentum": None}, script, {}, STATE)
    assert_near(ask(case, 0)["running_mean"], MEAN)
    assert_near(ask(case, 3)["running_mean"], (STATE["running_mean"] + MEAN) / 2)


def test_debiased_averages_are_those_of_the_batches_alone() -> None:
    """After three batches, with weights 9, 12 and 16 in 37: the initial value, however far off, has none."""
    batches = [X, 2 * X + 1, X - 5]
    script = tuple(Step("train", batch.T) for batch in batches)
    case = Case("batch_norm", "float32", {"epsilon": 1e-5, "momentum": 0.25}, script, {}, STATE)
    means = [MEAN, 2 * MEAN + 1, MEAN - 5]
    state = dict(STATE)
    for index, seen in enumerate(([1], [3, 4], [9, 12, 16])):
        found = ask(case, index, state, initial_value="debiased")
        state = {name: found[name].high for name in state}
        assert_near(found["running_mean"], np.average(means[: index + 1], axis=0, weights=seen))


def test_inference_normalizes_with_the_state_and_leaves_it_as_it_is() -> None:
    case = layer(X, state=STATE, epsilon=0.0).but(script=(Step("infer", X.T),))
    found = ask(case)
    assert_near(found["y"], (X.T - STATE["running_mean"]) / np.sqrt(STATE["running_var"].astype(np.float64)))
    assert np.all(found["running_var"].tolerance == 0)
    assert_near(found["running_var"], STATE["running_var"])


def test_inference_without_state_uses_the_statistics_of_its_input() -> None:
    training = layer(X)
    inference = training.but(script=(Step("infer", X.T),))
    np.testing.assert_array_equal(ask(inference)["y"].high, ask(training)["y"].high)
    assert set(ask(inference)) == {"y"}


def test_the_backward_of_inference_takes_the_state_before_its_forward() -> None:
    dy = np.ones((4, 2), np.float32)
    case = layer(X, state=STATE, epsilon=0.0).but(script=(Step("infer", X.T), Step("backward", cotangent=dy, of=0)))
    twice = {name: 4 * values for name, values in STATE.items()}
    assert_near(ask(case, 1)["dx"], np.broadcast_to(1 / np.sqrt(STATE["running_var"].astype(float)), (4, 2)))
    assert_near(ask(case, 1, twice)["dx"], np.broadcast_to(0.5 / np.sqrt(STATE["running_var"].astype(float)), (4, 2)))


def test_an_absent_gamma_is_one_and_costs_no_rounding() -> None:
    one, zero = np.ones((2, 1), np.float32), np.zeros((2, 1), np.float32)
    absent, given = ask(layer(X))["y"], ask(layer(X, gamma=one, beta=zero))["y"]
    np.testing.assert_array_equal(absent.high, given.high)
    assert np.all(absent.tolerance < given.tolerance)


def test_only_the_gradients_that_are_wanted_of_given_parameters_are_told() -> None:
    case = layer(X, np.ones_like(X), gamma=np.ones((2, 1), np.float32))
    assert set(ask(case, 1)) == {"dx", "dgamma"}


def test_an_empty_batch_changes_nothing_and_has_zero_gradients() -> None:
    empty, gamma = np.zeros((2, 0), np.float32), np.ones((2, 1), np.float32)
    case = layer(empty, empty, gamma=gamma, state=STATE)
    assert ask(case)["y"].high.shape == (0, 2)
    np.testing.assert_array_equal(ask(case)["running_mean"].high, STATE["running_mean"])
    np.testing.assert_array_equal(ask(case, 1)["dgamma"].high, [0, 0])


def test_a_single_element_gives_beta_and_no_unbiased_variance() -> None:
    beta = np.array([[0.5], [-2.0]], np.float32)
    case = layer(X[:, :1], beta=beta, state=STATE)
    assert_near(ask(case)["y"], beta.T)
    assert np.all(np.isinf(ask(case)["running_var"].tolerance))
    assert np.all(np.isfinite(ask(case, running_variance="biased")["running_var"].tolerance))


def test_nothing_is_demanded_of_a_group_with_a_nan_and_all_of_the_others() -> None:
    x = X.copy()
    x[0, 0] = np.nan
    tolerance = ask(layer(x))["y"].tolerance
    assert np.all(np.isinf(tolerance[:, 0]))
    assert np.all(np.isfinite(tolerance[:, 1]))


@pytest.mark.parametrize(("scale", "demanded"), [(1e18, True), (1e19, False)])
def test_nothing_is_demanded_where_squares_may_overflow(scale: float, demanded: bool) -> None:
    x = np.array([[-1.0, 0.5, 1.0]], np.float32) * np.float32(scale)
    assert np.all(np.isfinite(ask(layer(x))["y"].tolerance)) == demanded


def test_a_bound_wider_than_the_trivial_answer_demands_nothing() -> None:
    x = np.float32(1e8) + np.zeros((1, 4), np.float32)
    assert np.all(np.isinf(ask(layer(x, epsilon=1e-12))["y"].tolerance))


def test_statistics_kept_in_the_input_format_widen_the_tolerance() -> None:
    case = layer(X.astype(np.float16), dtype="float16")
    wide, narrow = ask(case)["y"], ask(case, statistics_dtype="input")["y"]
    assert np.all(narrow.tolerance > wide.tolerance)


def test_the_statistics_of_a_step_can_be_asked_for() -> None:
    found = expect_statistics(BATCH_NORM, layer(X), 0, CONVENTIONS)
    assert_near(found["mean"], MEAN)
    assert_near(found["variance"], VARIANCE)


@pytest.mark.parametrize("m", [3, 900])
def test_small_and_large_arrays_agree(m: int) -> None:
    x = np.random.default_rng(0).normal(size=(2, m)).astype(np.float32)
    together = ask(layer(np.concatenate([x] * 400) if m == 3 else x))["y"]
    alone = [ask(layer(x[:1, :m]))["y"]] if m == 3 else [ask(layer(x[:1]))["y"]]
    np.testing.assert_allclose(together.high[:, 0], alone[0].high[:, 0], rtol=1e-12)
    np.testing.assert_allclose(together.tolerance[:, 0], alone[0].tolerance[:, 0], rtol=1e-6)


@pytest.mark.parametrize(("dtype", "pattern"), [("bfloat16", 0x7F81), ("float16", 0x7C01)])
def test_a_signalling_nan_raises_no_warning(dtype: str, pattern: int) -> None:
    kind = FORMATS[dtype].dtype
    x = np.concatenate([np.full((1, 3), pattern, np.uint16).view(kind), np.ones((1, 3), kind)])
    assert np.all(np.isfinite(ask(layer(x, dtype=dtype))["y"].tolerance[:, 1]))


def test_an_unknown_grade_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="grade='Z' has no contract: choose from A, A~, B1, B2, B3, C"):
        expect(BATCH_NORM, layer(X), 0, {}, CONVENTIONS, grade="Z")


def test_nothing_is_demanded_where_a_difference_may_overflow() -> None:
    state = {"running_mean": np.full(2, -3e38, np.float32), "running_var": np.full(2, 1e38, np.float32)}
    case = layer(np.full((2, 1), 3e38, np.float32), state=state).but(
        script=(Step("infer", np.full((1, 2), 3e38, "f4")),)
    )
    assert np.all(np.isinf(ask(case)["y"].tolerance))


@pytest.mark.parametrize("norm", ["l1_normalize", "l2_normalize", "max_normalize"])
def test_nothing_is_known_of_a_group_whose_norm_is_at_the_clamp(norm: str) -> None:
    x = np.asarray([[0.0, -1.0], [3.0, 4.0]])
    case = Case(norm, "float64", {"epsilon": 1.0, "axis": 1}, (Step("train", x=x),))
    found = expect(OPERATIONS[norm], case, 0, {}, settle(OPERATIONS[norm].conventions, {}))["y"]
    assert np.isinf(found.radius).tolist() == np.isinf(found.tolerance).tolist() == [[True, True], [False, False]]


@pytest.mark.parametrize("scale", [2.0**-12, 2.0**12])
def test_merged_means_are_off_by_what_their_own_data_allow(scale: float) -> None:
    x = (np.linspace(-1, 1, 16).reshape(1, 1, 4, 4) + 100).astype(np.float32)
    style = np.linspace(-1, 2, 9).reshape(1, 1, 3, 3).astype(np.float32)
    operation = OPERATIONS["adain"]

    def relative(style: Any) -> float:
        case = Case("adain", "float32", {"epsilon": 0.0}, (Step("train", x),), {"style": style})
        found = expect(operation, case, 0, {}, operation.settled({}), grade="B3")["y"]
        return float(found.tolerance.max() / np.abs(found.high).max())

    assert relative(style * np.float32(scale)) == pytest.approx(relative(style), rel=0.01)


@pytest.mark.parametrize("grade", TERMS)
def test_every_grade_demands_something_of_a_folded_weight(grade: str) -> None:
    shape, parameters = (2, 1, 1, 1), {"gamma": 1.5, "beta": 0.5, "running_mean": 0.25, "running_var": 2.0}
    given = {name: np.full(2, value, np.float32) for name, value in parameters.items()}
    case = Case("fold_batch_norm", "float32", {"epsilon": 1e-3}, (Step("train", np.ones(shape, np.float32)),), given)
    operation = OPERATIONS["fold_batch_norm"]
    for name, expected in expect(operation, case, 0, {}, operation.settled({}), grade=grade).items():
        assert np.isfinite(expected.tolerance).all(), name
