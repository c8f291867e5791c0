"""Faults in how a layer behaves as a program: formats, repeatability, state, failure."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np

from normspec.implementations.faulty.fault import (
    AFFINE,
    CENTRED,
    EPSILON,
    EVERY,
    SHIFTED,
    Passing,
    by_conduct,
    by_formula,
    by_layer,
    by_wrapping,
)
from normspec.implementations.faulty.statistics import Statistics
from normspec.implementations.layouts import bits
from normspec.implementations.numpy.formulas import average, two_pass
from normspec.implementations.numpy.layer import NumpyLayer, Standardized, standardize
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS
from normspec.spec.partition import Partition

_calls = count()


class _AlwaysFloat64(Passing):
    def forward(self, x: Array, *, training: bool) -> Array:
        return super().forward(x, training=training).astype(np.float64)


class _Float32Inside(NumpyLayer):
    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.working = np.dtype(np.float32)
        self.epsilon = self.epsilon.astype(self.working)
        self.parameters = {name: values.astype(self.working) for name, values in self.parameters.items()}


class _Unrepeatable(Passing):
    def forward(self, x: Array, *, training: bool) -> Array:
        y = np.ascontiguousarray(super().forward(x, training=training))
        own = bits(y)
        own ^= own.dtype.type(next(_calls) % 2)
        return y


class _Leftover(NumpyLayer):
    previous: Array | None = None

    def _train(self, groups: Partition, blocks: Partition, rows: Array) -> Standardized:
        own = super()._train(groups, blocks, rows)
        fits = self.previous is not None and self.previous.shape == own.mean.shape
        mean = self.previous if fits and self.previous is not None else own.mean
        self.previous = own.mean
        xhat = self.formulas.normalize(np.ldexp(rows, -own.exponent), np.ldexp(mean, -own.exponent), own.scale)
        return Standardized(own.mean, own.variance, own.scale, own.exponent, xhat)


class _Zeros(Passing):
    def forward(self, x: Array, *, training: bool) -> Array:
        return np.zeros_like(super().forward(x, training=training))

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        return {name: np.zeros_like(values) for name, values in super().backward(step, cotangent, wanted).items()}


class _CrashesOnRankThree(Passing):
    def forward(self, x: Array, *, training: bool) -> Array:
        if x.ndim == 3:
            raise IndexError(f"tuple index out of range: shape {x.shape} has no axis 3")
        return super().forward(x, training=training)


class _CrashesOnOddWidth(Passing):
    def forward(self, x: Array, *, training: bool) -> Array:
        if x.ndim > 2 and x.shape[-1] % 2:
            raise AssertionError(f"width {x.shape[-1]} is not a multiple of the vector length 2")
        return super().forward(x, training=training)


class _RefusesRankFive(Passing):
    def forward(self, x: Array, *, training: bool) -> Array:
        if x.ndim == 5:
            raise ValueError(f"expected input of rank 2 to 4, got shape {x.shape}")
        return super().forward(x, training=training)


class _ForgetsDbeta(Passing):
    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        found = super().backward(step, cotangent, wanted)
        return {name: values for name, values in found.items() if name != "dbeta"}


class _ForgetsDgamma(Passing):
    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        found = super().backward(step, cotangent, wanted)
        return {name: values for name, values in found.items() if name != "dgamma"}


class _Twice(NumpyLayer):
    def _train(self, groups: Partition, blocks: Partition, rows: Array) -> Standardized:
        own = super()._train(groups, blocks, rows)
        if not rows.size:
            return own
        again = standardize(self.formulas, own.xhat, self.epsilon)
        return replace(own, xhat=again.xhat)


def _one_variance(correct: Statistics) -> Statistics:
    def statistics(rows: Array) -> tuple[Array, Array]:
        mean, variance = correct(rows)
        return mean, variance.mean(axis=0, keepdims=True) + 0 * variance

    return statistics


def _across_groups(rows: Array) -> tuple[Array, Array]:
    mean, variance = two_pass(rows)
    return np.broadcast_to(mean.mean(axis=0, keepdims=True), mean.shape), average(np.square(rows - mean)) + 0 * variance


def _of_rank(rank: int) -> tuple[str, ...]:
    """Return the operations that take input of this rank."""
    return tuple(name for name in EVERY if rank in OPERATIONS[name].ranks)


FAULTS = (
    by_conduct(
        "wrong-dtype",
        "dtype-contract",
        "y is float64 whatever x is",
        "y does not have the dtype of x",
        _AlwaysFloat64,
    ),
    by_layer(
        "float64-in-float32",
        "dtype-contract",
        "float64 input is computed in float32",
        "y, statistics and gradients of float64 input have errors of the size of float32's",
        _Float32Inside,
    ),
    by_conduct(
        "not-deterministic",
        "nondeterminism",
        "the last bit of y differs in every second call of the process",
        "two runs on one case do not agree to the bit",
        _Unrepeatable,
    ),
    by_layer(
        "leftover-mean",
        "state-left-behind",
        "a training step subtracts the mean of the training step before it",
        "y depends on earlier calls",
        _Leftover,
        CENTRED,
    ),
    by_formula(
        "mean-across-channels",
        "per-sample-independence",
        "the mean of all channels is subtracted from each",
        "y of one channel depends on the others",
        CENTRED,
        statistics=_across_groups,
    ),
    by_wrapping(
        "variance-across-channels",
        "per-sample-independence",
        "all groups are divided by the root of one variance, the mean of theirs",
        "y of one group depends on the others",
        statistics=_one_variance,
    ),
    by_layer(
        "applied-twice",
        "applied-twice",
        "x is normalized, and the result is normalized again",
        "the mean square of xhat is wrong where the variance is near epsilon",
        _Twice,
        EPSILON,
    ),
    by_conduct(
        "zeros",
        "zeros-as-answer",
        "y and every gradient are zeros",
        "y is not xhat times gamma plus beta",
        _Zeros,
    ),
    by_conduct(
        "crashes-on-rank-3",
        "rank-assumption",
        "input of rank 3, which is claimed, raises IndexError",
        "a claimed input makes the layer crash",
        _CrashesOnRankThree,
        _of_rank(3),
    ),
    by_conduct(
        "crashes-on-odd-width",
        "tile-tail-or-block-boundary",
        "an odd last axis of input of rank 3 to 5 raises AssertionError",
        "a claimed input makes the layer crash",
        _CrashesOnOddWidth,
        _of_rank(3),
    ),
    by_conduct(
        "refuses-rank-5",
        "rank-assumption",
        "input of rank 5, which is claimed, is refused",
        "a claimed input is refused",
        _RefusesRankFive,
        _of_rank(5),
    ),
    by_conduct(
        "dbeta-forgotten",
        "grad-missing-or-severed",
        "dbeta is not returned",
        "a gradient that is claimed and wanted does not come",
        _ForgetsDbeta,
        SHIFTED,
    ),
    by_conduct(
        "dgamma-forgotten",
        "grad-missing-or-severed",
        "dgamma is not returned",
        "a gradient that is claimed and wanted does not come",
        _ForgetsDgamma,
        AFFINE,
    ),
)
