"""What the contract arithmetic and the certificates ask of an engine: numbers that enclose the exact result."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from normspec.spec.formats import Array


@dataclass(frozen=True, eq=False)
class Enclosure:
    """The exact result lies within radius of high + low. All are float64 arrays of one shape."""

    high: Array
    low: Array
    radius: Array


class Engine(Protocol):
    """A certified number system: every number is an enclosure of the exact real value."""

    def lift(self, a: Array) -> Any:
        """Return float64 values as exact numbers."""
        ...

    def moved(self, a: Any, move: Callable[[Array], Array]) -> Any:
        """Return the elements in other places: move rearranges one array of them."""
        ...

    def total(self, a: Any) -> Any:
        """Return the sum over the last axis, kept with length 1."""
        ...

    def sqrt(self, a: Any) -> Any:
        """Return the square root."""
        ...

    def rsqrt(self, a: Any) -> Any:
        """Return one over the square root."""
        ...

    def bounds(self, a: Any) -> tuple[Array, Array | float]:
        """Return float64 values, and upper bounds of their distances from the exact results."""
        ...

    def size(self, a: Any, value: Array, gap: Array | float) -> Array:
        """Return upper bounds of the magnitudes; value and gap are the number's bounds."""
        ...

    def enclosure(self, a: Any) -> Enclosure:
        """Return values in double-double precision, and upper bounds of their distances from the exact results."""
        ...
