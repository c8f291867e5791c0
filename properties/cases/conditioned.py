"""Cases on which accuracy is measured whatever the seed: groups of 2 to 4097 elements, well and badly conditioned.

Rounding errors show in long groups and where the mean is large beside the deviations from it. Drawn cases are short.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import numpy as np

from normspec.properties.cases.shapes import Extent, Shape
from normspec.spec.case import Case, Step
from normspec.spec.formats import Array, Format

LENGTHS = (2, 3, 17, 129, 1025, 4097)  # no power of two: tails and padding take part
RANKS = (2, 4)  # rows of features, and images
GIVEN = {"gamma": (1.5, -0.5), "beta": (0.25, 2.0), "running_mean": (0.5, -1.0), "running_var": (2.0, 0.25)}
_K = np.array([3, -5, 8, 1, -2, 7, -8, 4, -1, 6, -7, 2, 5])  # of prime length, so that channels stay different


def _offset(exponent: int) -> Callable[[Array, Format], Array]:
    """Return k plus a mean of 10^exponent, or the largest at which the format still tells such numbers apart."""
    return lambda k, fmt: np.asarray(min(10.0**exponent, 2.0 ** (fmt.precision - 3)) + k / 4)


def _outlier(k: Array, fmt: Format) -> Array:
    values = k.astype(np.float64)
    values.reshape(-1)[0] = 2.0**10
    return values


DATA: Mapping[str, tuple[float, Callable[[Array, Format], Array]]] = MappingProxyType(
    {
        "tenths": (1e-5, lambda k, fmt: np.asarray(k / 10)),
        "mean/std 1e1": (1e-5, _offset(1)),
        "mean/std 1e3": (1e-5, _offset(3)),
        "mean/std 1e6": (1e-5, _offset(6)),
        "outlier": (1e-3, _outlier),
        "constant": (1.0, lambda k, fmt: np.full(k.shape, 0.1)),
    }
)
"""Kinds of data by name: epsilon, and the values made of small integers."""


def conditioned(extent: Extent) -> Iterator[Case]:
    """Yield the cases of one dtype, in the first layout claimed, each a training step and its backward."""
    seen = set()
    for length in LENGTHS:
        for shape in shapes(extent, length):
            for name, (epsilon, values) in DATA.items():
                fmt = extent.format
                x = values(np.resize(_K, shape), fmt).astype(fmt.dtype)
                if (shape, x.tobytes()) not in seen:
                    seen.add((shape, x.tobytes()))
                    yield _case(extent, x, epsilon, name)


def shapes(extent: Extent, length: int) -> Iterator[Shape]:
    """Yield a shape of each rank with `length` elements in a group and two groups, or as near as the rank allows."""
    for rank in RANKS:
        if rank in extent.ranks:
            kept = extent.operation.groups((1,) * rank).kept
            axes = extent.operation.group_axes(rank)
            long, two = axes[-1] if axes else None, kept[-1] if kept else None
            yield tuple(length if axis == long else 2 if axis == two else 1 for axis in range(rank))


def _case(extent: Extent, x: Array, epsilon: float, name: str) -> Case:
    claims, fmt = extent.claims, extent.format
    blocks, groups = (part(x.shape).parts for part in (extent.operation.blocks, extent.operation.groups))
    script = [Step("train", x)]
    wanted = tuple(each for each in claims.gradients if each == "dx" or each[1:] in claims.parameters)
    if "backward" in claims.verbs and wanted:
        cotangent = (np.resize(_K[::-1], x.shape) / 8 + 0.25).astype(fmt.dtype)
        script.append(Step("backward", None, cotangent, 0, wanted))
    return Case(
        operation=extent.operation.name,
        dtype=extent.dtype,
        attributes={"epsilon": epsilon, "momentum": 0.25},
        script=tuple(script),
        parameters={each: np.resize(GIVEN[each], blocks).astype(fmt.dtype) for each in claims.parameters},
        state={each: np.resize(GIVEN[each], groups).astype(fmt.dtype) for each in claims.state},
        layout=claims.layouts[0],
        regime=name,
    )
