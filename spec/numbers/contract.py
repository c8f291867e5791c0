"""Contract arithmetic: what an implementation that keeps a contract can make of the exact result.

Its numbers are `Computed`, over any engine that encloses the exact values. Every sum and every rounded scalar of a
group gets a symbol of its own; roundings of elements go to the remainder. Bounds are in float64, with a slack for their
own roundings. Sources: Higham, Accuracy and Stability, chapters 3 and 4; Jeannerod, Rump (2013) for sums.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, reduce
from itertools import count
from math import prod
from typing import Any, cast

import numpy as np

from normspec.spec.contracts import Contract
from normspec.spec.formats import Array, Format, ulp
from normspec.spec.numbers.computed import Bound, Computed, Operand, Partial, Role
from normspec.spec.numbers.engine import Engine
from normspec.spec.numbers.memory import Memory, remembered
from normspec.spec.numbers.plain import unmoved
from normspec.spec.numbers.reach import SLACK, lost_between, reach_of_inverse, reach_of_rsqrt, reach_of_sqrt
from normspec.spec.numbers.summation import growth, merge_error, merge_underflow, summation_error
from normspec.spec.numbers.sums import sum_over
from normspec.spec.numbers.symbols import (
    NONE,
    Coefficients,
    added,
    filled,
    negated,
    plus,
    scaled,
    spread,
    subtracted,
    times,
)
from normspec.spec.oracles.counts import DIVISION_ROUNDINGS, RSQRT_ROUNDINGS, SQRT_ROUNDINGS

HEADROOM = 0.25
"""A magnitude below a quarter of the format's largest number is safe from overflow in any order of operations."""

ALONE = 8192
"""Elements up to which a dot product is faster than their maximum: for more, BLAS wakes other threads, and waits."""

_SLACK, _TWO = np.array(SLACK), np.array(2.0)  # faster than floats


def _power_of_two(n: int) -> bool:
    return n != 0 and abs(n) & (abs(n) - 1) == 0


@dataclass(eq=False)
class ContractArithmetic:
    """The number system of one contract over one engine. regroup takes an array from groups to blocks.

    memory, where given, keeps what was computed, so that formulas with common parts share them.
    """

    contract: Contract
    engine: Engine
    regroup: Callable[[Array], Array] = unmoved
    memory: Memory | None = None
    _symbols: Any = field(default_factory=count)

    def forget(self) -> None:
        """Let go of what is remembered: numbers know their system, and would wait for the garbage collector."""
        self.memory = None if self.memory is None else {}

    def given(self, values: Array, role: Role = "value") -> Computed:
        """Return float64 values that the formats at hand hold exactly, as (groups, members) or (groups, 1)."""
        memory, key = self.memory, ("given", id(values), role)  # what is remembered keeps the values, and so their id
        if memory is not None and key in memory:
            return cast(Computed, memory[key])
        scalar = values.shape[-1] == 1 and role != "data"
        exact, size = self.engine.lift(values), np.abs(values)
        number = Computed(self, exact, values, 0.0, size, 0.0, 0.0, NONE, 0.0, 0.0, None, scalar, role)
        if self.contract.algorithm == "welford":
            number.raw = sum_over(np.square(values), values.shape)
        if memory is not None:
            memory[key] = number
        return number

    def summed(self, first: Array, second: Array) -> Computed:
        """Return the rounded sum of two arrays of data, which is data too."""
        memory, key = self.memory, ("summed", id(first), id(second))
        if memory is not None and key in memory:
            return cast(Computed, memory[key])
        one, other = self.given(first, "data"), self.given(second)
        raw = None if one.raw is None or other.raw is None else 2 * (one.raw + other.raw)  # (a + b)² <= 2 (a² + b²)
        total = replace(self.add(one, other), role="data", raw=raw)
        if memory is not None:
            memory[key] = total
        return total

    @remembered
    def attribute(self, value: float) -> Computed:
        """Return a Python float, which an implementation may round to the format that it computes in."""
        single = np.full((1, 1), value)
        compute = self.contract.compute
        error = np.abs(single) * compute.unit_roundoff + compute.half_subnormal
        floor = np.maximum(single - error, 0.0) if value >= 0 else None
        exact, size = self.engine.lift(single), np.abs(single)
        shared = {next(self._symbols): error}
        return Computed(self, exact, single, 0.0, size, error, error, shared, 0.0, 0.0, floor, True, "value")

    @remembered
    def add(self, a: Computed, b: Operand) -> Computed:
        """Return the rounded sum."""
        if isinstance(b, int):
            if b == 0:
                return a
            b = self.given(np.full((1, 1), float(b)))
        floor = None if a.floor is None or b.floor is None else a.floor + b.floor
        rest, extra, scalar = plus(a.rest, b.rest), plus(a.extra, b.extra), a.scalar and b.scalar
        shared = added(a.shared, b.shared)
        if len(shared) < len(a.shared) + len(b.shared):
            rest = plus(rest, times(_SLACK, plus(a.deviation, b.deviation)))
        return self._rounded(a.exact + b.exact, shared, rest, extra, floor, scalar, 1, underflows=False)

    @remembered
    def subtract(self, a: Computed, b: Computed) -> Computed:
        """Return the rounded difference; what b may exceed its exact value by, the difference may fall short by."""
        rest, scalar = plus(plus(a.rest, b.rest), b.extra), a.scalar and b.scalar
        shared = subtracted(a.shared, b.shared)
        if len(shared) < len(a.shared) + len(b.shared):
            rest = plus(rest, times(_SLACK, plus(a.deviation, b.deviation)))
        return _about(a, self._rounded(a.exact - b.exact, shared, rest, a.extra, None, scalar, 1, underflows=False))

    @remembered
    def negative(self, a: Computed) -> Computed:
        """Return the negation, which is exact."""
        return self._rounded(-a.exact, negated(a.shared), plus(a.rest, a.extra), 0.0, None, a.scalar, 0, False)

    @remembered
    def multiply(self, a: Computed, b: Operand) -> Computed:
        """Return the rounded product; a square keeps its second-order part apart, for it is one-sided."""
        if isinstance(b, int):
            return a if b == 1 else self._times(a, a.exact * b, float(b), 0 if _power_of_two(b) else 1, "value")
        exact, scalar = a.exact * b.exact, a.scalar and b.scalar
        if a is b:
            rest = times(_TWO, plus(times(a.size, plus(a.rest, a.extra)), times(a.gap, a.deviation)))
            extra = times(a.deviation, a.deviation)
            shared = scaled(a.shared, _TWO * a.value) if a.shared else NONE
            return _about(a, self._rounded(exact, shared, rest, extra, 0.0, scalar, 1, True, "square"))
        shared = added(scaled(b.shared, a.value), scaled(a.shared, b.value))
        rest = plus(times(a.size, plus(b.rest, b.extra)), times(b.size, plus(a.rest, a.extra)))
        if not (type(a.deviation) is float and type(b.deviation) is float):
            rest = plus(rest, times(plus(a.deviation, a.gap), plus(b.deviation, b.gap)))
        if len(shared) < len(a.shared) + len(b.shared):
            rest = plus(rest, _SLACK * plus(times(a.size, b.deviation), times(b.size, a.deviation)))
        floor = None if a.floor is None or b.floor is None else a.floor * b.floor
        return self._rounded(exact, shared, rest, 0.0, floor, scalar, 1, True)

    @remembered
    def product(self, *factors: Operand) -> Computed:
        """Return the rounded product of numbers and integers, in whichever order underflows the most."""
        numbers = [a for a in factors if not isinstance(a, int)]
        whole = prod(a for a in factors if isinstance(a, int))
        if whole != 1:
            return self.multiply(self.product(*numbers), whole)
        product: Computed = reduce(self.multiply, numbers)
        if len(numbers) < 3:
            return product
        half = max(self.contract.accumulator.half_subnormal, self.contract.compute.half_subnormal)
        lost = half * lost_between([plus(a.size, a.deviation) for a in numbers])
        rest, fall, deviation = plus(product.rest, lost), plus(product.fall, lost), plus(product.deviation, lost)
        return replace(product, rest=rest, fall=fall, deviation=deviation, floor=None, role="value", own=None)

    @remembered
    def inverse(self, a: Computed) -> Computed:
        """Return the rounded reciprocal."""
        return self._function(a, 1 / a.exact, reach_of_inverse, 1)

    @remembered
    def divide(self, a: Computed, b: Operand) -> Computed:
        """Return the rounded quotient; the mean of a sum is kept in the statistics' format.

        A sum's own symbol and the quotient's rounding become one: the sum is used for nothing else.
        """
        if not isinstance(b, int):
            return self.multiply(a, self.inverse(b))
        quotient = self._times(a, a.exact / b, 1.0 / b, 0 if _power_of_two(b) else DIVISION_ROUNDINGS, a.role)
        return self.kept(quotient) if a.role == "statistic" else quotient

    @remembered
    def total(self, a: Computed) -> Computed:
        """Return the sum over each group: one new symbol for the summation's own error."""
        return self.completed(self.partial(a), a.value.shape[-1], a.role, a.raw)

    def partial(self, a: Computed) -> Partial:
        """Return what the sum over the elements at hand contributes to a total."""
        shape = a.value.shape
        return Partial(
            self.engine.total(a.exact),
            sum_over(plus(a.size, a.deviation), shape),
            sum_over(a.rest, shape),
            sum_over(a.deviation, shape),
            0.0 if isinstance(a.extra, float) else sum_over(a.extra, shape),
            {symbol: sum_over(value, shape) for symbol, value in a.shared.items()},
            None if a.floor is None else 0.0,
        )

    def completed(self, sums: Partial, terms: int, role: Role, raw: Array | None = None) -> Computed:
        """Return the total of so many terms from its sums. A floor under them is 0, for they are not negative.

        raw is the sum of the squared data, where the terms are squared deviations of data.
        """
        error = plus(summation_error(self.contract, terms, role) * sums.mass, sums.rest)
        error = plus(error, times(terms * SLACK, sums.deviation))
        if role == "square":
            unknown = np.full((1, 1), np.inf)
            error = plus(error, merge_error(self.contract, sums.mass, unknown if raw is None else raw, terms))
        error = plus(error, merge_underflow(self.contract, terms, role))
        error = np.where(sums.mass < HEADROOM * self.contract.accumulator.largest, error, np.inf)
        own = next(self._symbols)
        kind: Role = "statistic" if role in ("data", "square") else "value"
        found = self._rounded(
            sums.exact, {**sums.shared, own: error}, 0.0, sums.extra, sums.floor, True, 0, False, kind
        )
        found.own = own
        return found

    def block_total(self, a: Computed) -> Computed:
        """Return the sum over each block."""
        return self.total(a) if self.regroup is unmoved else self.across(a, self.regroup)

    def across(self, a: Computed, regroup: Callable[[Array], Array]) -> Computed:
        """Return the sum over the rows that regroup makes: a group's own symbols become remainders there."""
        shape = a.value.shape
        exact = self.engine.moved(a.exact, regroup)
        rest, extra = (regroup(filled(bound, shape)) for bound in (a.fall, a.extra))
        return self.total(self._rounded(exact, NONE, rest, extra, None, False, 0, False))

    @remembered
    def sqrt(self, a: Computed) -> Computed:
        """Return the rounded square root."""
        return self._function(a, self.engine.sqrt(a.exact), reach_of_sqrt, SQRT_ROUNDINGS)

    @remembered
    def rsqrt(self, a: Computed) -> Computed:
        """Return one over the square root, kept in the statistics' format."""
        return self.kept(self._function(a, self.engine.rsqrt(a.exact), reach_of_rsqrt, RSQRT_ROUNDINGS))

    @remembered
    def kept(self, a: Computed) -> Computed:
        """Return a number after it was stored in the statistics' format, which may be narrower than its own."""
        target = self.contract.statistics
        if target.precision >= self._format(a.scalar).precision:
            return a
        return self._rounded(a.exact, a.shared, a.rest, a.extra, a.floor, a.scalar, 1, True, a.role, target, a.own)

    @remembered
    def stored(self, a: Computed) -> Computed:
        """Return a number after it was rounded to the format of the output, and is used further."""
        target = self.contract.output
        if target.precision >= self._format(a.scalar).precision:
            return a
        return _about(a, self._rounded(a.exact, a.shared, a.rest, a.extra, None, a.scalar, 1, True, a.role, target))

    def tolerance(self, a: Computed, *others: Computed) -> Array:
        """Return how far from the exact result the returned one may lie; infinite where nothing is demanded.

        others are the same output, computed in other ways: the largest of their deviations counts. What is returned is
        rounded to nearest, once.
        """
        output, deviation = self.contract.output, a.deviation
        for other in others:
            deviation = np.maximum(deviation, other.deviation)
        bound = filled(deviation * (1.0 + SLACK), a.value.shape)
        if output.precision < self._format(a.scalar).precision:
            bound = bound + _once(a.size + bound, output)
        return np.where(a.size + bound < output.largest, bound, np.inf)

    def _function(self, a: Computed, exact: Any, reach: Any, roundings: int) -> Computed:
        """Return a monotone function of a: how far it can be off follows from the range of its argument alone."""
        rest = reach(a.value, a.gap, a.fall, a.deviation, a.floor)
        rest = np.where(np.isfinite(a.deviation), rest, np.inf)
        return self._rounded(exact, NONE, rest, 0.0, None, a.scalar, roundings, True)

    def _times(self, a: Computed, exact: Any, factor: float, roundings: int, role: Role) -> Computed:
        """Return a times an exact factor, whose exact product is given."""
        size = abs(factor)
        rest, extra = times(a.rest, size), times(a.extra, size)
        if factor < 0:
            rest, extra = plus(rest, extra), 0.0
        floor = None if a.floor is None or factor < 0 else a.floor * size
        underflows = roundings > 0 or size < 1
        shared = scaled(a.shared, factor)
        return self._rounded(
            exact, shared, rest, extra, floor, a.scalar, roundings, underflows, role, target=None, own=a.own
        )

    def _format(self, scalar: bool) -> Format:
        return self.contract.accumulator if scalar else self.contract.compute

    def _rounded(
        self,
        exact: Any,
        shared: Coefficients,
        rest: Bound,
        extra: Bound,
        floor: Bound | None,
        scalar: bool,
        roundings: int,
        underflows: bool,
        role: Role = "value",
        target: Format | None = None,
        own: int | None = None,
    ) -> Computed:
        """Return a number with its rounding errors: a new symbol for a scalar, a larger remainder for elements.

        own is a symbol that nothing else will use: a scalar's new symbol takes its place.
        """
        value, gap = self.engine.bounds(exact)
        size = self.engine.size(exact, value, gap)
        fall = plus(spread(shared), rest)
        if roundings or underflows:
            reach = plus(plus(size, fall), extra)
            if target is None:
                target = self._format(scalar)
                error = self._error(reach, target, roundings, underflows)
            else:
                error = np.where(reach < HEADROOM * target.largest, _once(reach, target), np.inf)
            fall = plus(fall, error)
            if scalar:
                kept = {symbol: value for symbol, value in shared.items() if symbol != own}
                new = plus(rest, error) if own is None else plus(rest, error) + np.abs(shared[own])
                own = next(self._symbols)
                shared, rest = {**kept, own: new}, 0.0
            else:
                rest = plus(rest, error)
            if floor is not None:
                floor = floor * (1 - (roundings + 1) * target.unit_roundoff)
        deviation = plus(fall, extra)
        return Computed(self, exact, value, gap, size, fall, deviation, shared, rest, extra, floor, scalar, role, own)

    def _error(self, reach: Array, target: Format, roundings: int, underflows: bool) -> Array:
        """Return what so many roundings to a format make of numbers up to reach; infinite where one may overflow."""
        unit, half, limit, square = _constants(roundings, target)
        error = reach * unit
        if underflows:
            error = np.add(error, half, error)
        flat = reach.ravel()
        safe = flat.dot(flat) < square if flat.size <= ALONE else np.maximum.reduce(flat) < limit
        if safe:
            return error
        return np.where(reach < limit, error, np.inf)


def _about(data: Computed, made: Computed) -> Computed:
    """Return a number with what it is made of: the data that it deviates from, or is the square of."""
    made.raw = data.raw
    return made


def _once(reach: Array, target: Format) -> Array:
    """Return what one rounding to nearest can make of numbers up to reach: half the spacing there."""
    return ulp(target, reach * (1.0 + SLACK)) / 2


@cache
def _constants(roundings: int, target: Format) -> tuple[Array, Array, float, float]:
    limit = HEADROOM * target.largest
    square = 0.5 * min(limit, 1e150) ** 2
    return np.array(growth(roundings, target.unit_roundoff)), np.array(target.half_subnormal), limit, square
