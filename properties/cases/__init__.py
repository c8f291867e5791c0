"""What is asked: streams of cases. A stream is one kind of case that several laws are tried on together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from hypothesis import strategies as st

from normspec.properties.cases import batch_norm
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
    """A kind of case: its strategy by operation, and how many are drawn, as a share of the examples asked for."""

    name: str
    strategies: Mapping[str, Callable[[Claims, str], st.SearchStrategy[Case]]]
    share: float


STREAMS: Mapping[str, Stream] = MappingProxyType(
    {
        stream.name: stream
        for stream in (
            Stream("small", {"batch_norm": batch_norm.small}, 1.0),
            Stream("large", {"batch_norm": batch_norm.large}, 0.3),
            Stream("degenerate", {"batch_norm": batch_norm.degenerate}, 0.2),
            Stream("invalid", {"batch_norm": batch_norm.invalid}, 0.2),
        )
    }
)
