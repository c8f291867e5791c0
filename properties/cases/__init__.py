"""What is asked: streams of cases. A stream is one kind of case that several laws are tried on together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from hypothesis import strategies as st

from normspec.properties.cases import lives, pinned, scripts, tangents
from normspec.properties.cases.shapes import Extent
from normspec.spec.case import Case
from normspec.spec.formats import FORMATS, Array


def recast(case: Case, dtype: str) -> Case:
    """Return the case with every array in another dtype, clipped to its finite range."""
    fmt = FORMATS[dtype]

    def cast(array: Array) -> Array:
        with np.errstate(over="ignore"):
            return np.clip(array.astype(np.float64), -fmt.largest, fmt.largest).astype(fmt.dtype)

    return case.with_arrays(cast, cast, cast).but(
        dtype=dtype,
        parameters={name: cast(values) for name, values in case.parameters.items()},
        state={name: cast(values) for name, values in case.state.items()},
    )


@dataclass(frozen=True)
class Stream:
    """A kind of case: how it is drawn, what is pinned of it, and how many of the examples are drawn of it.

    stratified: whether every regime gets its part of them, instead of what Hypothesis happens to draw.
    """

    name: str
    strategy: Callable[[Extent], st.SearchStrategy[Case]]
    pinned: Callable[[Extent], list[Case]]
    share: float
    stratified: bool = False


STREAMS: Mapping[str, Stream] = MappingProxyType(
    {
        stream.name: stream
        for stream in (
            Stream("small", scripts.small, pinned.small, 1.0, stratified=True),
            Stream("large", scripts.large, pinned.large, 0.3, stratified=True),
            Stream("tangents", tangents.tangents, tangents.pinned, 0.5),
            Stream("lives", lives.lives, lives.pinned, 1.0),
            Stream("degenerate", scripts.degenerate, pinned.degenerate, 0.2),
            Stream("invalid", scripts.invalid, pinned.invalid, 0.2),
        )
    }
)
