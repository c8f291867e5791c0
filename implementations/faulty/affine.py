"""Faults in gamma and beta."""

import numpy as np

from normspec.implementations.faulty.fault import AFFINE, SHIFTED, by_convention, by_formula, by_layer, by_wrapping
from normspec.implementations.numpy.formulas import affine
from normspec.implementations.numpy.layer import NumpyLayer
from normspec.spec.formats import Array
from normspec.spec.partition import Partition

ROW_BLOCKS = (
    "layer_norm",
    "rms_norm",
    "add_layer_norm",
    "add_rms_norm",
)  # where the parameters belong to positions within a group


def _reversed_blocks(xhat: Array, gamma: Array | None, beta: Array | None) -> Array:
    return affine(xhat, None if gamma is None else gamma[::-1], beta)


def _crossed(xhat: Array, gamma: Array | None, beta: Array | None) -> Array:
    return affine(xhat, None if beta is None else gamma, beta)


def _absent_as_zero(xhat: Array, gamma: Array | None, beta: Array | None) -> Array:
    return affine(xhat, np.zeros_like(xhat) if gamma is None else gamma, beta)


def _offset_from_one(xhat: Array, gamma: Array | None, beta: Array | None) -> Array:
    return affine(xhat, None if gamma is None else 1 + gamma, beta)


def _gamma_on_beta(xhat: Array, gamma: Array | None, beta: Array | None) -> Array:
    return affine(xhat if beta is None else xhat + beta, gamma, None)


class _BroadcastSilently(NumpyLayer):
    """Takes parameters of length 1 for any number of channels, and cuts those that are too long."""

    def _partitions(self, x: Array) -> tuple[Partition, Partition]:
        shape = self.operation.blocks(x.shape, self.attributes).parts_shape
        self.parameters = {name: np.resize(values, shape) for name, values in self.parameters.items()}
        return super()._partitions(x)


class _AlongLastAxis(NumpyLayer):
    """Lets gamma and beta run along the last axis wherever their shape allows it."""

    def _parameter(self, name: str, blocks: Partition) -> Array | None:
        if name in self.parameters and self.parameters[name].shape == blocks.shape[-1:]:
            return blocks.split(np.broadcast_to(self.parameters[name], blocks.shape))
        return super()._parameter(name, blocks)


class _Transposed(NumpyLayer):
    """Reads gamma and beta of several axes in the reverse order of the axes."""

    def _parameter(self, name: str, blocks: Partition) -> Array | None:
        own = super()._parameter(name, blocks)
        if own is None:
            return None
        shape = blocks.parts_shape
        return blocks.spread(np.reshape(own.reshape(shape).T, shape))


class _ForFirstSample(NumpyLayer):
    """Applies gamma and beta to the first sample alone."""

    def forward(self, x: Array, *, training: bool) -> Array:
        y = super().forward(x, training=training)
        kept, self.parameters = self.parameters, {}
        bare = super().forward(x, training=training)
        self.parameters = kept
        del self.saved[-1]
        y[1:] = bare[1:]
        return y


class _PerGroup(NumpyLayer):
    """Gives all channels of a group the gamma and beta of its first channel."""

    def _parameter(self, name: str, blocks: Partition) -> Array | None:
        own = super()._parameter(name, blocks)
        if own is None:
            return None
        size = blocks.shape[1] // self.attributes["groups"]
        shared: Array = own[np.arange(blocks.shape[1]) // max(size, 1) * size]
        return shared


FAULTS = (
    by_formula(
        "affine-ignored",
        "affine-not-applied",
        "gamma and beta are not applied",
        "y is xhat, whatever gamma and beta are",
        AFFINE,
        affine=lambda xhat, gamma, beta: xhat,
    ),
    by_formula(
        "affine-swapped",
        "affine-not-applied",
        "gamma is added and beta multiplied",
        "y is beta xhat + gamma",
        SHIFTED,
        affine=lambda xhat, gamma, beta: affine(xhat, beta, gamma),
    ),
    by_formula(
        "gamma-times-beta",
        "affine-not-applied",
        "beta is added before gamma multiplies",
        "y is gamma (xhat + beta)",
        SHIFTED,
        affine=_gamma_on_beta,
    ),
    by_formula(
        "affine-channels-reversed",
        "affine-wrong-index",
        "gamma is read in the reverse order of the channels",
        "y has the gamma of another channel",
        AFFINE,
        affine=_reversed_blocks,
    ),
    by_layer(
        "affine-per-group",
        "affine-wrong-index",
        "gamma and beta of a group's first channel serve all its channels",
        "y has the gamma of another channel of its group",
        _PerGroup,
        ("group_norm",),
    ),
    by_layer(
        "affine-transposed",
        "affine-wrong-index",
        "gamma and beta of several axes are read with the axes in reverse order",
        "y has the gamma of another position",
        _Transposed,
        ROW_BLOCKS,
    ),
    by_layer(
        "affine-along-last-axis",
        "axis-param-broadcast",
        "gamma and beta run along the last axis wherever it is as long as they are",
        "y of an image as wide as it has channels is wrong",
        _AlongLastAxis,
        tuple(name for name in AFFINE if name not in ROW_BLOCKS),
    ),
    by_layer(
        "affine-for-first-sample",
        "per-sample-independence",
        "gamma and beta are applied to the first sample of a batch alone",
        "the second sample alone gives something else than in the batch",
        _ForFirstSample,
        tuple(name for name in AFFINE if name not in ("batch_norm", "weight_norm")),
    ),
    by_formula(
        "affine-flag-crossed",
        "affine-flag-crossed",
        "gamma is applied only where beta is given",
        "y without beta ignores gamma",
        SHIFTED,
        affine=_crossed,
    ),
    by_formula(
        "absent-gamma-as-zero",
        "grad-missing-or-severed",
        "a gamma that is not given counts as 0, not as 1",
        "y without gamma is beta",
        AFFINE,
        affine=_absent_as_zero,
    ),
    by_formula(
        "gamma-offset",
        "weight-offset-variant",
        "the scale is 1 + gamma in the forward, and gamma in the backward",
        "y and dx belong to different functions",
        AFFINE,
        affine=_offset_from_one,
    ),
    by_convention(
        "offset-ignored",
        "weight-offset-variant",
        "the scale is gamma, where 1 + gamma is declared",
        "y with gamma = 0 is 0",
        ("rms_norm",),
        {"scale_form": "offset"},
        scale_form="gamma",
    ),
    by_wrapping(
        "gamma-twice-in-dx",
        "weight-offset-variant",
        "dx is multiplied by gamma twice",
        "dx is wrong unless gamma is 0, 1 or -1",
        AFFINE,
        scaled_cotangent=lambda correct: lambda dy, gamma: correct(correct(dy, gamma), gamma),
    ),
    by_formula(
        "gamma-missing-in-dx",
        "weight-offset-variant",
        "dx is not multiplied by gamma",
        "dx is wrong unless gamma is 1",
        AFFINE,
        scaled_cotangent=lambda dy, gamma: dy,
    ),
    by_layer(
        "parameter-length-ignored",
        "affine-broadcast-spec",
        "gamma and beta of a wrong length are repeated or cut until they fit",
        "parameters of a wrong length are accepted",
        _BroadcastSilently,
        AFFINE,
    ),
    by_convention(
        "cast-before-scale",
        "dtype-contract",
        "xhat is rounded to the format of x before gamma multiplies it, where one rounding at the end is declared",
        "y has two roundings of the narrow format",
        ("rms_norm",),
        cast_order="before_scale",
    ),
)
