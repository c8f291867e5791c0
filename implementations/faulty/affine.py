"""Faults in gamma and beta."""

import numpy as np

from normspec.implementations.faulty.fault import by_formula, by_layer
from normspec.implementations.formulas import affine, scaled_cotangent
from normspec.implementations.numpy_layer import NumpyLayer
from normspec.spec.formats import Array
from normspec.spec.partition import Partition


def _reversed_channels(xhat: Array, gamma: Array | None, beta: Array | None) -> Array:
    return affine(xhat, None if gamma is None else gamma[::-1], beta)


def _crossed(xhat: Array, gamma: Array | None, beta: Array | None) -> Array:
    return affine(xhat, None if beta is None else gamma, beta)


def _absent_as_zero(xhat: Array, gamma: Array | None, beta: Array | None) -> Array:
    return affine(xhat, np.zeros_like(xhat) if gamma is None else gamma, beta)


def _offset_from_one(xhat: Array, gamma: Array | None, beta: Array | None) -> Array:
    return affine(xhat, None if gamma is None else 1 + gamma, beta)


class _BroadcastSilently(NumpyLayer):
    """Takes parameters of length 1 for any number of channels, and cuts those that are too long."""

    def _partitions(self, x: Array) -> tuple[Partition, Partition]:
        shape = self.operation.blocks(x.shape, self.attributes).parts_shape
        self.parameters = {name: np.resize(values, shape) for name, values in self.parameters.items()}
        return super()._partitions(x)


FAULTS = (
    by_formula(
        "affine-ignored",
        "affine-not-applied",
        "gamma and beta are not applied",
        "y is xhat, whatever gamma and beta are",
        affine=lambda xhat, gamma, beta: xhat,
    ),
    by_formula(
        "affine-swapped",
        "affine-not-applied",
        "gamma is added and beta multiplied",
        "y is beta xhat + gamma",
        affine=lambda xhat, gamma, beta: affine(xhat, beta, gamma),
    ),
    by_formula(
        "affine-channels-reversed",
        "affine-wrong-index",
        "gamma is read in the reverse order of the channels",
        "y has the gamma of another channel",
        affine=_reversed_channels,
    ),
    by_formula(
        "affine-flag-crossed",
        "affine-flag-crossed",
        "gamma is applied only where beta is given",
        "y without beta ignores gamma",
        affine=_crossed,
    ),
    by_formula(
        "absent-gamma-as-zero",
        "grad-missing-or-severed",
        "a gamma that is not given counts as 0, not as 1",
        "y without gamma is beta",
        affine=_absent_as_zero,
    ),
    by_formula(
        "gamma-offset",
        "weight-offset-variant",
        "the scale is 1 + gamma in the forward, and gamma in the backward",
        "y and dx belong to different functions",
        affine=_offset_from_one,
    ),
    by_formula(
        "gamma-twice-in-dx",
        "weight-offset-variant",
        "dx is multiplied by gamma twice",
        "dx is wrong unless gamma is 0, 1 or -1",
        scaled_cotangent=lambda dy, gamma: scaled_cotangent(scaled_cotangent(dy, gamma), gamma),
    ),
    by_formula(
        "gamma-missing-in-dx",
        "weight-offset-variant",
        "dx is not multiplied by gamma",
        "dx is wrong unless gamma is 1",
        scaled_cotangent=lambda dy, gamma: dy,
    ),
    by_layer(
        "parameter-length-ignored",
        "affine-broadcast-spec",
        "gamma and beta of a wrong length are repeated or cut until they fit",
        "parameters of a wrong length are accepted",
        _BroadcastSilently,
    ),
)
