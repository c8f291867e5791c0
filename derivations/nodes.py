"""The nodes of an expression: indices that know their size, entries, sums, names, derivatives, expectations.

They are plain SymPy expressions without evaluation of their own: what one *means* is said twice, by `normal` (for every
size) and by `concrete` (at given sizes, exactly).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sympy import Basic, Expr, Symbol, Tuple, sympify
from sympy.core.symbol import Str


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


@lru_cache(maxsize=1 << 16)
def free_indices(expr: Basic) -> frozenset[Index]:
    """The indices that no sum of the expression binds."""
    if isinstance(expr, Index):
        return free_indices(expr.size) | {expr}
    if isinstance(expr, Total):
        return (free_indices(expr.body) - {expr.index}) | free_indices(expr.index.size)
    return frozenset().union(*map(free_indices, expr.args))
