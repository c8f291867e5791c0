"""What cases are drawn for, and the shapes of their arrays: small, large and degenerate groups."""

from dataclasses import dataclass

from hypothesis import strategies as st

from normspec.properties.cases.regimes import REGIMES
from normspec.spec.claims import Claims
from normspec.spec.formats import FORMATS, Format
from normspec.spec.operations import Operation

GROUP_SIZES = (63, 64, 65, 127, 129, 257, 1000, 1025, 4097)  # around the edges of blocks; no power of two alone

Shape = tuple[int, ...]


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


@st.composite
def small_shapes(draw: st.DrawFn, extent: Extent) -> Shape:
    """Draw (N, C, ...) with at least two elements in a group; odd and unequal sizes on purpose."""
    rank = draw(st.sampled_from(extent.ranks))
    rows, channels = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    shape = (rows, channels, *(draw(st.integers(1, 3)) for _ in range(rank - 2)))
    return shape if extent.operation.groups(shape).members > 1 else (rows + 1, *shape[1:])


@st.composite
def large_shapes(draw: st.DrawFn, extent: Extent) -> Shape:
    """Draw a shape with one long axis: the batch's, or the last."""
    rank = draw(st.sampled_from(extent.ranks))
    long, channels = draw(st.sampled_from(GROUP_SIZES)), draw(st.integers(1, 2))
    if rank == 2 or draw(st.booleans()):
        return (long, channels, *([1] * (rank - 2)))
    return (1, channels, *([1] * (rank - 3)), long)


@st.composite
def degenerate_shapes(draw: st.DrawFn, extent: Extent) -> Shape:
    """Draw a shape whose groups have one element, or none."""
    rank = draw(st.sampled_from(extent.ranks))
    return (draw(st.sampled_from((1, 0))), draw(st.integers(1, 3)), *([1] * (rank - 2)))
