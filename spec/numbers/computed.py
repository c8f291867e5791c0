"""A number as an implementation that keeps a contract may compute it: an affine form around the exact value.

What is computed differs from the exact value by the signed coefficients of shared symbols (one for each sum and each
rounded scalar of a group), an elementwise remainder, and an upward extra: the one-sided second-order part of squares.
"""

from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, Union

from normspec.spec.formats import Array
from normspec.spec.numbers.symbols import Coefficients, added, plus

Role = Literal["data", "square", "statistic", "value"]
Bound: TypeAlias = Array | float
Operand: TypeAlias = Union["Computed", int]


class Arithmetic(Protocol):
    """What the operators of a computed number need."""

    def add(self, a: "Computed", b: Operand) -> "Computed":
        """Return the rounded sum."""
        ...

    def subtract(self, a: "Computed", b: "Computed") -> "Computed":
        """Return the rounded difference."""
        ...

    def negative(self, a: "Computed") -> "Computed":
        """Return the negation."""
        ...

    def multiply(self, a: "Computed", b: Operand) -> "Computed":
        """Return the rounded product."""
        ...

    def inverse(self, a: "Computed") -> "Computed":
        """Return one over a number."""
        ...

    def divide(self, a: "Computed", b: Operand) -> "Computed":
        """Return the rounded quotient."""
        ...


@dataclass(slots=True, eq=False)
class Computed:
    """One such number, an array of shape (groups, members) or (groups, 1).

    exact is an engine's number; value and gap bound it: |exact - value| <= gap, and size bounds its magnitude. fall and
    deviation bound how far below the exact value, and how far from it, the computed one may lie. floor is a lower
    bound, not negative, of what is computed, or None. scalar: one value a group (a sum, or made of sums), computed in
    the accumulator's format. role: a sum over the data or over a square gives a statistic. own: the symbol of a
    scalar's latest error. raw: of what is given, of deviations of it and their squares, the sum of its squares in a
    group, where the contract asks for it. Not frozen, for speed alone.
    """

    system: Arithmetic
    exact: Any
    value: Array
    gap: Bound
    size: Array
    fall: Bound
    deviation: Bound
    shared: Coefficients
    rest: Bound
    extra: Bound
    floor: Bound | None
    scalar: bool
    role: Role
    own: int | None = None
    raw: Array | None = None

    def __add__(self, other: Operand) -> "Computed":
        return self.system.add(self, other)

    def __sub__(self, other: Operand) -> "Computed":
        if isinstance(other, int):
            return self.system.add(self, -other)
        return self.system.subtract(self, other)

    def __rsub__(self, other: int) -> "Computed":
        return self.system.add(-self, other)

    def __neg__(self) -> "Computed":
        return self.system.negative(self)

    def __mul__(self, other: Operand) -> "Computed":
        return self.system.multiply(self, other)

    def __truediv__(self, other: Operand) -> "Computed":
        return self.system.divide(self, other)

    def __rtruediv__(self, other: int) -> "Computed":
        return self.system.multiply(self.system.inverse(self), other)

    __radd__ = __add__
    __rmul__ = __mul__


Computed.__array_ufunc__ = None  # type: ignore[attr-defined]


@dataclass(frozen=True, eq=False)
class Partial:
    """The sums of a number's parts over some elements of each group, as (groups, 1)."""

    exact: Any
    mass: Array
    rest: Bound
    deviation: Bound
    extra: Bound
    shared: Coefficients
    floor: Bound | None

    def __add__(self, other: "Partial") -> "Partial":
        return Partial(
            self.exact + other.exact,
            self.mass + other.mass,
            plus(self.rest, other.rest),
            plus(self.deviation, other.deviation),
            plus(self.extra, other.extra),
            added(self.shared, other.shared),
            self.floor,
        )
