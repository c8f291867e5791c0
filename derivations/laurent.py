"""Exact arithmetic of Laurent polynomials over the rationals, in atoms that may satisfy r**2 = radicand.

A value maps monomials to coefficients. Atoms of kind `root` carry their square, atoms of kind `inverse` their
reciprocal; everything else is independent. `is_zero` is the one decision of the prover: it clears the inverses,
reduces the roots, and says yes only to the empty polynomial.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from typing import Any

Monomial = tuple[tuple["Atom", int], ...]
Value = dict[Monomial, Fraction]

ZERO: Value = {}
ONE: Value = {(): Fraction(1)}


class UndecidedError(ValueError):
    """The prover has no rule for this; nothing is claimed."""


@dataclass(frozen=True, eq=False, slots=True)
class Atom:
    """An indeterminate: what it is, which free indices it depends on, and its place in the order of monomials."""

    kind: str
    data: Any
    free: frozenset[Any]
    relation: Value | None = field(repr=False)
    order: int

    def __lt__(self, other: Atom) -> bool:
        return self.order < other.order


_TABLE: dict[Hashable, Atom] = {}
_ORDER = count()


def atom(kind: str, data: Any, free: Iterable[Any] = (), relation: Value | None = None, key: Any = None) -> Atom:
    """Make an atom, the same one for the same kind and data."""
    key = (kind, data if key is None else key)
    if key not in _TABLE:
        _TABLE[key] = Atom(kind, data, frozenset(free), relation, next(_ORDER))
    return _TABLE[key]


def constant(number: Any) -> Value:
    """Make a value of a rational number."""
    number = Fraction(number)
    return {(): number} if number else {}


def single(one: Atom, exponent: int = 1) -> Value:
    """Make a value of one atom, reduced."""
    return reduced({one: exponent}, Fraction(1))


def frozen(value: Value) -> frozenset[tuple[Monomial, Fraction]]:
    """Make a value hashable."""
    return frozenset(value.items())


def free_of(value: Value) -> frozenset[Any]:
    """The free indices that a value depends on."""
    return frozenset().union(*(a.free for mono in value for a, _ in mono))


def plus(*values: Value) -> Value:
    """Add."""
    out: Value = {}
    for value in values:
        for mono, c in value.items():
            out[mono] = out[mono] + c if mono in out else c
    return {mono: c for mono, c in out.items() if c}


def scaled(value: Value, number: Any) -> Value:
    """Multiply by a rational number."""
    number = Fraction(number)
    return {mono: c * number for mono, c in value.items()} if number else {}


def times(a: Value, b: Value) -> Value:
    """Multiply."""
    out: Value = {}
    for ma, ca in a.items():
        for mb, cb in b.items():
            exponents = dict(ma)
            for atom_, e in mb:
                exponents[atom_] = exponents.get(atom_, 0) + e
            for mono, c in reduced(exponents, ca * cb).items():
                out[mono] = out[mono] + c if mono in out else c
    return {mono: c for mono, c in out.items() if c}


def reduced(exponents: dict[Atom, int], coefficient: Fraction) -> Value:
    """Make a value of one monomial, with roots of degree at most one and deltas idempotent."""
    plain: dict[Atom, int] = {}
    rest = ONE
    for a, e in exponents.items():
        if a.kind == "root" and e not in (0, 1):
            rest = times(rest, power(_relation(a), e // 2))
            e %= 2
        elif a.kind == "inverse" and e < 0:
            rest, e = times(rest, power(_relation(a), -e)), 0
        elif a.kind == "delta":
            if e < 0:
                raise UndecidedError("a Kronecker delta stands in a denominator")
            e = min(e, 1)
        if e:
            plain[a] = e
    mono = {tuple(sorted(plain.items())): coefficient}
    return mono if rest is ONE else times(mono, rest)


def _relation(a: Atom) -> Value:
    if a.relation is None:
        raise TypeError(f"atom of kind {a.kind!r} has no relation")
    return a.relation


def power(value: Value, exponent: int) -> Value:
    """Raise to an integer power."""
    if exponent < 0:
        return power(inverse(value), -exponent)
    out = ONE
    for _ in range(exponent):
        out = times(out, value)
    return out


def inverse(value: Value) -> Value:
    """Divide 1 by a value; denominators become primitive, free of roots and of inverses."""
    if not value:
        raise ZeroDivisionError("division by zero")
    if len(value) == 1:
        ((mono, c),) = value.items()
        return reduced({a: -e for a, e in mono}, 1 / c)
    for irrational in sorted({a for mono in value for a, _ in mono if a.kind in ("inverse", "root", "delta")}):
        if irrational.kind == "delta":
            raise UndecidedError("a Kronecker delta stands in a denominator")
        return _rationalized(value, irrational)
    content, primitive = _primitive(value)
    inverted = atom("inverse", frozen(primitive), free_of(primitive), primitive)
    return times(inverse(content), {((inverted, 1),): Fraction(1)})


def _rationalized(value: Value, irrational: Atom) -> Value:
    if irrational.kind == "inverse":
        multiplier = power(_relation(irrational), max(_degrees(value, irrational)))
        rational = cleared(value, irrational)
    else:
        multiplier = {m: -c if (irrational, 1) in m else c for m, c in value.items()}
        rational = times(value, multiplier)
    if not rational:
        raise UndecidedError("a denominator vanishes once its root is rationalized")
    return times(multiplier, inverse(rational))


def _degrees(value: Value, a: Atom) -> list[int]:
    return [dict(mono).get(a, 0) for mono in value]


def _primitive(value: Value) -> tuple[Value, Value]:
    """Split into a monomial and a polynomial without monomial factor whose first coefficient is 1."""
    atoms = {a for mono in value for a, _ in mono}
    content = {a: min(_degrees(value, a)) for a in atoms}
    content = {a: e for a, e in content.items() if e}
    leading = value[min(value)]
    monomial = {tuple(sorted(content.items())): leading}
    divisor = {tuple(sorted((a, -e) for a, e in content.items())): 1 / leading}
    return monomial, times(value, divisor)


def is_zero(value: Value) -> bool:
    """Decide whether a value vanishes identically. Yes is a proof; no is only "not proved"."""
    while value:
        inverses = {a for mono in value for a, _ in mono if a.kind == "inverse"}
        if not inverses:
            return False
        value = cleared(value, min(inverses))
    return True


def cleared(value: Value, denominator: Atom) -> Value:
    """Multiply by the least power of a denominator that removes its inverse."""
    base, highest = _relation(denominator), max(_degrees(value, denominator))
    out: list[Value] = []
    for mono, c in value.items():
        rest = dict(mono)
        e = rest.pop(denominator, 0)
        out.append(times({tuple(sorted(rest.items())): c}, power(base, highest - e)))
    return plus(*out)


def fraction(value: Value) -> tuple[Value, Value]:
    """Write a value as numerator and denominator without inverses and negative exponents."""
    denominator = ONE
    while inverses := sorted(a for mono in value for a, _ in mono if a.kind == "inverse"):
        denominator = times(denominator, power(_relation(inverses[0]), max(_degrees(value, inverses[0]))))
        value = cleared(value, inverses[0])
    negative = {a: -min(_degrees(value, a)) for a in {a for mono in value for a, _ in mono}}
    clearing = {tuple(sorted((a, e) for a, e in negative.items() if e > 0)): Fraction(1)}
    return times(value, clearing), times(denominator, clearing)
