"""Cases on which accuracy is measured whatever the seed: groups of 2 to 4097 elements, well and badly conditioned.

Rounding errors show in long groups and where the mean is large beside the deviations from it. Drawn cases are short.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import numpy as np

from normspec.properties.cases.shapes import Extent, Geometry, geometries
from normspec.properties.cases.within import ANYTHING, GIVEN
from normspec.spec.case import Case, Step
from normspec.spec.formats import Array, Format
from normspec.spec.partition import Shape

LENGTHS = (2, 3, 17, 129, 1025, 4097)  # no power of two: tails and padding take part
RANKS = (2, 4)  # rows of features, and images
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
        for geometry in shapes(extent, length):
            for name, (epsilon, values) in DATA.items():
                fmt = extent.format
                x = values(np.resize(_K, geometry.shape), fmt).astype(fmt.dtype)
                if (geometry.shape, x.tobytes()) not in seen:
                    seen.add((geometry.shape, x.tobytes()))
                    yield _case(extent, geometry, x, epsilon, name)


def shapes(extent: Extent, length: int) -> Iterator[Geometry]:
    """Yield a geometry of each rank with `length` elements in a group and two groups, or as near as the rank allows."""
    for rank in RANKS:
        if rank in extent.ranks:
            ones = [tuple(length if axis == at else 1 for axis in range(rank)) for at in reversed(range(rank))]
            shape = next(shape for shape in ones if geometries(extent, shape, length))
            doubled = [tuple(2 if axis == at else size for axis, size in enumerate(shape)) for at in range(rank)]
            two = next((each for each in doubled if _groups_of(extent, each, length, 2)), None)
            yield (_groups_of(extent, two, length, 2) if two else geometries(extent, shape, length))[0]


def _groups_of(extent: Extent, shape: Shape, members: int, parts: int) -> list[Geometry]:
    found = geometries(extent, shape, members)
    return [g for g in found if extent.operation.groups(shape, g.attributes).parts == parts]


def _case(extent: Extent, geometry: Geometry, x: Array, epsilon: float, name: str) -> Case:
    claims, fmt, operation = extent.claims, extent.format, extent.operation
    script = [Step("train", x)]
    wanted = tuple(each for each in claims.gradients if each == "dx" or each[1:] in claims.parameters)
    if "backward" in claims.verbs and wanted:
        y = operation.shape_of("y", x.shape, geometry.attributes)
        script.append(Step("backward", None, (np.resize(_K[::-1], y) / 8 + 0.25).astype(fmt.dtype), 0, wanted))

    def given(each: str) -> Array:
        values = np.array(GIVEN.get(each, ANYTHING))
        return np.resize(values, operation.shape_of(each, x.shape, geometry.attributes)).astype(fmt.dtype)

    return Case(
        operation=operation.name,
        dtype=extent.dtype,
        attributes=dict(geometry.attributes)
        | ({"epsilon": epsilon} if operation.has_epsilon else {})
        | ({"momentum": 0.25} if operation.averages else {})
        | dict(claims.fixed),
        script=tuple(script),
        parameters={each: given(each) for each in claims.parameters},
        state={each: given(each) for each in claims.state},
        layout=claims.layouts[0],
        regime=name,
    )
