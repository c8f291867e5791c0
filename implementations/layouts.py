"""How arrays lie in memory when they reach an implementation. The values are the same in every layout."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from normspec.spec.formats import Array

GAP = np.nan  # between the elements: whoever reads it cannot go unnoticed


@dataclass(frozen=True, eq=False)
class Placed:
    """An array as it is handed over, and the memory that it lies in."""

    array: Array
    memory: Array

    def fingerprint(self) -> bytes:
        """Return the bits of the whole memory: the array's elements and what lies between them."""
        return self.memory.tobytes()


def bits(array: Array) -> Array:
    """Return the elements of an array as unsigned integers of the same width."""
    return array.view(np.dtype(f"u{array.itemsize}"))


def shrunk(values: Array) -> Array:
    """Return values with length 1 along every axis on which they are constant, bit for bit."""
    small = values
    for axis in range(values.ndim):
        first = small.take([0], axis)
        small = first if bool((bits(small) == bits(first)).all()) else small
    return small


def _filled(memory: Array, view: Array, values: Array) -> Placed:
    view[...] = values
    return Placed(view, memory)


def _in_order(values: Array, order: tuple[int, ...]) -> Placed:
    """Place values so that the axes lie in memory in this order, the last one closest together."""
    memory = np.empty([values.shape[axis] for axis in order], values.dtype)
    return _filled(memory, memory.transpose(np.argsort(order)), values)


def _contiguous(values: Array) -> Placed:
    return _in_order(values, tuple(range(values.ndim)))


def _channels_last(values: Array) -> Placed:
    if values.ndim < 3:
        return _contiguous(values)
    return _in_order(values, (0, *range(2, values.ndim), 1))


def _transposed(values: Array) -> Placed:
    return _in_order(values, tuple(reversed(range(values.ndim))))


def _strided(values: Array) -> Placed:
    memory = np.full((*values.shape[:-1], 2 * values.shape[-1]), GAP, values.dtype)
    return _filled(memory, memory[..., ::2], values)


def _offset(values: Array) -> Placed:
    memory = np.full(values.size + 1, GAP, values.dtype)
    return _filled(memory, memory[1:].reshape(values.shape), values)


def _reversed(values: Array) -> Placed:
    memory = np.empty(values.shape, values.dtype)
    return _filled(memory, memory[..., ::-1], values)


def _expanded(values: Array) -> Placed:
    """Place values with stride 0 along every axis on which they are constant; the room that this saves is gaps."""
    if values.size == 0:
        return _contiguous(values)
    small = np.array(shrunk(values), order="C")
    memory = np.full(values.size, GAP, values.dtype)
    memory[: small.size] = small.reshape(-1)
    strides = [0 if size == 1 else step for size, step in zip(small.shape, small.strides, strict=True)]
    return Placed(np.lib.stride_tricks.as_strided(memory, values.shape, strides), memory)


LAYOUTS: Mapping[str, Callable[[Array], Placed]] = MappingProxyType(
    {
        "contiguous": _contiguous,
        "channels_last": _channels_last,
        "transposed": _transposed,
        "strided": _strided,
        "offset": _offset,
        "reversed": _reversed,
        "expanded": _expanded,
    }
)


def place(values: Array, layout: str) -> Placed:
    """Return a copy of values that lies in memory as the layout says.

    channels_last: the channel's axis closest together. transposed: all axes in reverse order. strided: every second
    element of a larger array. offset: one element into an array. reversed: the last axis runs backwards. expanded:
    stride 0 wherever the values allow it, as in a cotangent that comes out of sum(). Raises ValueError for a layout
    that does not exist.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"layout={layout!r} does not exist: choose from {', '.join(LAYOUTS)}")
    return LAYOUTS[layout](values)


def state_layout(layout: str) -> str:
    """Return how running statistics lie in a case of this layout: what is written in place has no stride 0."""
    return "contiguous" if layout == "expanded" else layout
