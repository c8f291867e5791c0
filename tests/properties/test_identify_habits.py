"""Each variant that a habit knows is identified in a layer that has it: none is there for show."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np
import pytest

from normspec.implementations.contract import Implementation
from normspec.implementations.faulty import FAULTS
from normspec.implementations.numpy.family import DEVIATIONS, layer
from normspec.implementations.numpy.layer import NumpyLayer
from normspec.implementations.plug_in import from_function
from normspec.properties.identification.findings import Finding
from normspec.properties.identification.identify import identify
from normspec.spec.formats import Array


def normalized(x: Array, axes: tuple[int, ...], epsilon: float) -> Array:
    wide = x.astype(np.float64)
    centred = wide - wide.mean(axes, keepdims=True)
    return centred / np.sqrt(np.square(centred).mean(axes, keepdims=True) + epsilon)  # type: ignore[no-any-return]


def layer_norm(x: Array, *, epsilon: float) -> Array:
    return normalized(x, (-1,), epsilon).astype(x.dtype)


def over_the_last(x: Array, *, epsilon: float, axes: int) -> Array:
    return normalized(x, (-1,), epsilon).astype(x.dtype)


def over_the_sample(x: Array, *, epsilon: float, axes: int) -> Array:
    return normalized(x, tuple(range(1, x.ndim)), epsilon).astype(x.dtype)


def over_the_channel(x: Array, *, epsilon: float, axes: int) -> Array:
    return normalized(x, (1,), epsilon).astype(x.dtype)


def in_floating_point(x: Array, *, epsilon: float) -> Array:
    return normalized(x, (-1,), epsilon).astype(np.float32)


def in_whole_floats(x: Array, *, epsilon: float) -> Array:
    return normalized(x, (-1,), epsilon).astype(x.dtype).astype(np.float32 if x.dtype.kind == "i" else x.dtype)


def refusing_integers(x: Array, *, epsilon: float) -> Array:
    if x.dtype.kind != "f":
        raise TypeError(f"x has dtype {x.dtype}: give floating point")
    return layer_norm(x, epsilon=epsilon)


def by_group(x: Array, gamma: Array, beta: Array, *, epsilon: float, groups: int) -> Array:
    parted = x.reshape(len(x), groups, -1)
    y = normalized(parted, (2,), epsilon)
    runs = [np.repeat(each, x.shape[1] // len(each)).reshape(-1, *[1] * (x.ndim - 2)) for each in (gamma, beta)]
    return (y.reshape(x.shape) * runs[0] + runs[1]).astype(x.dtype)


def by_channel(x: Array, gamma: Array, beta: Array, *, epsilon: float, axes: int) -> Array:
    y = normalized(x, tuple(range(x.ndim - axes, x.ndim)), epsilon)
    if gamma.ndim == 1 and axes > 1:
        gamma, beta = (each.reshape(-1, *[1] * (axes - 1)) for each in (gamma, beta))
    return (y * gamma + beta).astype(x.dtype)


def with_own_statistics(
    x: Array, running_mean: Array, running_var: Array, *, epsilon: float, momentum: float, training: bool
) -> Array:
    return normalized(x, (0, *range(2, x.ndim)), epsilon).astype(x.dtype)


def l2(x: Array, *, epsilon: float, axis: int) -> Array:
    norm = np.sqrt(np.square(x.astype(np.float64)).sum(axis, keepdims=True))
    return (x / np.maximum(norm, epsilon)).astype(x.dtype)


def l2_backward(x: Array, cotangent: Array, *, epsilon: float, axis: int, way: str) -> Array:
    wide, dy = x.astype(np.float64), cotangent.astype(np.float64)
    norm = np.sqrt(np.square(wide).sum(axis, keepdims=True))
    divisor = np.maximum(norm, epsilon)
    along = (wide * dy).sum(axis, keepdims=True)
    slope = {"constant": 0 * norm, "followed": 1 / norm, "replaced": 1 / divisor, "zero": 0 * norm}[way]
    below = dy / divisor - wide * along * slope / np.square(divisor)
    below = 0 * below if way == "zero" else below
    return np.where(norm < epsilon, below, dy / divisor - wide * along / divisor**3).astype(x.dtype)


class Unfrozen(NumpyLayer):
    """A layer whose freezing holds its parameters alone."""

    def freeze(self) -> None:
        """Go on as before."""


class Weighing(NumpyLayer):
    """A layer that takes one weight of the new value where there is no momentum."""

    weight = 0.0

    def _move_running(self, groups: Any, blocks: Any, standardized: Any) -> None:
        self.momentum = self.weight if self.momentum is None else self.momentum
        super()._move_running(groups, blocks, standardized)


class Last(Weighing):
    """One that takes the last batch."""

    weight = 1.0


def of(function: Any, operation: str, **declared: Any) -> Implementation:
    return from_function(function, operation=operation, dtypes=["float32"], **declared)


def of_l2(way: str) -> Implementation:
    backward = partial(l2_backward, way=way)
    made = of(l2, "l2_normalize")
    claims = replace(made.claims, verbs=("train", "infer", "backward"), gradients=("dx",))
    return replace(made, create=partial(made.create.func, function=l2, reverse=backward), claims=claims)  # type: ignore[attr-defined]


def batch_norm(cls: type[NumpyLayer] = NumpyLayer, **declared: str) -> Implementation:
    made = layer("one", "batch_norm", DEVIATIONS, "one", of=cls, **declared)
    return replace(made, claims=replace(made.claims, dtypes=("float32",)))


MADE: Mapping[str, Implementation] = {
    "plain": batch_norm(),
    "unfrozen": batch_norm(Unfrozen),
    "weighing": batch_norm(Weighing),
    "last": batch_norm(Last),
    "debiased": batch_norm(initial_value="debiased", momentum="weighs_old"),
    "own": of(with_own_statistics, "batch_norm"),
    "integers": of(layer_norm, "layer_norm"),
    "whole floats": of(in_whole_floats, "layer_norm"),
    "promoting": of(in_floating_point, "layer_norm"),
    "refusing": of(refusing_integers, "layer_norm"),
    "by group": of(by_group, "group_norm"),
    "by channel": of(by_channel, "layer_norm"),
    "one pass": FAULTS["cancellation"].made_of("layer_norm"),
    **{way: of_l2(way) for way in ("constant", "followed", "replaced", "zero")},
    "over the last": of(over_the_last, "layer_norm"),
    "over the sample": of(over_the_sample, "layer_norm"),
    "over the channel": of(over_the_channel, "layer_norm"),
}
VARIANTS = {
    "integer_input": {"truncate": "integers", "promote": "promoting", "refuse": "refusing"},
    "inference_statistics": {"own": "own", "running": "plain"},
    "frozen_layer": {"infer": "plain", "train": "unfrozen"},
    "momentum_none": {"average": "plain", "keep": "weighing", "last": "last"},
    "initial_value": {"weighed": "plain", "debiased": "debiased"},
    "affine_sharing": {"group": "by group", "channel": "by channel"},
    "variance_formula": {"one_pass": "one pass"},
    "clamped_gradient": {way: way for way in ("constant", "followed", "replaced", "zero")},
    "zero_norm_gradient": {"constant": "constant", "nan": "followed", "zero": "zero"},
    "normalized_axes": {"last": "over the last", "sample": "over the sample", "channel": "over the channel"},
}


@cache
def findings(name: str) -> Mapping[str, Finding]:
    return {each.axis: each for each in identify(MADE[name])}


@pytest.mark.parametrize(
    ("axis", "variant"), [(axis, variant) for axis, those in VARIANTS.items() for variant in those]
)
def test_a_layer_is_identified_by_what_it_does(axis: str, variant: str) -> None:
    found = findings(VARIANTS[axis][variant])[axis]
    assert (found.decision, found.left) == ("identified", (variant,))
    assert not found.contradicts


def test_a_layer_that_cuts_off_what_lies_between_truncates_also_where_it_returns_floats() -> None:
    assert findings("whole floats")["integer_input"].left == ("truncate",)


def test_one_element_for_each_channel_is_asked_where_it_is_not_one_for_each_element() -> None:
    case = findings("by channel")["affine_sharing"].excluded["element"].case
    assert case.parameters["gamma"].size < np.prod(case.script[0].input.shape[1:])


def test_debiased_averages_that_are_declared_weighed_contradict_it() -> None:
    made = batch_norm(initial_value="debiased")
    silent = replace(made, claims=replace(made.claims, conventions={}))
    found = next(each for each in identify(silent) if each.axis == "initial_value")
    assert (found.left, found.contradicts) == (("debiased",), True)


def test_what_is_not_in_this_process_is_not_asked_for_integers() -> None:
    made = of(layer_norm, "layer_norm")
    apart = replace(made, answer=partial(_asked_apart, made))
    assert "integer_input" not in {each.axis for each in identify(apart)}


def _asked_apart(made: Implementation, case: Any) -> Any:
    from normspec.implementations.ask import ask

    return ask(made, case)
