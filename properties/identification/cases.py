"""The cases by which conventions are told apart: few, small, the same every time, the most telling first."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import floor, log2

import numpy as np

from normspec.implementations.contract import Implementation
from normspec.properties.cases.shapes import Extent, Geometry, geometries
from normspec.properties.cases.within import case_within
from normspec.properties.identification.axes import CLAMPED, HALVES, IN_HALVES
from normspec.spec.case import Case, Step
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS, Operation
from normspec.spec.partition import Partition, Shape

SHAPES: tuple[Shape, ...] = ((4, 2), (2, 4), (4, 2, 1), (2, 2, 4), (2, 4, 4), (2, 2, 2, 2), (2, 2, 2, 2, 2))
SQUARES: tuple[Shape, ...] = ((2, 4, 4), (2, 4, 2, 4), (2, 4, 1, 2, 4))  # as many channels as elements in the last axis
LARGER: tuple[Shape, ...] = ((6, 7), (6, 4, 7), (3, 4, 3, 5), (2, 4, 3, 2, 3))
MOMENTUM = 0.25
EPSILONS = (2.0**-4, 0.0)  # without epsilon it does not matter where it stands, but not every layer takes 0
PRIMES = (2, 3, 5)


@dataclass(frozen=True, eq=False)
class Probe:
    """A case, and the names of the axes that it may decide."""

    case: Case
    about: tuple[str, ...]


def extent_of(implementation: Implementation, dtype: str) -> Extent:
    """Return what cases are made for."""
    return Extent(OPERATIONS[implementation.operation], implementation.claims, dtype)


def plain_dtype(implementation: Implementation) -> str:
    """Return the dtype in which most is asked: float32 where it is claimed, else the first that is."""
    claimed = implementation.claims.dtypes
    return "float32" if "float32" in claimed else claimed[0]


def probes(implementation: Implementation) -> Iterator[Probe]:
    """Yield the cases that numbers are asked by."""
    plain = extent_of(implementation, plain_dtype(implementation))
    for epsilon in EPSILONS:
        yield from _probes(_uniform(plain, epsilon), ("normalized_axes",))
    yield from _probes(_levelled(plain), ("epsilon_place",))
    yield from _probes(_trained(plain), ("momentum", "initial_value", "running_variance", "scale_form", "deviation"))
    for epsilon in EPSILONS:
        yield from _probes(_squares(plain, epsilon), ("channel_axis", "group_order"))
    for dtype in HALVES:
        if dtype in implementation.claims.dtypes:
            half = extent_of(implementation, dtype)
            yield from _probes(_lost(half), ("residual_sum",))
            for epsilon in EPSILONS:
                yield from _probes(_rounded(half, epsilon), IN_HALVES)


def _probes(cases: Iterator[Case | None], about: tuple[str, ...]) -> Iterator[Probe]:
    return (Probe(case, about) for case in cases if case is not None)


def asked(
    extent: Extent, shapes: tuple[Shape, ...] = SHAPES, least: int = 2, *, even: bool = False
) -> Iterator[Geometry]:
    """Yield what an x of each shape can be asked to be; the shapes claimed, where only some are."""
    for shape in extent.claims.shapes or shapes:
        if len(shape) in extent.ranks:
            for geometry in geometries(extent, shape, least):
                if not even or extent.operation.groups(shape, geometry.attributes).members % 2 == 0:
                    yield geometry


def built(
    extent: Extent, geometry: Geometry, values: Array, epsilon: float = 1.0, *, back: bool = False
) -> Case | None:
    """Return a training on these values twice, its inference, and its backward, as far as they are claimed."""
    x = values.astype(extent.format.dtype)
    trained = Step("train", x) if "train" in extent.claims.verbs else Step("infer", x)
    scripts: list[tuple[Step, ...]] = [(trained,)]
    if extent.operation.state and extent.claims.state and extent.claims.scripts:
        scripts.insert(0, (trained, replace(trained, x=_reversed(x))))
    if back and "backward" in extent.claims.verbs and extent.claims.gradients:
        cotangent = np.resize(np.array([1.0, -0.5, 0.75, 2.0, -1.5]), x.shape).astype(x.dtype)
        scripts.insert(0, (trained, Step("backward", None, cotangent, 0, ("dx",))))
    for script in scripts:
        case = case_within(extent, script, epsilon, geometry=geometry)
        if case is not None:
            return quartered(case, extent)
    return None


def quartered(case: Case, extent: Extent) -> Case:
    """Return the case with a momentum that tells old from new."""
    momentum = {"momentum": MOMENTUM} if extent.operation.averages else {}
    return case.but(attributes={**case.attributes, **momentum, **extent.claims.fixed}, regime="identify")


def _reversed(x: Array) -> Array:
    doubled: Array = np.ascontiguousarray(np.flip(x)) * x.dtype.type(2)
    return doubled


def level_rows(extent: Extent, groups: Partition, level: float) -> Array:
    """Return rows all of which have this standard deviation and a mean of 0, or this norm."""
    alone = extent.operation.name in CLAMPED
    pattern = [-level, *[0.0] * (groups.members - 1)] if alone else [-level, level]
    return np.resize(pattern, (groups.parts, groups.members))


def _levelled(extent: Extent) -> Iterator[Case | None]:
    """Yield inputs all of whose groups have one standard deviation, or norm, which is a power of two near epsilon's.

    Each place of epsilon then is the same formula with another epsilon.
    """
    if not extent.operation.has_epsilon:
        return
    fixed = extent.claims.fixed.get("epsilon")
    clamped = extent.operation.name in CLAMPED
    epsilon = float(fixed) if fixed else 16.0 if clamped else 4.0
    level = 2.0 ** floor(log2(epsilon) / (1 if clamped else 2)) if fixed else 3.0 if clamped else 1.0
    for geometry in asked(extent, even=not clamped):
        groups = extent.operation.groups(geometry.shape, geometry.attributes)
        rows = level_rows(extent, groups, level) * np.resize([1.0, -1.0, -1.0], (groups.parts, 1))
        case = built(extent, geometry, groups.join(rows), epsilon)
        if case is None:
            continue
        given = {"style": groups.join(rows), "residual": np.zeros(geometry.shape)}
        parameters = {name: given.get(name, values).astype(values.dtype) for name, values in case.parameters.items()}
        state = {**case.state}
        if "running_var" in state:
            state["running_var"] = np.full_like(state["running_var"], level**2)
        yield _everywhere(case.but(parameters=parameters, state=state))


def _trained(extent: Extent) -> Iterator[Case | None]:
    """Yield small groups of unequal elements far apart, in several geometries."""
    for geometry in asked(extent):
        yield built(extent, geometry, np.resize([1.0, -2.0, 3.0, 0.5, -0.5, 4.0, 2.0], geometry.shape))


def _squares(extent: Extent, epsilon: float) -> Iterator[Case | None]:
    """Yield inputs whose last axis is as long as that of the channels."""
    for geometry in asked(extent, SQUARES):
        size = int(np.prod(geometry.shape))
        yield built(extent, geometry, np.resize(np.square(np.arange(size) % 11) / 8.0, geometry.shape), epsilon)


def _uniform(extent: Extent, epsilon: float) -> Iterator[Case | None]:
    """Yield inputs of several axes to layers that may normalize some, with parameters that are the same everywhere."""
    if _turnable(extent.operation):
        for geometry in asked(extent, LARGER, 1):
            values = np.sin(np.arange(float(np.prod(geometry.shape))) ** 2.0).reshape(geometry.shape)
            case = built(extent, geometry, values, epsilon)
            yield None if case is None else _everywhere(case)


def _turnable(operation: Operation) -> bool:
    """Return whether it is a question which axes a layer normalizes: others have parameters of another shape."""
    return "axes" in operation.open_attributes


def _everywhere(case: Case) -> Case:
    """Return the case with parameters that are the same everywhere, where other axes would have others."""
    if not _turnable(OPERATIONS[case.operation]):
        return case
    return case.but(parameters={n: a if n == "residual" else np.full_like(a, 0.5) for n, a in case.parameters.items()})


def _lost(extent: Extent) -> Iterator[Case | None]:
    """Yield sums whose second term is lost where they are rounded to the format, and decides where they are not."""
    if "residual" not in extent.operation.parameters:
        return
    tiny = extent.format.unit_roundoff / 2
    for geometry in asked(extent, least=2):
        case = built(extent, geometry, np.ones(geometry.shape), tiny**2)
        if case is not None:
            residual = np.resize([tiny, -tiny / 4, tiny / 2, 0, -tiny / 8], geometry.shape).astype(extent.format.dtype)
            yield case.but(parameters={**case.parameters, "residual": residual})


def _rounded(extent: Extent, epsilon: float) -> Iterator[Case | None]:
    """Yield many unequal elements, among which some are rounded to an unlucky side twice."""
    one_a_shape = {geometry.shape: geometry for geometry in asked(extent, LARGER)}
    for prime, geometry in product(PRIMES, one_a_shape.values()):
        size = int(np.prod(geometry.shape))
        values = ((np.arange(size) * 37 * prime) % 101 - 50.0) / (3 * prime) + 1 / 7
        yield built(extent, geometry, values.reshape(geometry.shape), epsilon, back=True)
