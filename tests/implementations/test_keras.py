"""Keras layers as implementations, on two back-ends, each in a process of its own."""

from importlib.util import find_spec

import numpy as np
import pytest
from implementation_cases import answered, case, numbers, steps

from normspec.implementations.errors import TargetError
from normspec.implementations.targets import resolve
from normspec.spec.case import Case

if find_spec("keras") is None:  # importing it would choose its back-end for this process
    pytest.skip("the extra keras is not installed", allow_module_level=True)


@pytest.fixture(params=["torch", "jax"])
def target(request: pytest.FixtureRequest) -> str:
    """The layers of Keras on a back-end."""
    if find_spec(request.param) is None:
        pytest.skip(f"the back-end {request.param} is not installed")
    return f"isolated:keras@{request.param}"


def test_batch_norm_is_the_same_on_each_back_end(target: str) -> None:
    asked = case((2, 3, 4, 5))
    (found,) = resolve(target, "batch_norm")
    try:
        forward, backward = answered(found, asked)
    finally:
        found.close()
    x = asked.script[0].input
    assert forward["running_mean"] == pytest.approx(0.3 * asked.state["running_mean"] + 0.7 * x.mean((0, 2, 3)))
    assert forward["running_var"] == pytest.approx(0.3 * asked.state["running_var"] + 0.7 * x.var((0, 2, 3)))
    assert backward["dbeta"] == pytest.approx(np.sum(asked.script[1].cotangent, axis=(0, 2, 3)))  # type: ignore[arg-type]


def test_the_scale_of_rms_norm_is_its_gamma(target: str) -> None:
    parameters = {"gamma": numbers((3,), "float32", 1)}
    attributes = {"epsilon": 0.5, "axes": 1}
    asked = Case("rms_norm", "float32", attributes, steps((2, 3), "float32", wanted=("dx", "dgamma")), parameters)
    (found,) = resolve(target, "rms_norm")
    try:
        forward, backward = answered(found, asked)
    finally:
        found.close()
    x, cotangent = asked.script[0].input, asked.script[1].cotangent
    unit = x / np.sqrt(np.mean(x * x, 1, keepdims=True) + 0.5)
    assert forward["y"] == pytest.approx(parameters["gamma"] * unit, rel=1e-5)
    assert backward["dgamma"] == pytest.approx(np.sum(cotangent * unit, axis=0), rel=1e-5)


def test_a_back_end_without_an_adapter_is_told() -> None:
    with pytest.raises(TargetError, match="backend='theano' has no adapter: choose from torch, jax"):
        resolve("keras@theano")
