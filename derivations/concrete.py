"""The second checker: the value of an expression at given sizes, in exact arithmetic.

It shares no code with the normal form. A sum is a loop, a square root is a surd, a derivative is the coefficient of a
nilpotent, an expectation is an enumeration of all samples.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from functools import lru_cache, reduce
from operator import add, mul
from typing import Any

from sympy import Abs, Expr, Symbol

from normspec.derivations.exact import Jet, Number, coefficient, exact_sqrt, reciprocal
from normspec.derivations.nodes import Defined, Delta, Entry, Expectation, Image, Index, Partial, Total, free_indices


class World:
    """An assignment of exact values to everything an expression may mention, drawn when first asked for.

    Names get rationals (positive ones where declared), natural numbers are given by `sizes` or drawn from 1..4,
    entries and permutations likewise. `fixed` overrides any of them by (name, index, ...).
    """

    def __init__(
        self, seed: int, sizes: Mapping[str, int] | None = None, fixed: Mapping[Any, Any] | None = None
    ) -> None:
        """Draw from a seed; a world with the same seed answers the same."""
        self.seed = seed
        self.sizes = dict(sizes or {})
        self.values: dict[Any, Any] = {k: Fraction(v) for k, v in (fixed or {}).items()}
        self.bound: dict[Index, int] = {}
        self.known: dict[tuple[Any, ...], Number] = {}
        self.settled: dict[Expr, Number] = {}

    def draw(self, key: Any, symbol: Symbol) -> Any:
        """Look a value up, or draw it from the seed and the key alone."""
        if key not in self.values:
            self.values[key] = self._drawn(random.Random(f"{self.seed}:{key}"), key, symbol)
        return self.values[key]

    def _drawn(self, source: random.Random, key: Any, symbol: Symbol) -> Fraction:
        if symbol.is_integer:
            return Fraction(self.sizes.get(symbol.name, source.randint(1, 4)))
        number = Fraction(source.randint(-9, 9), source.choice((1, 1, 2, 3)))
        return abs(number) + 1 if symbol.is_positive else number

    def permutation(self, symbol: Symbol, size: int) -> list[int]:
        """Draw a permutation of 1..size."""
        key = (symbol.name, "permutation", size)
        if key not in self.values:
            order = list(range(1, size + 1))
            random.Random(f"{self.seed}:{key}").shuffle(order)
            self.values[key] = order
        return list(self.values[key])

    def label(self, symbol: Symbol, at: int, size: int) -> int:
        """Draw the label, within 1..size, of the element at an index."""
        key = (symbol.name, "label", at)
        if key not in self.values:
            self.values[key] = random.Random(f"{self.seed}:{key}").randint(1, size)
        return int(self.values[key])

    @contextmanager
    def holding(self, changes: Mapping[Any, Any]) -> Iterator[None]:
        """Let some values be others for a while."""
        before, known = {k: self.values[k] for k in changes if k in self.values}, self.known
        self.values.update(changes)
        self.known = {}
        try:
            yield
        finally:
            for k in changes:
                self.values.pop(k, None)
            self.values.update(before)
            self.known = known

    @contextmanager
    def binding(self, index: Index, at: int) -> Iterator[None]:
        """Let an index have a value for a while."""
        before = self.bound.get(index)
        self.bound[index] = at
        try:
            yield
        finally:
            if before is None:
                del self.bound[index]
            else:
                self.bound[index] = before


def evaluate(expr: Expr, world: World) -> Number:
    """Compute the exact value. Raises ZeroDivisionError or ArithmeticError where the world has none."""
    if expr.is_Rational:
        return Fraction(int(expr.p), int(expr.q))
    for kind, rule in _RULES.items():
        if isinstance(expr, kind):
            return rule(expr, world)
    if expr.is_Add:
        return reduce(add, (evaluate(a, world) for a in expr.args))
    if expr.is_Mul:
        return reduce(mul, (evaluate(a, world) for a in expr.args))
    if expr.is_Pow:
        return _power(evaluate(expr.base, world), expr.exp, world)
    raise TypeError(f"no value for {type(expr).__name__}: {expr!r}")


def whole(expr: Expr, world: World) -> int:
    """Compute a value that must be an integer, such as a size or a subscript."""
    value = evaluate(expr, world)
    if not isinstance(value, Fraction) or value.denominator != 1:
        raise ArithmeticError(f"{expr} is no integer but {value}")
    return int(value)


def _power(base: Any, exponent: Expr, world: World) -> Number:
    if exponent.is_Rational and exponent.q == 2:
        base, n = exact_sqrt(base), int(exponent.p)
    else:
        n = whole(exponent, world)
    if n < 0:
        base, n = reciprocal(base), -n
    return reduce(mul, [base] * n) if n else Fraction(1)


def _once(rule: Callable[[Any, World], Number]) -> Callable[[Any, World], Number]:
    """Evaluate by a rule once in each world, for each value of the indices that an expression depends on."""

    def remembered(expr: Any, world: World) -> Number:
        key = (expr, *(world.bound.get(i) for i in _ordered(expr)))
        if key not in world.known:
            world.known[key] = rule(expr, world)
        return world.known[key]

    return remembered


@lru_cache(maxsize=1 << 14)
def _ordered(expr: Expr) -> tuple[Index, ...]:
    return tuple(sorted(free_indices(expr), key=str))


def _index(expr: Index, world: World) -> Number:
    if expr not in world.bound:
        raise KeyError(f"the index {expr.name} has no value")
    return Fraction(world.bound[expr])


def _entry_key(expr: Entry, world: World) -> tuple[Any, ...]:
    return (expr.head.name, *(whole(i, world) for i in expr.index))


def _total(expr: Total, world: World) -> Number:
    total: Any = Fraction(0)
    for at in range(1, whole(expr.index.size, world) + 1):
        with world.binding(expr.index, at):
            total = total + evaluate(expr.body, world)
    return total


def _image(expr: Image, world: World) -> Number:
    at, size = whole(expr.args[1], world), whole(expr.size, world)
    if expr.permutes:
        return Fraction(world.permutation(expr.args[0], size)[at - 1])
    return Fraction(world.label(expr.args[0], at, size))


def _partial(expr: Partial, world: World) -> Number:
    body, wrt = expr.args
    key = _entry_key(wrt, world) if isinstance(wrt, Entry) else wrt.name
    at = evaluate(wrt, world)
    direction = Jet.direction()
    with world.holding({key: at + direction}):
        return coefficient(evaluate(body, world), direction)


def _expectation(expr: Expectation, world: World) -> Number:
    if expr in world.settled:
        return world.settled[expr]
    body, scheme = expr.args
    inner = {e for e in body.atoms(Expectation) if e.args[1] == scheme and not free_indices(e)}
    settled = {e: _expectation(e, world) for e in inner}  # they do not depend on the sample: it is theirs too
    world.settled.update(settled)
    total: Any = Fraction(0)
    for probability, sample in scheme.samples(world):
        with world.holding(sample):
            total = total + probability * evaluate(body, world)
    for e in settled:
        world.settled.pop(e, None)
    return total


_RULES: dict[type, Callable[[Any, World], Number]] = {
    Index: _index,
    Symbol: lambda e, world: world.draw(e.name, e),
    Entry: lambda e, world: world.draw(_entry_key(e, world), e.head),
    Delta: lambda e, world: Fraction(int(whole(e.args[0], world) == whole(e.args[1], world))),
    Image: _image,
    Total: _once(_total),
    Defined: _once(lambda e, world: evaluate(e.body, world)),
    Partial: _once(_partial),
    Abs: lambda e, world: abs(evaluate(e.args[0], world)),
    Expectation: _expectation,
}
