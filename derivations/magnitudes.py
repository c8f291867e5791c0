"""Magnitudes: how large an error expression can be, by the triangle inequality, term by term."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sympy import Abs, Expr, Mul, Pow, Symbol, sympify

from normspec.derivations.concrete import World, evaluate
from normspec.derivations.evidence import Evidence, NotProvedError
from normspec.derivations.nodes import Entry, Total, Vector, free_indices
from normspec.derivations.signs import nonnegative

TRIALS = 40


def bounded(expr: Any, bounds: Mapping[Any, Any]) -> Expr:
    """Bound the magnitude of an expression in which each error is at most its bound.

    `bounds` maps errors (symbols, or the heads of arrays of errors) to bounds (for arrays also to arrays). Raises
    ValueError where an error stands in a denominator.
    """
    expr = sympify(expr)
    if not expr.atoms(Symbol) & set(bounds):
        return expr if nonnegative(expr) else Abs(expr)
    if isinstance(expr, Symbol):
        return sympify(bounds[expr])
    if isinstance(expr, Entry):
        bound = bounds[expr.head]
        return bound[expr.index] if isinstance(bound, Vector) else sympify(bound)
    if isinstance(expr, Total):
        factors = Mul.make_args(bounded(expr.body, bounds))
        common = [f for f in factors if expr.index not in free_indices(f)]
        return Mul(*common) * Total(Mul(*(f for f in factors if f not in common)), expr.index)
    if expr.is_Pow and expr.exp.is_Integer and expr.exp > 0:
        return Pow(bounded(expr.base, bounds), expr.exp)
    if expr.is_Add or expr.is_Mul:
        return expr.func(*(bounded(a, bounds) for a in expr.args))
    raise ValueError(f"no bound for {expr!r}")


@dataclass(frozen=True)
class Magnitude:
    """|error| is at most what the triangle inequality gives, where each named error is at most its bound."""

    error: Expr
    bounds: Mapping[Any, Any]
    reason: str
    relation: str = "≤"

    @property
    def left(self) -> Expr:
        """The magnitude of the error."""
        return Abs(self.error)

    @property
    def right(self) -> Expr:
        """The bound, computed from the error."""
        return bounded(self.error, self.bounds)

    def verify(self) -> Evidence:
        """Try the bound exactly, with errors of every size and sign up to their bounds; raise NotProvedError."""
        right = self.right
        attained = max(self._ratio(right, seed) for seed in range(TRIALS))
        if attained > 1:
            raise NotProvedError(f"the bound is exceeded {attained} times: {self.error}")
        return Evidence("triangle inequality", f"never exceeded at {TRIALS} exact points")

    def _ratio(self, right: Expr, seed: int) -> Fraction:
        world = World(seed, {"m": 1 + seed % 4, "n": 1 + seed % 3})
        for index in free_indices(self.error) | free_indices(right):
            world.bound[index] = 1
        limit = evaluate(right, world)
        for error, bound in self.bounds.items():
            self._draw(world, error, bound, random.Random(f"{seed}:{error}"))
        error = evaluate(self.error, world)
        return Fraction(0) if not limit and not error else Fraction(abs(error) / limit)

    def _draw(self, world: World, error: Symbol, bound: Any, source: random.Random) -> None:
        """Give an error, or each entry of an array of errors, a value within its bound, often at its end."""
        shares = (-1, 1, Fraction(1, 2), Fraction(-1, 3), 0)
        if not isinstance(bound, Vector):
            world.values[error.name] = evaluate(sympify(bound), world) * source.choice(shares)
        for k in range(1, 9):
            at = evaluate(sympify(bound[k] if isinstance(bound, Vector) else bound), world)
            world.values[(error.name, k)] = at * source.choice(shares)
