"""Ordering: which term and which factor people write first.

Positive terms before negative ones, elements before constants, sums and epsilon late; in a product numbers, counts,
scalars, parameters, entries, sums.
"""

from __future__ import annotations

from sympy import Expr, Integer, Mul, Pow, Symbol

from normspec.derivations.nodes import Defined, Delta, Entry, Expectation, Partial, Total


def negative(term: Expr) -> bool:
    """Whether a term is written with a minus."""
    return bool(term.as_coeff_Mul()[0] < 0)


def split(expr: Mul) -> tuple[list[Expr], list[Expr]]:
    """The factors above and below the line."""
    above: list[Expr] = []
    below: list[Expr] = []
    for factor in expr.args:
        if factor.is_Rational:
            above.extend([Integer(factor.p)] if factor.p != 1 else [])
            below.extend([Integer(factor.q)] if factor.q != 1 else [])
        elif factor.is_Pow and factor.exp.as_coeff_Mul()[0] < 0:
            below.append(Pow(factor.base, -factor.exp))
        else:
            above.append(factor)
    return above, below


def totals(expr: Expr) -> int:
    """Count the sums that a reader sees."""
    if isinstance(expr, Defined):
        return 0
    return int(isinstance(expr, Total)) + sum(map(totals, expr.args))


def rank(expr: Expr) -> int:
    """Entries before named scalars before symbols before numbers."""
    base = expr.base if expr.is_Pow else expr
    if isinstance(base, Delta) or (isinstance(base, (Entry, Defined)) and base.index):
        return 0
    return 3 if base.is_Rational else 1 if isinstance(base, Defined) else 2


def term_key(term: Expr, counts: bool) -> tuple[object, ...]:
    """Positive terms first, sums and epsilon late; a number first, but last beside a count: 1 - q, m - 1."""
    factors = term.args if term.is_Mul else (term,)
    indexed = sum(rank(f) == 0 or _is_difference(f) for f in factors)
    minus = negative(term)
    kind = min(map(rank, factors))
    if term.is_Rational and not counts:
        indexed, kind = (-9 if minus else 9), 1
    late = any(str(f) == "epsilon" for f in factors)
    degree = -_degree(factors) if counts else 0
    return minus, late, totals(term), (indexed if minus else -indexed), degree, kind, len(factors), str(term)


def _is_difference(factor: Expr) -> bool:
    """Whether a factor is an element less or plus something, such as x - mu."""
    return bool(
        factor.is_Add and not totals(factor) and any(rank(f) == 0 for t in factor.args for f in Mul.make_args(t))
    )


def _degree(factors: tuple[Expr, ...]) -> int:
    """The degree of a term in plain symbols."""
    return sum(int(e) for b, e in (f.as_base_exp() for f in factors) if isinstance(b, Symbol) and e.is_Integer)


def is_count(term: Expr) -> bool:
    """Whether a term is a number of natural numbers, such as 2 m."""
    rest = term.as_coeff_Mul()[1]
    return bool(rest != 1 and all(isinstance(f.as_base_exp()[0], Symbol) and f.is_integer for f in Mul.make_args(rest)))


def factor_key(factor: Expr) -> tuple[object, ...]:
    """Numbers, counts, differences of scalars, scalars, parameters, entries, derivatives, sums."""
    base = factor.base if factor.is_Pow else factor
    name = base.name if isinstance(base, Defined) else str(base.head if isinstance(base, Entry) else base)
    return _factor_kind(base), totals(factor), name.lower(), str(factor)


def _factor_kind(base: Expr) -> float:
    if base.is_Rational:
        return 0
    if isinstance(base, Symbol):
        return 1 if base.is_integer else 3
    if base.is_Add:
        return 7 if base.has(Entry, Defined, Total) else 2
    if isinstance(base, (Entry, Defined)):
        parameter = isinstance(base, Entry) and str(base.head) in ("gamma", "beta")
        return 4 if parameter or not base.index else 5
    return next((kind for sort, kind in _LATE.items() if isinstance(base, sort)), 3.5)


_LATE: dict[type, float] = {Delta: 4.5, Partial: 6, Expectation: 8, Total: 9}
