"""Rewriting: free indices, substitution without capture, and differentiation by the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

from sympy import Basic, Expr, Integer, Symbol, sympify
from sympy.core.symbol import Str

from normspec.derivations.nodes import Defined, Delta, Entry, Image, Index, Partial, Total, free_indices

_FRESH = count()


def fresh(index: Index, mark: str = "#") -> Index:
    """Make an index that stands nowhere else."""
    return Index(f"{mark}{next(_FRESH)}", index.size)


def substitute(expr: Any, mapping: Mapping[Any, Any]) -> Any:
    """Replace free indices, symbols and entries all at once; a binder that would capture is renamed first."""
    if expr in mapping:
        return mapping[expr]
    if not expr.args or isinstance(expr, Str):
        return expr
    if isinstance(expr, Total):
        return _under_binder(expr, {k: v for k, v in mapping.items() if k != expr.index})
    changed = tuple(substitute(a, mapping) for a in expr.args)
    return expr if changed == expr.args else expr.func(*changed)


def _under_binder(expr: Total, mapping: Mapping[Any, Any]) -> Expr:
    index, body = expr.index, expr.body
    if any(index in free_indices(sympify(v)) for v in mapping.values()):
        renamed = fresh(index)
        index, body = renamed, substitute(body, {index: renamed})
    size = substitute(index.size, mapping)
    if size != index.size:
        resized = Index(index.name, size)
        index, body = resized, substitute(body, {index: resized})
    return Total(substitute(body, mapping), index)


def replace_entries(expr: Any, heads: Mapping[Symbol, Callable[..., Expr]]) -> Any:
    """Replace whole arrays: each entry of a head becomes the function's value at its index."""
    if isinstance(expr, Entry) and expr.head in heads:
        return heads[expr.head](*expr.index)
    if isinstance(expr, Defined):  # its name would be a lie
        return replace_entries(expr.body, heads)
    if not expr.args or isinstance(expr, (Str, Index)):
        return expr
    if isinstance(expr, Total):
        renamed = fresh(expr.index)
        return Total(replace_entries(substitute(expr.body, {expr.index: renamed}), heads), renamed)
    return expr.func(*(replace_entries(a, heads) for a in expr.args))


def derivative(expr: Expr, wrt: Expr) -> Expr:
    """Differentiate by the rules for sums, products, powers and totals, with respect to a free entry or a symbol."""
    if expr == wrt:
        return Integer(1)
    if isinstance(expr, Entry):
        return _entry_derivative(expr, wrt)
    if isinstance(expr, (Defined, Partial)):
        return derivative(expr.body if isinstance(expr, Defined) else derivative(*expr.args), wrt)
    if isinstance(expr, Total):
        renamed = fresh(expr.index)
        return Total(derivative(substitute(expr.body, {expr.index: renamed}), wrt), renamed)
    if isinstance(expr, (Index, Image, Delta)) or not expr.args:
        return Integer(0)
    if expr.is_Add:
        return expr.func(*(derivative(a, wrt) for a in expr.args))
    if expr.is_Mul:
        return _product_rule(expr, wrt)
    if expr.is_Pow and not derivative(expr.exp, wrt):
        return expr.exp * expr.base ** (expr.exp - 1) * derivative(expr.base, wrt)
    raise TypeError(f"no rule differentiates {type(expr).__name__}: {expr!r}")


def _entry_derivative(expr: Entry, wrt: Expr) -> Expr:
    if not isinstance(wrt, Entry) or wrt.head != expr.head:
        return Integer(0)
    agree = Integer(1)
    for a, b in zip(expr.index, wrt.index, strict=True):
        agree *= Integer(1) if a == b else Delta(a, b)
    return agree


def _product_rule(expr: Expr, wrt: Expr) -> Expr:
    factors = expr.args
    return sum(
        (expr.func(*factors[:k], derivative(f, wrt), *factors[k + 1 :]) for k, f in enumerate(factors)), Integer(0)
    )


def names_in(expr: Basic) -> Iterator[Defined]:
    """Yield the names that an expression uses, those that others rest on first, each once."""
    seen: set[tuple[str, int]] = set()
    yield from _names(expr, seen)


def _names(expr: Basic, seen: set[tuple[str, int]]) -> Iterator[Defined]:
    for argument in expr.args:
        yield from _names(argument, seen)
    if isinstance(expr, Defined) and (expr.name, len(expr.index)) not in seen:
        seen.add((expr.name, len(expr.index)))
        yield expr
