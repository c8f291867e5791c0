"""Signs that can be read off an expression: squares, positives, and sums and products of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sympy import Expr, Symbol

from normspec.derivations.nodes import Defined, Delta, Index, Total


def nonnegative(expr: Expr, positives: Collection[Any] = ()) -> bool:
    """Whether no real values of its names make an expression negative, by its form and what is declared positive."""
    if expr in positives or isinstance(expr, (Delta, Index)):
        return True
    if expr.is_Rational or expr.is_positive:
        return bool(expr.is_positive or expr >= 0)
    if isinstance(expr, (Total, Defined)):
        return nonnegative(expr.body, positives)
    if expr.is_Pow:
        return bool(expr.exp.is_Integer and expr.exp % 2 == 0) or nonnegative(expr.base, positives)
    if (expr.is_Add or expr.is_Mul) and all(nonnegative(a, positives) for a in expr.args):
        return True
    return expr.is_Add and bool(expr.atoms(Symbol)) and _from_one(expr)


def _from_one(expr: Expr) -> bool:
    """Whether a polynomial in natural numbers has no negative coefficient once each is one more than another."""
    naturals = {n for n in expr.atoms(Symbol) if n.is_integer and n.is_positive}
    if not naturals or not expr.is_polynomial(*naturals):
        return False
    shifted = expr.subs({n: 1 + n for n in naturals}, simultaneous=True).expand()
    return all(nonnegative(term) for term in shifted.as_ordered_terms())
