"""The language of the chapters: indices that know their size, entries, sums, names, derivatives.

The surface is SymPy; what SymPy does with sums is not used. Everything here is a plain `Expr` without evaluation of its
own: what an expression *means* is said twice, by `normal` (for every size) and by `concrete` (at given sizes, exactly).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import count
from typing import Any

from sympy import Basic, Expr, Integer, Symbol, Tuple, sympify
from sympy.core.symbol import Str

__all__ = [
    "Defined",
    "Definition",
    "Delta",
    "Entry",
    "Expectation",
    "Image",
    "Index",
    "Partial",
    "Total",
    "Vector",
    "define",
    "expand",
    "free_indices",
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


class Index(Expr):  # type: ignore[misc]
    """An index that ranges over 1..size."""

    is_commutative = True
    is_integer = True
    is_positive = True

    def __new__(cls, name: str | Str, size: Any) -> Index:
        """Name an index; two indices are the same when name and size are."""
        made: Index = Expr.__new__(cls, Str(str(name)), sympify(size))
        return made

    @property
    def name(self) -> str:
        """The letter a reader sees, unless a binder is renamed to avoid a clash."""
        return str(self.args[0])

    @property
    def size(self) -> Expr:
        """How far the index ranges."""
        return self.args[1]


class Entry(Expr):  # type: ignore[misc]
    """One entry of an array: head[index, ...]."""

    is_commutative = True

    def __new__(cls, head: Symbol, *index: Any) -> Entry:
        """Take the entry of the array named by a symbol."""
        return Expr.__new__(cls, head, *map(sympify, index))  # type: ignore[no-any-return]

    @property
    def head(self) -> Symbol:
        """The array's symbol; its assumptions hold for every entry."""
        return self.args[0]

    @property
    def index(self) -> tuple[Expr, ...]:
        """Where the entry stands."""
        return tuple(self.args[1:])

    def _eval_is_positive(self) -> bool | None:
        return True if self.head.is_positive else None


class Vector:
    """An array with arbitrary entries; `x[i]` is an entry, and `x[k, i]` one of a matrix."""

    def __init__(self, name: str, **assumptions: bool) -> None:
        """Name an array; assumptions such as positive=True hold for each entry."""
        self.head = Symbol(name, **assumptions)

    def __getitem__(self, index: Any) -> Entry:
        return Entry(self.head, *(index if isinstance(index, tuple) else (index,)))


class Image(Expr):  # type: ignore[misc]
    """The value of an index map at an index, within 1..size: a permutation, or a labelling such as `block of i`."""

    is_commutative = True
    is_integer = True
    is_positive = True

    def __new__(cls, symbol: Symbol, argument: Any, size: Any, bijective: Any) -> Image:
        """Apply the map named by a symbol; see `permutation` and `labelling`."""
        made: Image = Expr.__new__(cls, symbol, sympify(argument), sympify(size), sympify(bijective))
        return made

    @property
    def size(self) -> Expr:
        """How far the values range."""
        return self.args[2]

    @property
    def permutes(self) -> bool:
        """Whether the map is one to one and onto."""
        return bool(self.args[3])


class Delta(Expr):  # type: ignore[misc]
    """Kronecker's delta: 1 where the two indices agree, else 0."""

    is_commutative = True


class Total(Expr):  # type: ignore[misc]
    """The sum of a body over all values of an index."""

    is_commutative = True

    @property
    def body(self) -> Expr:
        """What is summed."""
        return self.args[0]

    @property
    def index(self) -> Index:
        """What is summed over."""
        index: Index = self.args[1]
        return index


class Defined(Expr):  # type: ignore[misc]
    """A name for an expression: printed as the name, checked as the expression."""

    is_commutative = True

    def __new__(cls, name: str | Str, index: Any, body: Any) -> Defined:
        """Give a name, its index, and what it stands for."""
        return Expr.__new__(cls, Str(str(name)), Tuple(*index), sympify(body))  # type: ignore[no-any-return]

    @property
    def name(self) -> str:
        """The name, as `notation` and `printing` know it."""
        return str(self.args[0])

    @property
    def index(self) -> tuple[Expr, ...]:
        """The subscripts."""
        return tuple(self.args[1])

    @property
    def body(self) -> Expr:
        """What the name stands for."""
        return self.args[2]


class Partial(Expr):  # type: ignore[misc]
    """A partial derivative with respect to an entry or a symbol, taken when checked."""

    is_commutative = True


class Expectation(Expr):  # type: ignore[misc]
    """The expectation of a body over a sampling scheme (see `expect`)."""

    is_commutative = True


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


def indices(names: str, size: Any) -> Any:
    """Name indices that range over 1..size."""
    return _several(lambda name: Index(name, size), names)


def _several(make: Callable[[str], Any], names: str) -> Any:
    made = tuple(map(make, names.split()))
    return made[0] if len(made) == 1 else made


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


_FRESH = count()


def fresh(index: Index, mark: str = "#") -> Index:
    """Make an index that stands nowhere else."""
    return Index(f"{mark}{next(_FRESH)}", index.size)


@lru_cache(maxsize=1 << 16)
def free_indices(expr: Basic) -> frozenset[Index]:
    """The indices that no sum of the expression binds."""
    if isinstance(expr, Index):
        return free_indices(expr.size) | {expr}
    if isinstance(expr, Total):
        return (free_indices(expr.body) - {expr.index}) | free_indices(expr.index.size)
    return frozenset().union(*map(free_indices, expr.args))


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


def expand(expr: Any) -> Any:
    """Write out one layer of names at the top of an expression."""
    return expr.body if isinstance(expr, Defined) else expr


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
        return total(derivative(substitute(expr.body, {expr.index: renamed}), wrt), renamed)
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
