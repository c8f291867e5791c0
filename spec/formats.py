"""The floating-point formats that layers compute in, and what the error analysis needs to know of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Format:
    """A binary floating-point format, of which there is one each: it is equal to itself alone.

    precision counts the significand's bits with the hidden one; min_exponent is the exponent of the smallest normal
    number. Source: IEEE 754-2019, table 3.5; bfloat16 has binary32's exponents.
    """

    name: str
    dtype: np.dtype[Any]
    precision: int
    min_exponent: int
    largest: float

    @cached_property
    def unit_roundoff(self) -> float:
        """Return u: half the distance from 1 to the next larger number."""
        return 2.0**-self.precision

    @cached_property
    def smallest_subnormal(self) -> float:
        """Return eta: the smallest positive number."""
        return float(2.0 ** (self.min_exponent - self.precision + 1))

    @cached_property
    def half_subnormal(self) -> float:
        """Return the largest error of rounding to a subnormal number, or the next larger one that float64 holds."""
        return self.smallest_subnormal / 2 or self.smallest_subnormal


def _format(name: str, dtype: Any) -> Format:
    info: Any = ml_dtypes.finfo(dtype)  # type: ignore[no-untyped-call]
    return Format(name, np.dtype(dtype), int(info.nmant) + 1, int(info.minexp), float(info.max))


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "float64": _format("float64", np.float64),
        "float32": _format("float32", np.float32),
        "float16": _format("float16", np.float16),
        "bfloat16": _format("bfloat16", ml_dtypes.bfloat16),
    }
)


def ulp(output: Format, values: Array) -> Array:
    """Return the spacing of a format's numbers at these magnitudes, float64; that of 0 is the least."""
    exponent = np.where(values == 0, output.min_exponent, np.frexp(values)[1] - 1)
    return np.asarray(np.ldexp(1.0, np.maximum(exponent, output.min_exponent) - output.precision + 1))


def format_of(array: Array) -> Format | None:
    """Return the format of an array's elements, or None when it is none of FORMATS."""
    return FORMATS.get(array.dtype.name)
