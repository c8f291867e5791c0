"""Faults in the backward."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from normspec.implementations.contract import Implementation, Instance
from normspec.implementations.faulty.fault import (
    AFFINE,
    CENTRED,
    FAMILY,
    SHIFTED,
    TRACKED,
    Fault,
    Passing,
    by_conduct,
    by_formula,
    by_layer,
    by_wrapping,
    declaring,
    parts_of,
    with_parts,
)
from normspec.implementations.faulty.running import of_groups
from normspec.implementations.faulty.statistics import narrow_total
from normspec.implementations.numpy.formulas import average, total
from normspec.implementations.numpy.layer import NumpyLayer, Saved
from normspec.spec.case import Case
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS


def _without_mean_path(g: Array, xhat: Array, scale: Array) -> Array:
    dx: Array = scale * (g - xhat * average(g * xhat))
    return dx


def _without_variance_path(g: Array, xhat: Array, scale: Array) -> Array:
    dx: Array = scale * (g - average(g))
    return dx


def _without_statistics_path(g: Array, xhat: Array, scale: Array) -> Array:
    dx: Array = scale * g
    return dx


def _halves_averaged(rows: Array) -> Array:
    half = (rows.shape[1] + 1) // 2
    return average(
        np.concatenate([average(part) for part in (rows[:, :half], rows[:, half:]) if part.shape[1]], axis=1)
    )


def _by_halves(g: Array, xhat: Array, scale: Array) -> Array:
    dx: Array = scale * (g - _halves_averaged(g) - xhat * _halves_averaged(g * xhat))
    return dx


def _offset_forgotten(correct: Implementation) -> Implementation:
    offset = declaring(correct, {"scale_form": "offset"})
    formulas = parts_of(correct).keywords["formulas"]
    return with_parts(offset, formulas=replace(formulas, scaled_cotangent=_without_one))


def _without_one(dy: Array, gamma: Array | None) -> Array:
    return dy if gamma is None else dy * (gamma - 1)


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
        variance = of_groups(saved.groups, saved.blocks, self.running["running_var"].astype(self.working))
        now = self.formulas.rstd(variance, self.epsilon)
        return super()._dx(replace(saved, standardized=replace(saved.standardized, scale=now)), dy)


class _LastForward(NumpyLayer):
    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        same = self.saved[-1].groups.shape == self.saved[step].groups.shape
        return super().backward(-1 if same else step, cotangent, wanted)


class _Accumulating(Passing):
    def __init__(self, case: Case, inner: Instance) -> None:
        super().__init__(case, inner)
        self.sums: dict[tuple[int, str], Array] = {}

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        for name, values in super().backward(step, cotangent, wanted).items():
            self.sums[step, name] = self.sums[step, name] + values if (step, name) in self.sums else values
        return {name: self.sums[step, name] for name in wanted}


class _GarbageWithoutDx(Passing):
    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        found = super().backward(step, cotangent, wanted)
        return found if "dx" in wanted else {name: np.ones_like(values) for name, values in found.items()}


class _RankTwoOnly(NumpyLayer):
    def _dx(self, saved: Saved, dy: Array) -> Array:
        share = self.working.type(saved.groups.members / max(saved.groups.shape[0], 1))

        kept = self.formulas

        def wrong(g: Array, xhat: Array, scale: Array) -> Array:
            dx: Array = scale * g + share * (kept.dx_training(g, xhat, scale) - scale * g)
            return dx

        self.formulas = replace(kept, dx_training=wrong)
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
        CENTRED,
        dx_training=_without_mean_path,
    ),
    by_formula(
        "variance-detached",
        "grad-omits-stat-path",
        "dx lacks the path through the variance",
        "the sum of dx xhat over a group is not that of the formula",
        CENTRED,
        dx_training=_without_variance_path,
    ),
    by_formula(
        "statistics-detached",
        "grad-omits-stat-path",
        "dx is gamma rstd dy in training too",
        "the sums of dx and of dx xhat over a group are not 0",
        dx_training=_without_statistics_path,
    ),
    by_wrapping(
        "std-for-rstd",
        "saved-stat-wrong",
        "the backward takes the standard deviation where its reciprocal is meant",
        "dx is wrong unless the variance is near 1",
        dx_training=lambda correct: lambda g, xhat, scale: correct(g, xhat, 1 / scale),
    ),
    by_wrapping(
        "cotangent-clipped",
        "grad-not-linear-in-cotangent",
        "the cotangent is clipped to [-1, 1]",
        "dx is not linear in the cotangent",
        dx_training=lambda correct: lambda g, xhat, scale: correct(np.clip(g, -1, 1), xhat, scale),
    ),
    by_formula(
        "dgamma-low-precision",
        "dgamma-low-precision",
        "dgamma and dbeta are summed one by one in float16 (float64 input: in float32)",
        "dgamma and dbeta stagnate over many elements",
        AFFINE,
        dgamma=lambda dy, xhat: narrow_total(dy * xhat),
        dbeta=narrow_total,
    ),
    by_formula(
        "dbeta-severed",
        "grad-missing-or-severed",
        "dbeta is 0",
        "dbeta is not the sum of the cotangent",
        SHIFTED,
        dbeta=lambda dy: 0 * total(dy),
    ),
    by_formula(
        "dgamma-severed",
        "grad-missing-or-severed",
        "dgamma is 0",
        "dgamma is not the sum of the cotangent times xhat",
        AFFINE,
        dgamma=lambda dy, xhat: 0 * total(dy),
    ),
    by_formula(
        "dx-severed",
        "grad-missing-or-severed",
        "dx is 0",
        "dx is 0 for every cotangent",
        dx_training=lambda g, xhat, scale: 0 * g,
        dx_inference=lambda g, scale: 0 * g,
    ),
    by_formula(
        "unequal-shards-backward",
        "syncbn-unequal-count",
        "the means in dx are merged from two shards of unequal size with equal weights",
        "dx is wrong where m is odd",
        CENTRED,
        dx_training=_by_halves,
    ),
    Fault(
        "offset-ignored-in-dx",
        "weight-offset-variant",
        "the scale is 1 + gamma in the forward, as declared, and gamma in the backward",
        "dx is wrong whatever gamma is",
        ("rms_norm",),
        _offset_forgotten,
    ),
    by_layer(
        "dgamma-without-rstd",
        "saved-stat-wrong",
        "dgamma is the sum of dy (x - mean), not divided by the standard deviation",
        "dgamma is wrong unless the variance is near 1",
        _DgammaOfCentred,
        AFFINE,
    ),
    by_layer(
        "inference-backward-as-training",
        "eval-backward-uses-train-formula",
        "dx of an inference forward has the terms of training",
        "dx in inference is not gamma rstd dy",
        _TrainingFormulaAlways,
        TRACKED,
    ),
    by_layer(
        "live-running-variance",
        "saved-reference-not-copy",
        "dx of an inference forward reads the running variance at the time of the backward",
        "a training forward in between changes dx of the inference forward before it",
        _LiveStatistics,
        TRACKED,
    ),
    by_layer(
        "backward-of-last",
        "saved-reference-not-copy",
        "the backward of any forward uses what the last forward saved",
        "the gradients of an earlier forward are those of the last one",
        _LastForward,
    ),
    by_conduct(
        "backward-accumulates",
        "grad-accumulate-vs-overwrite",
        "a second backward of one forward returns the sum of both",
        "two backwards of one forward do not agree",
        _Accumulating,
    ),
    by_conduct(
        "garbage-without-dx",
        "requires-grad-mask",
        "every gradient of a parameter is 1 when dx is not wanted",
        "a gradient depends on which others are asked for",
        _GarbageWithoutDx,
        AFFINE,
    ),
    by_layer(
        "rank-two-backward",
        "rank-assumption",
        "the means in dx are divided by the batch size alone",
        "dx is wrong where there are axes besides batch and channel",
        _RankTwoOnly,
        tuple(name for name in FAMILY if max(OPERATIONS[name].ranks) > 2),
    ),
)
