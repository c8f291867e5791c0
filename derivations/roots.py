"""Roots: which atom a square root is, and what may leave it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from sympy import Expr, Integer, Rational, Symbol, factor_list, factorint

from normspec.derivations.laurent import (
    Atom,
    Value,
    atom,
    constant,
    free_of,
    frozen,
    plus,
    reduced,
    scaled,
    times,
)


def positive_atom(a: Atom) -> bool:
    """Whether an atom was declared positive."""
    head = a.data if a.kind == "symbol" else a.data[0] if a.kind == "entry" else None
    return bool(head is not None and head.is_positive)


def unit(value: Value) -> Value:
    """Scale by a positive number, so that the first coefficient is 1 or -1."""
    return scaled(value, 1 / abs(value[min(value)]))


def root_atom(numerator: Value, denominator: Value) -> Atom:
    """The atom d * sqrt(n / d), whose square is n * d whatever the sign of d."""
    key = (frozen(numerator), frozen(denominator))
    return atom("root", key, free_of(numerator) | free_of(denominator), times(numerator, denominator))


def factors(numerator: Value, denominator: Value) -> list[tuple[Value, int]]:
    """Factor a fraction over the rationals; numbers into primes, and the sign apart."""
    atoms = sorted({a for v in (numerator, denominator) for mono in v for a, _ in mono})
    symbols = [Symbol(f"a{a.order}") for a in atoms]
    back = dict(zip(symbols, atoms, strict=True))
    quotient = (_flat(numerator) / _flat(denominator)).cancel() if atoms else _flat(numerator) / _flat(denominator)
    found: list[tuple[Value, int]] = []
    for side, sign in zip(quotient.as_numer_denom(), (1, -1), strict=True):
        content, factors = factor_list(side, *symbols) if atoms else (side, [])
        for number, direction in zip(Rational(content).as_numer_denom(), (sign, -sign), strict=True):
            found.extend((constant(p), e * direction) for p, e in _primes(int(number)))
        found.extend((_unflat(f, back), e * sign) for f, e in factors)
    return found


def _primes(number: int) -> list[tuple[int, int]]:
    return [(int(p), int(e)) for p, e in factorint(number).items() if p != 1]


def _flat(value: Value) -> Expr:
    total = Integer(0)
    for mono, c in value.items():
        term = Rational(c.numerator, c.denominator)
        for a, e in mono:
            term *= Symbol(f"a{a.order}") ** e
        total += term
    return total


def _unflat(expr: Expr, back: Mapping[Symbol, Atom]) -> Value:
    poly = expr.as_poly(*back)
    out: list[Value] = []
    for exponents, c in poly.terms():
        atoms = {a: int(e) for a, e in zip(back.values(), exponents, strict=True) if e}
        out.append(reduced(atoms, Fraction(int(c.p), int(c.q))))
    return plus(*out)
