"""Expectations of polynomials in power sums, for a sampling scheme that says how distinct members relate.

A power of sums is expanded over the ways in which its members coincide. Random denominators and roots are refused, so
that nobody takes the expectation of a normalized element as if it were a polynomial.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from sympy import Basic, Expr, Symbol, sympify

from normspec.derivations.concrete import World
from normspec.derivations.exact import Number
from normspec.derivations.laurent import ONE, Atom, Monomial, UndecidedError, Value, plus, scaled, times
from normspec.derivations.names import subscripted
from normspec.derivations.nodes import Expectation, Index
from normspec.derivations.normal import Normalizer, opened
from normspec.derivations.partition import moebius, set_partitions

Weight = dict[Index, Value]


class Scheme(Basic):  # type: ignore[misc]
    """A sampling scheme: args are the sample's symbol, its size, and what the subclass adds."""

    @property
    def head(self) -> Symbol:
        """The sampled array."""
        return self.args[0]

    @property
    def size(self) -> Expr:
        """How many members the sample has."""
        return self.args[1]

    @property
    def description(self) -> str:
        """The scheme in words."""
        raise NotImplementedError

    def _members(self) -> str:
        return f"{self.head}₁ … {self.head}{subscripted(str(self.size))}"

    def prepare(self, world: World) -> None:
        """Give a world what the enumeration of samples needs."""

    def distinct(self, normal: Normalizer, exponents: list[int]) -> Value:
        """The expectation of a product of powers of distinct members."""
        raise NotImplementedError

    def samples(self, world: World) -> Iterator[tuple[Fraction, dict[Any, Number]]]:
        """Yield every sample with its probability."""
        raise NotImplementedError

    def expectation(self, normal: Normalizer, body: Expr) -> Value:
        """Take the expectation of a normal form."""
        return plus(*(self._of_monomial(normal, mono, c) for mono, c in normal(body).items()))

    def _of_monomial(self, normal: Normalizer, mono: Monomial, c: Fraction) -> Value:
        fixed = tuple((a, e) for a, e in mono if not mentions(a, self.head))
        binders: list[Index] = []
        factors: list[tuple[Atom, int]] = []
        for a, e in mono:
            if not mentions(a, self.head):
                continue
            if a.kind != "sum" or e < 0:
                raise UndecidedError(f"the expectation of a random {a.kind} with exponent {e} is no polynomial's")
            for _ in range(e):
                inner, body, unit = opened(a)
                binders.extend(inner)
                factors.extend(body)
                c *= unit
        powers, weights = self._sorted(binders, factors)
        terms = [self._coinciding(normal, blocks, powers, weights) for blocks in set_partitions(binders)]
        return times({fixed: c}, plus(*terms))

    def _sorted(self, binders: list[Index], factors: list[tuple[Atom, int]]) -> tuple[dict[Index, int], Weight]:
        powers = dict.fromkeys(binders, 0)
        weights: Weight = dict.fromkeys(binders, ONE)
        for a, e in factors:
            (binder,) = a.free & set(binders) or {None}
            if binder is None or binder.size != self.size:
                raise UndecidedError(f"the sum over {binder} is not over the sample")
            if a.kind == "entry" and a.data == (self.head, binder):
                if e < 0:
                    raise UndecidedError("a random denominator")
                powers[binder] += e
            elif mentions(a, self.head):
                raise UndecidedError(f"the expectation of a random {a.kind} is refused")
            else:
                weights[binder] = times(weights[binder], {((a, e),): Fraction(1)})
        return powers, weights

    def _coinciding(
        self, normal: Normalizer, blocks: list[list[Index]], powers: Mapping[Index, int], weights: Weight
    ) -> Value:
        merged = []
        for block in blocks:
            weight = ONE
            for b in block:
                weight = times(weight, normal.rename(weights[b], {b: block[0]}))
            merged.append((block[0], weight))
        expected = self.distinct(normal, [sum(powers[b] for b in block) for block in blocks])
        return times(expected, distinct_sum(normal, merged))


def distinct_sum(normal: Normalizer, weights: list[tuple[Index, Value]]) -> Value:
    """Sum a product of weights over distinct values of their indices, by plain sums."""
    terms = []
    for blocks in set_partitions(weights):
        term = scaled(ONE, moebius(blocks))
        for block in blocks:
            index = block[0][0]
            weight = ONE
            for b, w in block:
                weight = times(weight, normal.rename(w, {b: index}))
            term = times(term, normal.sum(weight, index))
        terms.append(term)
    return plus(*terms)


def mentions(a: Atom, head: Symbol) -> bool:
    """Whether an atom depends on an array."""
    return _found(a.data, head)


def _found(data: Any, head: Symbol) -> bool:
    if isinstance(data, Atom):
        return _found(data.data, head)
    if isinstance(data, (tuple, frozenset)):
        return any(_found(d, head) for d in data)
    return isinstance(data, Basic) and head in data.atoms(Symbol)


def expected(body: Any, scheme: Scheme) -> Expr:
    """Take the expectation of a body over a scheme, when checked."""
    return Expectation(sympify(body), scheme)


def variance_of(body: Any, scheme: Scheme) -> Expr:
    """E[(body - E[body])**2]."""
    return expected((body - expected(body, scheme)) ** 2, scheme)


def covariance_of(a: Any, b: Any, scheme: Scheme) -> Expr:
    """E[(a - E[a]) (b - E[b])]."""
    return expected((a - expected(a, scheme)) * (b - expected(b, scheme)), scheme)


def schemes_in(expr: Basic) -> set[Scheme]:
    """The sampling schemes that an expression uses."""
    found = {expr} if isinstance(expr, Scheme) else set()
    return found.union(*map(schemes_in, expr.args))
