"""Faults in how arrays are read and written."""

from collections.abc import Mapping

import numpy as np

from normspec.implementations.faulty.fault import Passing, by_conduct
from normspec.spec.formats import Array


def _memory_as_if_contiguous(array: Array) -> Array:
    """Return the memory under the array, from its start, as if the array were all of it in C order."""
    root = array
    while isinstance(root.base, np.ndarray):
        root = root.base
    return array if array.flags.c_contiguous else np.resize(root.reshape(-1), array.shape)


class _StridesIgnored(Passing):
    def forward(self, x: Array, *, training: bool) -> Array:
        return super().forward(_memory_as_if_contiguous(x), training=training)


class _CotangentStridesIgnored(Passing):
    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        return super().backward(step, _memory_as_if_contiguous(cotangent), wanted)


class _Mispaired(Passing):
    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        in_memory_order = cotangent.ravel(order="K").reshape(cotangent.shape)
        return super().backward(step, in_memory_order, wanted)


class _WritesInput(Passing):
    def forward(self, x: Array, *, training: bool) -> Array:
        y = super().forward(x, training=training)
        x[...] = y
        return y


class _WritesCotangent(Passing):
    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        found = super().backward(step, cotangent, wanted)
        if "dx" in found:
            cotangent[...] = found["dx"]
        return found


FAULTS = (
    by_conduct(
        "strides-ignored",
        "noncontiguous-input",
        "x is read as if it were contiguous",
        "y depends on the layout of x",
        _StridesIgnored,
    ),
    by_conduct(
        "cotangent-strides-ignored",
        "noncontiguous-input",
        "the cotangent is read as if it were contiguous",
        "the gradients depend on the layout of the cotangent",
        _CotangentStridesIgnored,
    ),
    by_conduct(
        "channels-last-mispaired",
        "memory-layout-wrong",
        "the backward pairs the cotangent in memory order with xhat in C order",
        "the gradients are wrong in layouts with another order of the axes",
        _Mispaired,
    ),
    by_conduct(
        "input-mutated",
        "input-mutated",
        "y is written over x",
        "x is not what it was before the forward",
        _WritesInput,
    ),
    by_conduct(
        "cotangent-overwritten",
        "aliasing-inplace",
        "dx is written over the cotangent",
        "the cotangent is not what it was before the backward",
        _WritesCotangent,
    ),
)
