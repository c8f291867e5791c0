"""Signs that can be read off an expression: squares, positives, and sums and products of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sympy import Expr

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
    return bool((expr.is_Add or expr.is_Mul) and all(nonnegative(a, positives) for a in expr.args))
