"""Epsilon outside the square root: what it demands, and that layers which have it there conform where they say so."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from normspec.implementations.contract import Implementation
from normspec.implementations.numpy.family import DEVIATIONS, ROOT_MEAN_SQUARE, layer
from normspec.implementations.plug_in import from_function
from normspec.properties.cases import STREAMS
from normspec.properties.cases.shapes import Extent
from normspec.properties.identification.identify import identify
from normspec.properties.judge import judge
from normspec.properties.laws import LAWS
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken
from normspec.spec.case import Case, Step
from normspec.spec.comparison import compare
from normspec.spec.expectation import Expected, expect
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS

X = np.array([[0.5, -1.25, 3.0, 0.25], [2.0, 2.5, -1.0, 0.125]])
DY = np.array([[1.0, -0.5, 0.25, 2.0], [-1.0, 0.75, 0.5, 1.5]])
GAMMA = np.array([1.5, -0.5, 2.0, 0.25])
EPSILON = 0.75
STEP = 1e-40  # of a complex step: its square vanishes, and nothing cancels


def defined(operation: str, x: Array, gamma: Array) -> Array:
    centred = x - x.mean(-1, keepdims=True) if operation == "layer_norm" else x
    y: Array = gamma * centred / (np.sqrt((centred * centred).mean(-1, keepdims=True)) + EPSILON)
    return y


def slope(function: Callable[[Array], Array], at: Array) -> Array:
    """Return the gradient of the sum of dy y, by complex steps."""
    found = np.zeros(at.shape)
    for index in np.ndindex(at.shape):
        moved = at.astype(complex)
        moved[index] += 1j * STEP
        found[index] = (DY * function(moved)).sum().imag / STEP
    return found


def demanded(operation: str, parameters: dict[str, Array], *, added: bool = True) -> list[dict[str, Expected]]:
    script = (Step("train", X), Step("backward", None, DY, 0, ("dx", "dgamma")))
    case = Case(operation, "float64", {"epsilon": EPSILON, "axes": 1}, script, parameters)
    of = OPERATIONS[operation]
    settled = of.settled({"epsilon_place": "added"} if added else {})
    return [dict(expect(of, case, index, {}, settled)) for index in (0, 1)]


@pytest.mark.parametrize("operation", ["layer_norm", "rms_norm"])
def test_y_and_its_gradients_are_those_of_the_definition(operation: str) -> None:
    forward, backward = demanded(operation, {"gamma": GAMMA})
    wanted = {
        "y": (forward["y"], defined(operation, X, GAMMA)),
        "dx": (backward["dx"], slope(lambda x: defined(operation, x, GAMMA), X)),
        "dgamma": (backward["dgamma"], slope(lambda gamma: defined(operation, X, gamma), GAMMA)),
    }
    for expected, values in wanted.values():
        np.testing.assert_allclose(expected.high + expected.low, values, rtol=1e-13)
        assert np.all(expected.radius <= expected.tolerance / 8)
        assert np.all(expected.tolerance < 1e-13)


def test_inference_adds_it_to_the_root_of_the_running_variance() -> None:
    state = {"running_mean": np.array([0.5, -1.0, 0.0, 2.0]), "running_var": np.array([4.0, 0.25, 1.0, 9.0])}
    case = Case("batch_norm", "float64", {"epsilon": EPSILON, "momentum": 0.5}, (Step("infer", X),), {}, state)
    of = OPERATIONS["batch_norm"]
    found = expect(of, case, 0, state, of.settled({"epsilon_place": "added"}))["y"]
    y = (X - state["running_mean"]) / (np.sqrt(state["running_var"]) + EPSILON)
    np.testing.assert_allclose(found.high + found.low, y, rtol=1e-14)


@pytest.mark.parametrize("operation", ["layer_norm", "rms_norm"])
def test_the_gradient_of_zeros_is_demanded_though_the_root_has_none_there(operation: str) -> None:
    """The quotients of differences of the layer itself, which is smooth there, approach it."""
    x, dy = np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 4.0]]), np.array([[1.0, 2.0, 5.5]] * 2)
    gamma = np.array([1.0, 2.0, -1.0])
    script = (Step("train", x), Step("backward", None, dy, 0, ("dx", "dgamma")))
    case = Case(operation, "float64", {"epsilon": EPSILON, "axes": 1}, script, {"gamma": gamma})
    of = OPERATIONS[operation]
    found = expect(of, case, 1, {}, of.settled({"epsilon_place": "added"}))
    small = 2.0**-40
    slopes = [(dy[0] * defined(operation, small * unit, gamma)).sum() / small for unit in np.eye(3)]
    np.testing.assert_allclose(found["dx"].high[0], slopes, rtol=1e-11)
    assert np.all(found["dx"].tolerance[0] < 1e-14)
    seen = found["dx"].high.copy()
    assert compare(seen, found["dx"]).verdict == "kept"
    seen[0] = np.nan  # what differentiating the root gives
    assert compare(seen, found["dx"]).verdict == "broken"


LAWS_ASKED = ("output", "dx", "dgamma", "second-moment", "gradient-projection", "scale-covariance")


def broken(implementation: Implementation) -> set[str]:
    extent = Extent(OPERATIONS[implementation.operation], implementation.claims, "float32")
    trials = [Trial(implementation, case) for case in STREAMS["small"].pinned(extent)]
    return {name for name in LAWS_ASKED for trial in trials if isinstance(judge(LAWS[name], trial), Broken)}


def numpy_layer(operation: str, place: str) -> Implementation:
    formulas = ROOT_MEAN_SQUARE if operation == "rms_norm" else DEVIATIONS
    return layer("one", operation, formulas, "one", epsilon_place=place)


def silent(made: Implementation) -> Implementation:
    return replace(made, claims=replace(made.claims, conventions={}))


@pytest.mark.parametrize("operation", ["layer_norm", "rms_norm"])
def test_a_layer_that_declares_where_it_adds_epsilon_conforms(operation: str) -> None:
    made = numpy_layer(operation, "added")
    assert broken(made) == set()
    assert {"output", "dx", "second-moment", "gradient-projection"} <= broken(silent(made))


def plugged(x: Array, gamma: Array, beta: Array, *, epsilon: float) -> Array:
    centred = x - x.mean(-1, keepdims=True, dtype=np.float64)
    deviation = np.sqrt(np.square(centred).mean(-1, keepdims=True))
    return (gamma * centred / (deviation + epsilon) + beta).astype(x.dtype)


def test_identify_tells_a_false_declaration_from_a_true_one() -> None:
    for declared, contradicts in (({"epsilon_place": "added"}, False), ({}, True)):
        made = from_function(plugged, operation="layer_norm", dtypes=["float32"], **declared)
        found = next(each for each in identify(made) if each.axis == "epsilon_place")
        assert (found.left, found.contradicts) == (("added",), contradicts)
