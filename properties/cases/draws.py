"""The pieces that every operation's cases are drawn from: integers, arrays, attributes, parameters.

Small arrays are drawn element by element. A large one repeats a short drawn pattern, so that drawing stays cheap, the
pattern shrinks, and the array can be written down in one line of a program.
"""

from collections.abc import Sequence
from math import prod

import numpy as np
from hypothesis import strategies as st

from normspec.properties.cases.regimes import SIZES, Scale, realize
from normspec.spec.formats import Array, Format

PATTERN = 24  # the longest pattern drawn element by element: beyond it, more drawn elements find nothing more
_BYTES = {length: st.binary(min_size=length, max_size=length) for length in range(PATTERN + 1)}
_ZIGZAG = np.array([0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6, 7, -7, 8, -8], dtype=np.float64)

MOMENTA = (0.1, 0.9, 0.25, 1.0, 0.0, 0.01)
EPSILONS = st.builds(lambda power, digit: digit * 10.0**power, st.integers(-12, 0), st.sampled_from((1.0, 10.0, 2.5)))


@st.composite
def integers(draw: st.DrawFn, shape: tuple[int, ...], *, longest: int = PATTERN) -> Array:
    """Draw an array of integers in -8..8 of this shape; a pattern of up to `longest` repeats to fill it.

    The pattern is one draw of bytes, many times cheaper than a list of integers; smaller bytes are simpler integers.
    """
    drawn = np.frombuffer(draw(_BYTES[min(prod(shape), longest)]), dtype=np.uint8)
    return np.resize(_ZIGZAG[drawn % len(_ZIGZAG)], shape)


@st.composite
def tensors(draw: st.DrawFn, shape: tuple[int, ...], regime: str, scale: Scale) -> Array:
    """Draw an input of this shape in a regime; a prime-length pattern keeps channels of a large one different."""
    longest = PATTERN if prod(shape) <= PATTERN else PATTERN - 1
    return realize(regime, draw(integers(shape, longest=longest)), scale)


def sizes() -> st.SearchStrategy[int]:
    """Return a strategy for a regime's size knob."""
    return st.integers(0, SIZES - 1)


@st.composite
def quarters(draw: st.DrawFn, shape: tuple[int, ...], fmt: Format, *, positive: bool = False) -> Array:
    """Draw an array of multiples of 1/4 in -2..2, or in 1/4..9/4 where positive: exact in every format."""
    values = draw(integers(shape))
    return np.asarray((np.abs(values) + 1 if positive else values) / 4).astype(fmt.dtype)


@st.composite
def cotangents(draw: st.DrawFn, shape: tuple[int, ...], fmt: Format) -> Array:
    """Draw a cotangent: of either sign, or with a mean far from zero, so that sums over many rows grow."""
    return draw(quarters(shape, fmt, positive=draw(st.booleans())))


def maybe(strategy: st.SearchStrategy[Array]) -> st.SearchStrategy[Array | None]:
    """Return a strategy that also draws None, which is the simpler of the two."""
    return st.none() | strategy


def subsets(names: Sequence[str]) -> st.SearchStrategy[tuple[str, ...]]:
    """Return a strategy for the nonempty subsets of names, in their order; the whole comes first."""
    masks = range(2 ** len(names) - 1, 0, -1)
    every = [tuple(name for bit, name in enumerate(names) if mask >> bit & 1) for mask in masks]
    return st.sampled_from(every)
