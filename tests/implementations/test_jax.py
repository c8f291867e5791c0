"""JAX functions and Flax layers as implementations. Values by hand or by NumPy's own formulas."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from implementation_cases import answered, case, numbers, steps

from normspec.implementations.targets import resolve
from normspec.properties.check import check
from normspec.properties.hunt import Settings
from normspec.properties.judge import judge
from normspec.properties.laws import LAWS
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Result
from normspec.spec.case import Case, Step

pytest.importorskip("jax", reason="the extra jax is not installed")
pytest.importorskip("flax", reason="the extra jax is not installed")

import jax.numpy as jnp  # only where it is installed

import normspec
from normspec.implementations.jax import layer as jax_layer

FEW = Settings(max_examples=1, dtypes=("float32",))


def scaled(x: Any, gamma: Any = None, *, epsilon: float, axes: int) -> Any:
    """RMS norm as in a textbook."""
    over = tuple(range(-axes, 0))
    y = x / jnp.sqrt(jnp.mean(x * x, over, keepdims=True) + epsilon)
    return y if gamma is None else y * gamma


def rms_case(dtype: str) -> Case:
    return Case(
        "rms_norm",
        dtype,
        {"epsilon": 0.5, "axes": 1},
        steps((2, 3), dtype, wanted=("dx", "dgamma")),
        {"gamma": numbers((3,), dtype, 1)},
    )


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_a_function_of_jax_computes_in_the_dtype_of_the_case(dtype: str) -> None:
    asked = rms_case(dtype)
    forward, backward = answered(normspec.jax_function(scaled, "rms_norm"), asked)
    x, gamma = (np.asarray(values, np.float64) for values in (asked.script[0].input, asked.parameters["gamma"]))
    rms = np.sqrt(np.mean(x * x, 1, keepdims=True) + 0.5)
    assert np.asarray(forward["y"], np.float64) == pytest.approx(gamma * x / rms, rel=3e-2)
    if dtype == "float64":
        cotangent = asked.script[1].cotangent
        assert forward["y"] == pytest.approx(gamma * x / rms, rel=1e-13)
        assert backward["dgamma"] == pytest.approx(np.sum(cotangent * x / rms, axis=0), rel=1e-13)


def test_a_function_of_jax_claims_what_its_parameters_show() -> None:
    claims = normspec.jax_function(scaled, "rms_norm").claims
    assert claims.gradients == ("dx", "dgamma")
    assert claims.optional == ("gamma",)
    assert "backward" in claims.verbs


@pytest.mark.parametrize("target", ["flax-linen", "flax-nnx"])
def test_flax_moves_statistics_by_momentum_of_the_old_ones(target: str) -> None:
    asked = case((2, 3, 4, 5))
    (found, *_) = resolve(target, "batch_norm")
    forward, backward = answered(found, asked)
    x = asked.script[0].input
    assert forward["running_mean"] == pytest.approx(0.3 * asked.state["running_mean"] + 0.7 * x.mean((0, 2, 3)))
    assert forward["running_var"] == pytest.approx(0.3 * asked.state["running_var"] + 0.7 * x.var((0, 2, 3)))
    assert backward["dbeta"] == pytest.approx(np.sum(asked.script[1].cotangent, axis=(0, 2, 3)))  # type: ignore[arg-type]


@pytest.mark.parametrize("target", ["flax-linen", "flax-nnx"])
def test_channels_are_put_last_and_back_for_flax(target: str) -> None:
    (found, *_) = resolve(target, "group_norm")
    shape = (2, 4, 3)
    asked = Case("group_norm", "float64", {"epsilon": 0.1, "groups": 2}, steps(shape, "float64", wanted=("dx",)))
    forward, _ = answered(found, asked)
    rows = asked.script[0].input.reshape(2, 2, 6)
    expected = (rows - rows.mean(2, keepdims=True)) / np.sqrt(rows.var(2, keepdims=True) + 0.1)
    assert forward["y"] == pytest.approx(expected.reshape(shape))


@pytest.mark.parametrize("target", ["flax-linen-two-pass", "flax-nnx-two-pass"])
def test_flax_in_two_passes_keeps_the_laws_of_layer_norm(target: str) -> None:
    name = target.removesuffix("-two-pass")
    (found,) = [each for each in resolve(name, "layer_norm") if each.name == target]
    whole = replace(found, share=1.0, pinned_every=1)
    events = list(check(whole, tuple(LAWS[law] for law in ("output", "dx", "zero-mean")), FEW))
    results = [event for event in events if isinstance(event, Result)]
    assert sum(result.examples for result in results) > 30
    assert not [result.message for result in results if result.failed]


def test_linen_infers_in_half_precision_with_running_statistics_of_float32() -> None:
    (found,) = [each for each in resolve("flax-linen", "batch_norm") if each.name == "flax-linen"]
    x = np.linspace(-2, 2, 65).astype(np.float16).reshape(-1, 1)
    held = {"running_mean": np.array([-3.25], np.float16), "running_var": np.array([2.75], np.float16)}
    asked = Case("batch_norm", "float16", {"epsilon": 1e-3, "momentum": 0.1}, (Step("infer", x),), {}, held)
    (answer,) = answered(found, asked)
    variance = float(held["running_var"][0])
    assert (answer["y"] == ((x.astype(float) + 3.25) / np.sqrt(variance + 1e-3)).astype(np.float16)).all()


def test_jax_forgets_what_it_compiled_for_one_shape_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    forgot: list[int] = []
    shapes: set[Any] = set()
    monkeypatch.setattr(jax_layer, "_compiled", shapes)
    monkeypatch.setattr(jax_layer.jax, "clear_caches", lambda: forgot.append(len(shapes)))
    asked = rms_case("float32")
    for rows in (1, 2, 1, *range(3, jax_layer.SHAPES_KEPT + 2)):
        jax_layer.make_room(asked, (rows, 2))
    assert (forgot, len(shapes)) == ([jax_layer.SHAPES_KEPT], 1)


def test_squares_that_overflow_in_flax_are_found() -> None:
    (found,) = resolve("flax-linen", "rms_norm")
    x = np.array([[3e19, 0.0]], np.float32)
    asked = Case("rms_norm", "float32", {"epsilon": 1.0, "axes": 1}, (Step("train", x),))
    judged = judge(LAWS["loud-overflow"], Trial(found, asked))
    assert isinstance(judged, Broken)
    assert "y is finite and wrong, where squares overflow" in judged.message
