"""Where squares overflow: what is silently wrong is told, in y and in each derivative, and what is right is not."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from normspec.implementations.contract import Implementation
from normspec.implementations.numpy.layer import NumpyLayer
from normspec.implementations.targets import resolve
from normspec.properties.judge import judge
from normspec.properties.laws import LAWS
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Kept
from normspec.spec.case import Case, Step
from normspec.spec.expectation import expect
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS
from normspec.spec.question import largest_gradient, largest_second, largest_tangent

HUGE = np.array([[1, -2, 3, 0.5], [-0.5, 4, 2, 1]], np.float32) * np.float32(2.0**64)
ALONG = np.array([[1, 2, -1, 0.5], [0.25, 3, 1, -2]], np.float32)
BACK = Step("backward", None, ALONG, 0, ("dx",))
STEPS = {
    "dx": BACK,
    "ddx": Step(
        "backward", None, ALONG * np.float32(2.0**32), 0, ("ddx",), direction=ALONG[::-1] * np.float32(2.0**32)
    ),
    "ty": Step("jvp", of=0, wanted=("ty",), tangents={"x": ALONG}),
}
"""One derivative each, of a size that float32 holds."""

SIZES = {"dx": largest_gradient, "ddx": largest_second, "ty": largest_tangent}


class Altered(NumpyLayer):
    """A correct layer, of which one derivative is altered."""

    def __init__(self, case: Case, *, of: str, alter: Callable[[Array], Array], **settings: Any) -> None:
        super().__init__(case, **settings)
        self.of, self.alter = of, alter

    def _altered(self, found: dict[str, Array]) -> dict[str, Array]:
        return {name: self.alter(values) if name == self.of else values for name, values in found.items()}

    def backward(self, *asked: Any) -> dict[str, Array]:
        """Return the gradients."""
        return self._altered(dict(super().backward(*asked)))

    def double_backward(self, *asked: Any) -> dict[str, Array]:
        """Return the second order."""
        return self._altered(dict(super().double_backward(*asked)))

    def jvp(self, *asked: Any) -> Array:
        """Return the tangent."""
        return self._altered({"ty": super().jvp(*asked)})["ty"]


class Zeros:
    """A layer without running statistics that always returns zero."""

    def __init__(self, case: Case) -> None:
        self.case = case

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return zeros."""
        return np.zeros_like(x)

    def state(self) -> dict[str, Array]:
        """Return nothing."""
        return {}


def case_of(name: str, x: Array = HUGE) -> Case:
    return Case("layer_norm", "float32", {"epsilon": 1e-3, "axes": 1}, (Step("train", x), STEPS[name]))


def layer(name: str, alter: Callable[[Array], Array]) -> Implementation:
    own = next(each for each in resolve("numpy", "layer_norm") if each.name == "numpy-two-pass")
    settings: dict[str, Any] = own.create.keywords  # type: ignore[attr-defined]
    return replace(own, create=partial(Altered, of=name, alter=alter, **settings))


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("alter", [np.zeros_like, lambda values: 2 * values], ids=["zero", "twice"])
def test_a_derivative_that_is_silently_wrong_is_told(name: str, alter: Callable[[Array], Array]) -> None:
    found = judge(LAWS["loud-overflow"], Trial(layer(name, alter), case_of(name)))
    assert isinstance(found, Broken)
    assert f"{name} is finite and wrong" in found.message


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("alter", [np.copy, lambda values: values * np.inf], ids=["right", "not finite"])
def test_one_that_is_right_or_visibly_wrong_is_not(name: str, alter: Callable[[Array], Array]) -> None:
    assert isinstance(judge(LAWS["loud-overflow"], Trial(layer(name, alter), case_of(name))), Kept)


def test_the_element_that_is_told_is_wrong_also_where_another_group_is_zero_by_gamma() -> None:
    scale = np.array([0, 1], np.float32)
    x = np.array([[[1, 2, 3, -4], [0, 0, 0, 1]]], np.float32) * np.float32(2.0**100)
    case = Case("instance_norm", "float32", {"epsilon": 1e-3}, (Step("train", x),), {"gamma": scale})
    silent = replace(resolve("numpy", "instance_norm")[0], create=Zeros)
    found = judge(LAWS["loud-overflow"], Trial(silent, case))
    assert isinstance(found, Broken)
    ((index, expected),) = ((fact.index, fact.expected) for fact in found.facts)
    assert index == 7
    assert expected == pytest.approx(3**0.5)


@pytest.mark.parametrize("operation", ["layer_norm", "rms_norm"])
@pytest.mark.parametrize("name", STEPS)
def test_no_derivative_is_larger_than_its_terms_can_be(name: str, operation: str) -> None:
    random = np.random.default_rng(7)
    own = next(iter(resolve("numpy", operation)))
    nearest = 0.0
    for members in (2, 3, 5, 16):
        for _ in range(20):
            x, along, turned = (random.normal(size=(1, members)) for _ in range(3))
            steps = {
                "dx": Step("backward", None, along, 0, ("dx",)),
                "ddx": Step("backward", None, along, 0, ("ddx",), direction=turned),
                "ty": Step("jvp", of=0, wanted=("ty",), tangents={"x": along}),
            }
            script = (Step("train", x), steps[name])
            case = Case(
                operation, "float64", {"epsilon": 1e-9, "axes": 1}, script, {"gamma": random.normal(size=members)}
            )
            trial = Trial(own, case)
            exact = expect(OPERATIONS[operation], case, 1, {}, trial.conventions)[name].high
            nearest = max(nearest, float((np.abs(exact) / SIZES[name](trial.question(1)).max(-1)).max()))
    assert 0.1 < nearest <= 1
