"""Faults in the backward."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from normspec.implementations.faulty.fault import by_formula, by_layer
from normspec.implementations.faulty.statistics import narrow_total
from normspec.implementations.formulas import average, dx_training, total
from normspec.implementations.numpy_layer import NumpyLayer, Saved
from normspec.spec.formats import Array


def _without_mean_path(g: Array, xhat: Array, scale: Array) -> Array:
    dx: Array = scale * (g - xhat * average(g * xhat))
    return dx


def _without_variance_path(g: Array, xhat: Array, scale: Array) -> Array:
    dx: Array = scale * (g - average(g))
    return dx


def _without_statistics_path(g: Array, xhat: Array, scale: Array) -> Array:
    dx: Array = scale * g
    return dx


def _clipped(g: Array, xhat: Array, scale: Array) -> Array:
    return dx_training(np.clip(g, -1, 1), xhat, scale)


def _std_for_rstd(g: Array, xhat: Array, scale: Array) -> Array:
    return dx_training(g, xhat, 1 / scale)


class _DgammaOfCentred(NumpyLayer):
    def _dgamma(self, saved: Saved, dy: Array) -> Array:
        s = saved.standardized
        return super()._dgamma(replace(saved, standardized=replace(s, xhat=s.xhat / s.scale)), dy)


class _TrainingFormulaAlways(NumpyLayer):
    def _dx(self, saved: Saved, dy: Array) -> Array:
        return super()._dx(replace(saved, training=True), dy)


class _LiveStatistics(NumpyLayer):
    def _dx(self, saved: Saved, dy: Array) -> Array:
        if saved.training:
            return super()._dx(saved, dy)
        now = self.formulas.rstd(self.running["running_var"].astype(self.working)[:, None], self.epsilon)
        return super()._dx(replace(saved, standardized=replace(saved.standardized, scale=now)), dy)


class _LastForward(NumpyLayer):
    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        same = self.saved[-1].groups.shape == self.saved[step].groups.shape
        return super().backward(-1 if same else step, cotangent, wanted)


class _Accumulating(NumpyLayer):
    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.sums: dict[tuple[int, str], Array] = {}

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        for name, values in super().backward(step, cotangent, wanted).items():
            self.sums[step, name] = self.sums[step, name] + values if (step, name) in self.sums else values
        return {name: self.sums[step, name] for name in wanted}


class _GarbageWithoutDx(NumpyLayer):
    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        found = dict(super().backward(step, cotangent, wanted))
        if "dx" not in wanted and "dgamma" in wanted:
            found["dgamma"] = super().backward(step, cotangent, ("dbeta",))["dbeta"]
        return found


class _RankTwoOnly(NumpyLayer):
    def _dx(self, saved: Saved, dy: Array) -> Array:
        share = self.working.type(saved.groups.members / max(saved.groups.shape[0], 1))

        def wrong(g: Array, xhat: Array, scale: Array) -> Array:
            dx: Array = scale * (g - (average(g) + xhat * average(g * xhat)) * share)
            return dx

        kept, self.formulas = self.formulas, replace(self.formulas, dx_training=wrong)
        try:
            return super()._dx(saved, dy)
        finally:
            self.formulas = kept


FAULTS = (
    by_formula(
        "mean-detached",
        "grad-omits-stat-path",
        "dx lacks the path through the mean",
        "the sum of dx over a group is not 0",
        dx_training=_without_mean_path,
    ),
    by_formula(
        "variance-detached",
        "grad-omits-stat-path",
        "dx lacks the path through the variance",
        "the sum of dx xhat over a group is not that of the formula",
        dx_training=_without_variance_path,
    ),
    by_formula(
        "statistics-detached",
        "grad-omits-stat-path",
        "dx is gamma rstd dy in training too",
        "the sums of dx and of dx xhat over a group are not 0",
        dx_training=_without_statistics_path,
    ),
    by_formula(
        "std-for-rstd",
        "saved-stat-wrong",
        "the backward takes the standard deviation where its reciprocal is meant",
        "dx is wrong unless the variance is near 1",
        dx_training=_std_for_rstd,
    ),
    by_formula(
        "cotangent-clipped",
        "grad-not-linear-in-cotangent",
        "the cotangent is clipped to [-1, 1]",
        "dx is not linear in the cotangent",
        dx_training=_clipped,
    ),
    by_formula(
        "dgamma-low-precision",
        "dgamma-low-precision",
        "dgamma and dbeta are summed one by one in float16 (float64 input: in float32)",
        "dgamma and dbeta stagnate over many elements",
        dgamma=lambda dy, xhat: narrow_total(dy * xhat),
        dbeta=narrow_total,
    ),
    by_formula(
        "dbeta-severed",
        "grad-missing-or-severed",
        "dbeta is 0",
        "dbeta is not the sum of the cotangent",
        dbeta=lambda dy: 0 * total(dy),
    ),
    by_layer(
        "dgamma-without-rstd",
        "saved-stat-wrong",
        "dgamma is the sum of dy (x - mean), not divided by the standard deviation",
        "dgamma is wrong unless the variance is near 1",
        _DgammaOfCentred,
    ),
    by_layer(
        "inference-backward-as-training",
        "eval-backward-uses-train-formula",
        "dx of an inference forward has the terms of training",
        "dx in inference is not gamma rstd dy",
        _TrainingFormulaAlways,
    ),
    by_layer(
        "live-running-variance",
        "saved-reference-not-copy",
        "dx of an inference forward reads the running variance at the time of the backward",
        "a training forward in between changes dx of the inference forward before it",
        _LiveStatistics,
    ),
    by_layer(
        "backward-of-last",
        "saved-reference-not-copy",
        "the backward of any forward uses what the last forward saved",
        "the gradients of an earlier forward are those of the last one",
        _LastForward,
    ),
    by_layer(
        "backward-accumulates",
        "grad-accumulate-vs-overwrite",
        "a second backward of one forward returns the sum of both",
        "two backwards of one forward do not agree",
        _Accumulating,
    ),
    by_layer(
        "garbage-without-dx",
        "requires-grad-mask",
        "dgamma is dbeta when dx is not wanted",
        "dgamma depends on which gradients are asked for",
        _GarbageWithoutDx,
    ),
    by_layer(
        "rank-two-backward",
        "rank-assumption",
        "the means in dx are divided by the batch size alone",
        "dx is wrong where there are axes besides batch and channel",
        _RankTwoOnly,
    ),
)
