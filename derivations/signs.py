"""Signs that can be read off an expression: squares, positives, and sums and products of them."""

from __future__ import annotations

from sympy import Expr

from normspec.derivations.language import Defined, Delta, Index, Total


def nonnegative(expr: Expr) -> bool:
    """Whether no real values of its names make the expression negative, judged by its form alone."""
    if expr.is_Rational or expr.is_positive:
        return bool(expr >= 0) if expr.is_Rational else True
    if isinstance(expr, (Delta, Index)):
        return True
    if isinstance(expr, (Total, Defined)):
        return nonnegative(expr.body)
    if expr.is_Pow:
        return bool(expr.exp.is_Integer and expr.exp % 2 == 0) or nonnegative(expr.base)
    return bool((expr.is_Add or expr.is_Mul) and all(map(nonnegative, expr.args)))
