"""What is asked: streams of cases. A stream is one kind of case that several laws are tried on together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from hypothesis import strategies as st

from normspec.properties.cases import batch_norm, pinned
from normspec.spec.case import Case
from normspec.spec.claims import Claims
from normspec.spec.formats import FORMATS, Array


def recast(case: Case, dtype: str) -> Case:
    """Return the case with every array in another dtype, clipped to its finite range."""
    fmt = FORMATS[dtype]

    def cast(array: Array) -> Array:
        with np.errstate(over="ignore"):
            return np.clip(array.astype(np.float64), -fmt.largest, fmt.largest).astype(fmt.dtype)

    return case.with_arrays(cast, cast).but(
        dtype=dtype,
        parameters={name: cast(values) for name, values in case.parameters.items()},
        state={name: cast(values) for name, values in case.state.items()},
    )


@dataclass(frozen=True)
class Stream:
    """A kind of case: by operation its strategy and its pinned cases; and how many of the examples are drawn of it."""

    name: str
    strategies: Mapping[str, Callable[[Claims, str], st.SearchStrategy[Case]]]
    pinned: Mapping[str, Callable[[Claims, str], list[Case]]]
    share: float


STREAMS: Mapping[str, Stream] = MappingProxyType(
    {
        stream.name: stream
        for stream in (
            Stream("small", {"batch_norm": batch_norm.small}, {"batch_norm": pinned.small}, 1.0),
            Stream("large", {"batch_norm": batch_norm.large}, {"batch_norm": pinned.large}, 0.3),
            Stream("degenerate", {"batch_norm": batch_norm.degenerate}, {"batch_norm": pinned.degenerate}, 0.2),
            Stream("invalid", {"batch_norm": batch_norm.invalid}, {"batch_norm": pinned.invalid}, 0.2),
        )
    }
)
