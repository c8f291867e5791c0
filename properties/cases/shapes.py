"""What cases are drawn for, and the shapes of their arrays: small, large and degenerate groups."""

from dataclasses import dataclass

from hypothesis import strategies as st

from normspec.properties.cases.regimes import REGIMES
from normspec.spec.claims import Claims
from normspec.spec.formats import FORMATS, Format
from normspec.spec.operations import Operation
from normspec.spec.operations.operation import Attributes
from normspec.spec.partition import Shape

GROUP_SIZES = (63, 64, 65, 127, 129, 257, 1000, 1025, 4097)  # around the edges of blocks; no power of two alone


@dataclass(frozen=True)
class Extent:
    """What cases are drawn for: an operation, within an implementation's claims, in one dtype, in some regimes."""

    operation: Operation
    claims: Claims
    dtype: str
    regimes: tuple[str, ...] = tuple(REGIMES)

    @property
    def format(self) -> Format:
        """Return the floating-point format of the cases' arrays."""
        return FORMATS[self.dtype]

    @property
    def ranks(self) -> tuple[int, ...]:
        """Return the ranks that the operation has and the claims allow."""
        return tuple(rank for rank in self.operation.ranks if rank in self.claims.ranks)


@dataclass(frozen=True)
class Geometry:
    """The shape of x, and the attributes that go with it."""

    shape: Shape
    attributes: Attributes


def geometries(extent: Extent, shape: Shape, least: int = 0) -> list[Geometry]:
    """Return what an x of this shape can be asked to be, with at least so many elements in a group."""
    operation, fixed = extent.operation, extent.claims.fixed
    return [
        Geometry(shape, attributes)
        for attributes in operation.choices(shape)
        if all(fixed.get(name, value) == value for name, value in attributes.items())
        and operation.groups(shape, attributes).members >= least
    ]


def claimed(extent: Extent) -> list[Geometry]:
    """Return what the only shapes that are claimed can be asked to be."""
    return [geometry for shape in extent.claims.shapes for geometry in geometries(extent, shape)]


@st.composite
def small_shapes(draw: st.DrawFn, extent: Extent) -> Geometry:
    """Draw (N, C, ...) with at least two elements in a group; odd and unequal sizes on purpose."""
    operation, rank = extent.operation, draw(st.sampled_from(extent.ranks))
    if extent.claims.shapes:
        return draw(st.sampled_from(claimed(extent)))
    rows, channels = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    if "groups" in operation.choices((1,) * rank)[0]:
        channels *= draw(st.integers(1, 2))
    shape = (rows, channels, *(draw(st.integers(1, 3)) for _ in range(rank - 2)))
    return draw(st.sampled_from(geometries(extent, shape, 2) or _grown(extent, shape)))


def _grown(extent: Extent, shape: Shape) -> list[Geometry]:
    """Return what the shape can be with one axis longer by one, so that a group has two elements."""
    longer = (tuple(size + (axis == at) for at, size in enumerate(shape)) for axis in range(len(shape)))
    return next(found for each in longer if (found := geometries(extent, each, 2)))


@st.composite
def large_shapes(draw: st.DrawFn, extent: Extent) -> Geometry:
    """Draw a shape with one long axis: the batch's or the last; where it can be, one in the group."""
    rank = draw(st.sampled_from(extent.ranks))
    if extent.claims.shapes:
        return draw(st.sampled_from(claimed(extent)))
    long, channels = draw(st.sampled_from(GROUP_SIZES)), draw(st.integers(1, 2))
    shapes = [(long, channels, *([1] * (rank - 2)))]
    shapes.append((channels, long) if rank == 2 else (1, channels, *([1] * (rank - 3)), long))
    found = [geometry for shape in shapes for geometry in geometries(extent, shape, long)]
    return draw(st.sampled_from(found))


@st.composite
def degenerate_shapes(draw: st.DrawFn, extent: Extent) -> Geometry:
    """Draw a shape whose groups have one element, or none."""
    operation, rank = extent.operation, draw(st.sampled_from(extent.ranks))
    if extent.claims.shapes:
        return draw(st.sampled_from(claimed(extent)))
    rows, channels = draw(st.sampled_from((1, 0, 2))), draw(st.integers(1, 3))
    shapes = [(rows, width, *([1] * (rank - 2))) for width in (channels, 1)]
    found = [g for shape in (*shapes, (1,) * rank) for g in geometries(extent, shape) if _degenerate(operation, g)]
    return draw(st.sampled_from(found))


def _degenerate(operation: Operation, geometry: Geometry) -> bool:
    return 0 in geometry.shape or operation.groups(geometry.shape, geometry.attributes).members == 1
