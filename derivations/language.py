"""The language of the chapters: how a mathematician names things and writes sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Expr, Symbol, sympify

from normspec.derivations.nodes import Defined, Delta, Entry, Image, Index, Partial, Total, Vector
from normspec.derivations.rewriting import substitute

__all__ = [
    "Defined",
    "Definition",
    "Delta",
    "Entry",
    "Image",
    "Index",
    "Vector",
    "define",
    "indices",
    "labelling",
    "mean",
    "natural",
    "partial",
    "permutation",
    "positive",
    "scalar",
    "substitute",
    "total",
]


class Definition:
    """A named array that is given entry by entry."""

    def __init__(self, name: str, body: Any, *index: Index) -> None:
        """Let name[index] stand for the body."""
        self.name, self.body, self.index = name, sympify(body), index

    def __getitem__(self, at: Any) -> Defined:
        at = at if isinstance(at, tuple) else (at,)
        return Defined(self.name, at, substitute(self.body, dict(zip(self.index, at, strict=True))))


def define(name: str, body: Any) -> Defined:
    """Name a scalar expression."""
    return Defined(name, (), body)


def scalar(names: str) -> Any:
    """Name arbitrary real scalars."""
    return _several(lambda name: Symbol(name), names)


def positive(names: str) -> Any:
    """Name positive real scalars: only these may leave a square root alone."""
    return _several(lambda name: Symbol(name, positive=True), names)


def natural(names: str) -> Any:
    """Name positive integers, such as the size of a group."""
    return _several(lambda name: Symbol(name, positive=True, integer=True), names)


def _several(make: Callable[[str], Any], names: str) -> Any:
    made = tuple(map(make, names.split()))
    return made[0] if len(made) == 1 else made


def indices(names: str, size: Any) -> Any:
    """Name indices that range over 1..size."""
    return _several(lambda name: Index(name, size), names)


def total(body: Any, *index: Index) -> Expr:
    """Sum a body over each index in turn, the last one innermost."""
    for i in reversed(index):
        body = Total(sympify(body), i)
    return body


def permutation(name: str) -> Callable[[Index], Image]:
    """Name an arbitrary permutation of an index."""
    return lambda i: Image(Symbol(name), i, i.size, True)


def labelling(name: str, size: Any) -> Callable[[Index], Image]:
    """Name an arbitrary map from an index to labels 1..size."""
    return lambda i: Image(Symbol(name), i, size, False)


def mean(body: Any, index: Index) -> Expr:
    """Average a body over an index."""
    return total(body, index) / index.size


def partial(body: Any, *wrt: Expr) -> Expr:
    """Differentiate a body with respect to each entry or symbol in turn."""
    for variable in wrt:
        body = Partial(sympify(body), variable)
    return body
