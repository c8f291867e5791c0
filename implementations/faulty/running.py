"""Faults in the running statistics and in the mode."""

from dataclasses import replace
from typing import Any

import numpy as np

from normspec.implementations.faulty.fault import TRACKED, by_convention, by_formula, by_layer
from normspec.implementations.numpy.formulas import moved, new_weight, unbiased
from normspec.implementations.numpy.layer import NumpyLayer, Standardized
from normspec.spec.formats import Array
from normspec.spec.partition import Partition


def _flipped(momentum: float | None, convention: str, count: int) -> float:
    return 1 - new_weight(momentum, convention, count) if momentum is not None else 1 / count


def _none_as_zero(momentum: float | None, convention: str, count: int) -> float:
    return new_weight(momentum or 0.0, convention, count)


def _bessel_on_second_moment(mean: Array, variance: Array, members: int) -> Array:
    wrong: Array = unbiased(mean, variance + mean * mean, members) - mean * mean
    return wrong


def _moved_in_half(old: Array, new: Array, weight: float) -> Array:
    return moved(old, new, weight).astype(np.float16).astype(old.dtype)


def of_groups(groups: Partition, blocks: Partition, values: Array) -> Array:
    """Return one value a block as one value a group, (groups, 1)."""
    return groups.split(blocks.spread_over(values))[:, :1]


class _ResetAtStart(NumpyLayer):
    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if self.running:
            self.running["running_var"] = np.zeros_like(self.running["running_var"])


class _FromStale(NumpyLayer):
    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.first = dict(self.running)

    def _move_running(self, groups: Partition, blocks: Partition, standardized: Standardized) -> None:
        before = self.running
        self.running = dict(self.first)
        super()._move_running(groups, blocks, standardized)
        # each step subtracts weight * (first - new) from the running value, instead of weight * (running - new)
        for name, moved_first in self.running.items():
            change = moved_first.astype(self.working) - self.first[name].astype(self.working)
            self.running[name] = (before[name].astype(self.working) + change).astype(self.dtype)


class _RunningInTraining(NumpyLayer):
    def _train(self, groups: Partition, blocks: Partition, rows: Array) -> Standardized:
        own = super()._train(groups, blocks, rows)
        if not self.running or rows.shape[1] == 0:
            return own
        mean, variance = (
            of_groups(groups, blocks, self.running[name].astype(self.working))
            for name in ("running_mean", "running_var")
        )
        scale = self.formulas.rstd(variance, self.epsilon)
        return replace(own, scale=scale, exponent=0 * own.exponent, xhat=self.formulas.normalize(rows, mean, scale))


class _AlwaysTraining(NumpyLayer):
    def forward(self, x: Array, *, training: bool) -> Array:
        return super().forward(x, training=True)


class _MovesInInference(NumpyLayer):
    def forward(self, x: Array, *, training: bool) -> Array:
        y = super().forward(x, training=training)
        if not training and self.saved[-1].groups.members > 1:
            groups, blocks = self.saved[-1].groups, self.saved[-1].blocks
            with np.errstate(all="ignore"):
                self._train(groups, blocks, groups.split(x.astype(self.working)))
        return y


class _FoldedWithoutMean(NumpyLayer):
    """Folds inference into one product and one sum, and forgets the sum where beta is absent."""

    def _infer(self, groups: Partition, blocks: Partition, rows: Array) -> Standardized:
        own = super()._infer(groups, blocks, rows)
        return own if "beta" in self.parameters else replace(own, xhat=rows * own.scale)


class _FoldedInHalf(NumpyLayer):
    """Folds inference into one product and one sum, whose factors are rounded to float16."""

    def _infer(self, groups: Partition, blocks: Partition, rows: Array) -> Standardized:
        own = super()._infer(groups, blocks, rows)
        scale, shift = (part.astype(np.float16).astype(rows.dtype) for part in (own.scale, own.mean * own.scale))
        return replace(own, xhat=rows * scale - shift)


class _OtherLayersState(NumpyLayer):
    def state(self) -> dict[str, Array]:
        names = list(self.running)
        return dict(zip(names, [self.running[name] for name in reversed(names)], strict=True))


FAULTS = (
    by_formula(
        "momentum-flipped",
        "momentum-flipped",
        "momentum weighs the old statistic, where the new one is declared",
        "one step with a momentum other than 1/2 moves the running statistics too far or too little",
        TRACKED,
        new_weight=_flipped,
    ),
    by_formula(
        "momentum-none-as-zero",
        "momentum-none-cumulative",
        "momentum=None is taken as 0",
        "the running mean is not the mean of the batch means",
        TRACKED,
        new_weight=_none_as_zero,
    ),
    by_convention(
        "running-var-biased",
        "running-var-biased",
        "the biased variance enters the running variance, where the unbiased one is declared",
        "the running variance lacks m/(m-1)",
        TRACKED,
        running_variance="biased",
    ),
    by_formula(
        "bessel-misapplied",
        "bessel-misapplied",
        "the running variance takes m/(m-1) E[x²] - E[x]²",
        "the running variance changes with a shift of x",
        TRACKED,
        unbiased=_bessel_on_second_moment,
    ),
    by_formula(
        "running-in-half-precision",
        "half-precision-counts-or-stats",
        "the running statistics are rounded to float16 after every step",
        "a small momentum does not move them; the rounding of float16 shows in wider formats",
        TRACKED,
        moved=_moved_in_half,
    ),
    by_layer(
        "running-var-reset",
        "running-var-init",
        "the running variance starts at 0, whatever the layer is given",
        "inference with a fresh layer, and the first step in training, forget the given running variance",
        _ResetAtStart,
        TRACKED,
    ),
    by_layer(
        "running-from-stale",
        "ema-invariant-violated",
        "every step moves the running statistics by weight times (new - first), first being the value at the start",
        "two steps with one batch leave the running variance outside the interval between old and new",
        _FromStale,
        TRACKED,
    ),
    by_layer(
        "running-in-training",
        "normalises-with-running-stats-in-train",
        "in training x is normalized with the updated running statistics",
        "y in training depends on the momentum and on the running statistics before",
        _RunningInTraining,
        TRACKED,
    ),
    by_layer(
        "mode-ignored",
        "mode-flag-ignored",
        "inference does what training does",
        "y in inference depends on the other elements of x, and the running statistics move",
        _AlwaysTraining,
        TRACKED,
    ),
    by_layer(
        "inference-moves-running",
        "mode-flag-ignored",
        "inference moves the running statistics",
        "the running statistics differ after inference",
        _MovesInInference,
        TRACKED,
    ),
    by_layer(
        "running-swapped",
        "state-roundtrip",
        "the running mean is given out as the running variance, and the other way round",
        "the running statistics read after a step are not the ones that inference uses",
        _OtherLayersState,
        TRACKED,
    ),
    by_layer(
        "folded-without-mean",
        "bn-folding",
        "folded for inference, a layer without beta does not subtract the running mean",
        "y in inference without beta changes with the running mean",
        _FoldedWithoutMean,
        TRACKED,
    ),
    by_layer(
        "folded-in-half-precision",
        "bn-folding",
        "folded for inference, factor and summand are rounded to float16",
        "y in inference has errors of the size of float16's",
        _FoldedInHalf,
        TRACKED,
    ),
)
