"""Faults that hide below the rounding of the output: the instruments show them."""

from dataclasses import replace
from typing import Any

import numpy as np

from normspec.implementations.faulty.fault import CENTRED, FAMILY, by_layer
from normspec.implementations.numpy.formulas import rstd
from normspec.implementations.numpy.layer import NumpyLayer, Saved, Standardized
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS

HALF_BITS = 11  # of float16
ESTIMATED_BITS = 14  # of the estimate of a reciprocal square root in AVX-512 (VRSQRT14PS)
PROBED = {"zero-crossing", "rounding-boundary"}
FEW = 16  # elements whose mean has few roundings: another order of them is no excuse


class _HalfStatistics(NumpyLayer):
    """Keeps rstd in training with 11 bits where arrays are in bfloat16, which has 8: the output's rounding hides it."""

    def _train(self, *arguments: Any) -> Standardized:
        narrow = self.dtype.name == "bfloat16"
        return _trained_by(self, arguments, {"rstd": _rstd_in_half} if narrow else {})


class _EstimatedRstd(NumpyLayer):
    """Estimates rstd for y where arrays are in bfloat16: the output's rounding hides it. Gradients have it in full."""

    def _y(self, saved: Saved) -> Array:
        if self.dtype.name == "bfloat16" and saved.training:
            own = saved.standardized
            off = _of_bits(own.scale, ESTIMATED_BITS) / own.scale
            xhat = own.xhat * np.where(np.isfinite(off), off, 1).astype(own.xhat.dtype)
            saved = replace(saved, standardized=replace(own, xhat=xhat))
        return super()._y(saved)


class _MeanRecomputed(NumpyLayer):
    def _train(self, *arguments: Any) -> Standardized:
        long = arguments[-1].shape[1] > FEW
        return _trained_by(self, arguments, {"normalize": _mean_recomputed} if long else {})


def _trained_by(layer: NumpyLayer, arguments: Any, changes: dict[str, Any]) -> Standardized:
    """Return what training gives with some formulas changed."""
    usual, layer.formulas = layer.formulas, replace(layer.formulas, **changes)
    standardized = NumpyLayer._train(layer, *arguments)
    layer.formulas = usual
    return standardized


def _rstd_in_half(variance: Array, epsilon: Array) -> Array:
    return _of_bits(rstd(variance, epsilon), HALF_BITS)


def _of_bits(values: Array, bits: int) -> Array:
    """Return the values rounded to so many bits."""
    fraction, exponent = np.frexp(values)
    kept: Array = np.ldexp(np.rint(np.ldexp(fraction, bits)), exponent - bits)
    return kept


def _mean_recomputed(rows: Array, mean: Array, scale: Array) -> Array:
    unit = np.finfo(rows.dtype).epsneg
    again: Array = np.where(np.arange(rows.shape[1]) % 2, mean * (1 + 4 * unit), mean)
    return (rows - again) * scale


FAULTS = (
    by_layer(
        "rstd-in-half-precision",
        "low-precision-accumulation",
        "for arrays in bfloat16, rstd is kept with the 11 bits of float16",
        "y where beta cancels it; elsewhere its own rounding hides it from one element in ten or so",
        _HalfStatistics,
        tuple(name for name in CENTRED if "zero-crossing" in OPERATIONS[name].requirements),
    ),
    by_layer(
        "rstd-estimated",
        "low-precision-accumulation",
        "for arrays in bfloat16, y has the processor's estimate of rstd, of 14 bits, without Newton's step after it",
        "y beside the middle of two neighbours, and y where beta cancels it; elsewhere its own rounding hides it",
        _EstimatedRstd,
        tuple(name for name in FAMILY if PROBED & set(OPERATIONS[name].requirements)),
    ),
    by_layer(
        "mean-recomputed",
        "recomputed-statistics",
        f"of more than {FEW} elements, every other one is centred by a mean that was summed again in another order",
        "no single mean explains y, though each element is within its tolerance",
        _MeanRecomputed,
        tuple(name for name in CENTRED if "shared-statistics" in OPERATIONS[name].requirements),
    ),
)
