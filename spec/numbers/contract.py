"""Contract arithmetic: what an implementation that keeps a contract can make of the exact result.

A number is an affine form: the exact value (an engine's enclosure); signed coefficients of shared symbols, one for each
sum and each rounded scalar of a group; an elementwise remainder; and an upward extra, the one-sided second-order part
of squares. What is computed lies within all of them of the exact value. Bounds are in float64, with a slack for their
own roundings. Sources: Higham, Accuracy and Stability, chapters 3 and 4; Jeannerod, Rump (2013) for sums.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any, Literal, TypeAlias, Union

import numpy as np

from normspec.spec.contracts import DIVISION_ROUNDINGS, RSQRT_ROUNDINGS, SQRT_ROUNDINGS, Contract
from normspec.spec.formats import Array, Format
from normspec.spec.numbers.engine import Engine
from normspec.spec.numbers.plain import unmoved
from normspec.spec.numbers.reach import SLACK, reach_of_inverse, reach_of_rsqrt, reach_of_sqrt
from normspec.spec.numbers.summation import recurrence_error, recurrence_underflow, sum_over, summation_error
from normspec.spec.numbers.symbols import NONE, Coefficients, added, scaled, spread

Role = Literal["data", "square", "statistic", "value"]
Bound: TypeAlias = Array | float
Operand: TypeAlias = Union["Computed", int]

HEADROOM = 0.25
"""A magnitude below a quarter of the format's largest number is safe from overflow in any order of operations."""


@dataclass(frozen=True, eq=False)
class Computed:
    """A number as a contract computes it: see the module.

    value and gap bound the exact value: |exact - value| <= gap. floor is a lower bound, not negative, of what is
    computed, or None. scalar: one value a group (a sum, or made of sums), computed in the accumulator's format. role
    says what a sum over it would be: one of the data or of a square gives a statistic.
    """

    system: "ContractArithmetic"
    exact: Any
    value: Array
    gap: Array
    shared: Coefficients = field(default_factory=dict)
    rest: Bound = 0.0
    extra: Bound = 0.0
    floor: Bound | None = None
    scalar: bool = False
    role: Role = "value"

    __array_ufunc__ = None

    @cached_property
    def size(self) -> Array:
        """Return an upper bound of the exact magnitude."""
        return np.asarray(np.abs(self.value) + self.gap)

    @cached_property
    def fall(self) -> Bound:
        """Return how far below the exact value the computed one may lie."""
        return spread(self.shared) + self.rest

    @cached_property
    def deviation(self) -> Bound:
        """Return how far from the exact value the computed one may lie."""
        return self.fall + self.extra

    def __add__(self, other: Operand) -> "Computed":
        return self.system.add(self, other)

    def __sub__(self, other: Operand) -> "Computed":
        return self.system.add(self, -other)

    def __rsub__(self, other: int) -> "Computed":
        return self.system.add(-self, other)

    def __neg__(self) -> "Computed":
        return self.system.negative(self)

    def __mul__(self, other: Operand) -> "Computed":
        return self.system.multiply(self, other)

    def __truediv__(self, other: Operand) -> "Computed":
        return self.system.divide(self, other)

    __radd__ = __add__
    __rmul__ = __mul__


def _power_of_two(n: int) -> bool:
    return n != 0 and abs(n) & (abs(n) - 1) == 0


@dataclass(eq=False)
class ContractArithmetic:
    """The number system of one contract over one engine. regroup takes an array from groups to blocks."""

    contract: Contract
    engine: Engine
    regroup: Callable[[Any], Any] = unmoved
    _symbols: Any = field(default_factory=count)
    _raw: Array = field(default_factory=lambda: np.full((1, 1), np.inf))

    def given(self, values: Array, role: Role = "value") -> Computed:
        """Return float64 values that the formats at hand hold exactly, as (groups, members) or (groups, 1)."""
        if role == "data":
            self._raw = sum_over(np.square(values), values.shape)
        exact, gap = self.engine.lift(values), np.zeros(values.shape)
        return Computed(self, exact, values, gap, scalar=values.shape[-1] == 1 and role != "data", role=role)

    def attribute(self, value: float) -> Computed:
        """Return a Python float, which an implementation may round to the format that it computes in."""
        single = np.full((1, 1), value)
        compute = self.contract.compute
        error = np.abs(single) * compute.unit_roundoff + compute.half_subnormal
        shared = {next(self._symbols): error}
        floor = np.maximum(single - error, 0.0) if value >= 0 else None
        return Computed(self, self.engine.lift(single), single, np.zeros((1, 1)), shared, floor=floor, scalar=True)

    def add(self, a: Computed, b: Operand) -> Computed:
        """Return the rounded sum."""
        if isinstance(b, int):
            if b == 0:
                return a
            b = self.given(np.full((1, 1), float(b)))
        floor = None if a.floor is None or b.floor is None else a.floor + b.floor
        rest = a.rest + b.rest + SLACK * (a.deviation + b.deviation)
        exact, shared, scalar = a.exact + b.exact, added(a.shared, b.shared), a.scalar and b.scalar
        value, gap = self.engine.bounds(exact)
        draft = Computed(self, exact, value, gap, shared, rest, a.extra + b.extra, floor, scalar)
        return self._rounded(draft, 1, underflows=False)

    def negative(self, a: Computed) -> Computed:
        """Return the negation, which is exact."""
        rest = a.rest + a.extra
        return Computed(self, -a.exact, -a.value, a.gap, scaled(a.shared, -1.0), rest, scalar=a.scalar)

    def multiply(self, a: Computed, b: Operand) -> Computed:
        """Return the rounded product; a square keeps its second-order part apart, for it is one-sided."""
        if isinstance(b, int):
            return a if b == 1 else self._times(a, a.exact * b, float(b), 0 if _power_of_two(b) else 1, "value")
        exact = a.exact * b.exact
        value, gap = self.engine.bounds(exact)
        scalar = a.scalar and b.scalar
        if a is b:
            rest = 2.0 * (a.size * (a.rest + a.extra) + a.gap * a.deviation)
            extra = np.square(a.deviation)
            draft = Computed(
                self, exact, value, gap, scaled(a.shared, 2.0 * a.value), rest, extra, 0.0, scalar, "square"
            )
        else:
            shared = added(scaled(b.shared, a.value), scaled(a.shared, b.value))
            rest = a.size * (b.rest + b.extra) + b.size * (a.rest + a.extra)
            rest = rest + (a.deviation + a.gap) * b.deviation + b.gap * a.deviation
            floor = None if a.floor is None or b.floor is None else a.floor * b.floor
            draft = Computed(self, exact, value, gap, shared, rest, 0.0, floor, scalar)
        return self._rounded(draft, 1, underflows=True)

    def divide(self, a: Computed, b: Operand) -> Computed:
        """Return the rounded quotient; the mean of a sum is kept in the statistics' format."""
        if not isinstance(b, int):
            return self.multiply(a, self._inverse(b))
        quotient = self._times(a, a.exact / b, 1.0 / b, 0 if _power_of_two(b) else DIVISION_ROUNDINGS, a.role)
        return self.kept(quotient) if a.role == "statistic" else quotient

    def total(self, a: Computed) -> Computed:
        """Return the sum over each group: one new symbol for the summation's own error."""
        shape = a.value.shape
        mass = sum_over(a.size + a.deviation, shape)
        error = summation_error(self.contract, shape[-1], a.role) * mass
        error = error + sum_over(a.rest, shape) + shape[-1] * SLACK * sum_over(a.deviation, shape)
        if a.role == "square":
            error = error + recurrence_error(self.contract, mass, self._raw, shape[-1])
        error = error + recurrence_underflow(self.contract, shape[-1], a.role)
        error = np.where(mass < HEADROOM * self.contract.accumulator.largest, error, np.inf)
        exact = self.engine.total(a.exact)
        shared = {symbol: sum_over(value, shape) for symbol, value in a.shared.items()}
        shared[next(self._symbols)] = error
        role: Role = "statistic" if a.role in ("data", "square") else "value"
        floor = None if a.floor is None else 0.0
        bounds = self.engine.bounds(exact)
        return Computed(self, exact, *bounds, shared, 0.0, sum_over(a.extra, shape), floor, True, role)

    def block_total(self, a: Computed) -> Computed:
        """Return the sum over each block. Symbols are a group's own, so that across groups they become remainders."""
        if self.regroup is unmoved:
            return self.total(a)
        shape = a.value.shape
        exact = self.regroup(a.exact)
        value, gap = self.regroup(a.value), self.regroup(a.gap)
        rest = self.regroup(np.broadcast_to(a.fall, shape))
        extra = self.regroup(np.broadcast_to(a.extra, shape))
        return self.total(Computed(self, exact, value, gap, NONE, rest, extra, a.floor, False))

    def sqrt(self, a: Computed) -> Computed:
        """Return the rounded square root."""
        return self._function(a, self.engine.sqrt(a.exact), reach_of_sqrt, SQRT_ROUNDINGS)

    def rsqrt(self, a: Computed) -> Computed:
        """Return one over the square root, kept in the statistics' format."""
        return self.kept(self._function(a, self.engine.rsqrt(a.exact), reach_of_rsqrt, RSQRT_ROUNDINGS))

    def tolerance(self, a: Computed) -> Array:
        """Return how far from the exact result the returned one may lie; infinite where nothing is demanded."""
        output = self.contract.output
        bound = np.broadcast_to(a.deviation, a.value.shape) * (1.0 + SLACK)
        if output.precision < self._format(a).precision:
            bound = bound + (output.unit_roundoff * (a.size + bound) + output.half_subnormal)
        return np.where(a.size + bound < output.largest, bound, np.inf)

    def _inverse(self, a: Computed) -> Computed:
        return self._function(a, 1 / a.exact, reach_of_inverse, 1)

    def _function(self, a: Computed, exact: Any, reach: Any, roundings: int) -> Computed:
        """Return a monotone function of a: how far it can be off follows from the range of its argument alone."""
        rest = reach(a.value, a.gap, a.fall, a.deviation, a.floor)
        draft = Computed(self, exact, *self.engine.bounds(exact), NONE, rest, scalar=a.scalar)
        return self._rounded(draft, roundings, underflows=True)

    def _times(self, a: Computed, exact: Any, factor: float, roundings: int, role: Role) -> Computed:
        """Return a times an exact factor, whose exact product is given."""
        size = abs(factor)
        rest, extra = (a.rest * size, a.extra * size) if factor > 0 else ((a.rest + a.extra) * size, 0.0)
        floor = None if a.floor is None or factor < 0 else a.floor * size
        bounds = self.engine.bounds(exact)
        draft = Computed(self, exact, *bounds, scaled(a.shared, factor), rest, extra, floor, a.scalar, role)
        return self._rounded(draft, roundings, underflows=roundings > 0 or size < 1)

    def kept(self, a: Computed) -> Computed:
        """Return a number after it was stored in the statistics' format, which may be narrower than its own."""
        kept = self.contract.statistics
        return self._rounded(a, 1, True, kept) if kept.precision < self._format(a).precision else a

    def _format(self, a: Computed) -> Format:
        return self.contract.accumulator if a.scalar else self.contract.compute

    def _rounded(self, a: Computed, roundings: int, underflows: bool, target: Format | None = None) -> Computed:
        """Return a number with its rounding errors: a new symbol for a scalar, a larger remainder for elements."""
        target = target or self._format(a)
        reach = a.size + a.deviation
        unit = target.unit_roundoff
        error = roundings * unit / (1 - roundings * unit) * reach + (target.half_subnormal if underflows else 0.0)
        if not np.max(reach, initial=0.0) < HEADROOM * target.largest:
            error = np.where(reach < HEADROOM * target.largest, error, np.inf)
        floor = None if a.floor is None else a.floor * (1 - (roundings + 1) * unit)
        if not a.scalar:
            return Computed(self, a.exact, a.value, a.gap, a.shared, a.rest + error, a.extra, floor, False, a.role)
        shared = {**a.shared, next(self._symbols): a.rest + error}
        return Computed(self, a.exact, a.value, a.gap, shared, 0.0, a.extra, floor, True, a.role)
