"""Sampling schemes: independent draws, and draws from a finite population with and without replacement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import permutations, product
from math import perm
from typing import Any

from sympy import Expr, Symbol, sympify

from normspec.derivations.concrete import World, whole
from normspec.derivations.exact import Number, exact_sqrt
from normspec.derivations.expect import Scheme, distinct_sum
from normspec.derivations.language import Entry, Index, mean, scalar
from normspec.derivations.laurent import ONE, UndecidedError, Value, inverse, times
from normspec.derivations.normal import Normalizer
from normspec.derivations.rewriting import fresh


class Independent(Scheme):
    """Independent draws from one distribution with mean theta, variance s**2 and central moments mu_3 and mu_4."""

    @property
    def description(self) -> str:
        """The scheme in words."""
        return f"{self._members()}, independent: mean θ, variance s², central moments μ₃ and μ₄"

    def distinct(self, normal: Normalizer, exponents: list[int]) -> Value:
        """The product of the moments."""
        out = ONE
        for e in exponents:
            if e >= len(RAW_MOMENTS):
                raise UndecidedError(f"the moment of order {e} has no name")
            out = times(out, normal(RAW_MOMENTS[e]))
        return out

    def prepare(self, world: World) -> None:
        """Choose a distribution on three points, and name its moments."""
        points = (Fraction(-1 - world.seed % 3), Fraction(1, 2), Fraction(3))
        chances = (Fraction(1, 6), Fraction(1, 2), Fraction(1, 3))
        world.values["distribution"] = list(zip(chances, points, strict=True))
        centre = sum((p * a for p, a in zip(chances, points, strict=True)), Fraction(0))
        central = {k: sum(p * (a - centre) ** k for p, a in zip(chances, points, strict=True)) for k in (2, 3, 4)}
        world.values.update({"theta": centre, "s": exact_sqrt(central[2]), "mu_3": central[3], "mu_4": central[4]})

    def samples(self, world: World) -> Iterator[tuple[Fraction, dict[Any, Number]]]:
        """Enumerate the product distribution."""
        for draws in product(world.values["distribution"], repeat=whole(self.size, world)):
            chance = Fraction(1)
            for p, _ in draws:
                chance *= p
            yield chance, {(str(self.head), k): value for k, (_, value) in enumerate(draws, 1)}


theta, s, mu_3, mu_4 = scalar("theta"), Symbol("s", positive=True), scalar("mu_3"), scalar("mu_4")
RAW_MOMENTS: tuple[Any, ...] = (
    sympify(1),
    theta,
    s**2 + theta**2,
    mu_3 + 3 * theta * s**2 + theta**3,
    mu_4 + 4 * theta * mu_3 + 6 * theta**2 * s**2 + theta**4,
)


class Finite(Scheme):
    """Draws from a finite population X[1..N]; args[2] is the population's symbol and args[3] its size."""

    def _moment(self, e: int) -> Expr:
        k = fresh(Index("k", self.args[3]))
        return mean(Entry(self.args[2], k) ** e, k)

    def _population(self, world: World) -> list[Number]:
        size = whole(self.args[3], world)
        return [world.draw((str(self.args[2]), k), self.args[2]) for k in range(1, size + 1)]

    def _enumerated(
        self, world: World, draws: Callable[[list[Number], int], Iterator[tuple[Number, ...]]], count: int
    ) -> Iterator[tuple[Fraction, dict[Any, Number]]]:
        for draw in draws(self._population(world), whole(self.size, world)):
            yield Fraction(1, count), {(str(self.head), k): value for k, value in enumerate(draw, 1)}


class WithReplacement(Finite):
    """Each member is drawn from the whole population."""

    @property
    def description(self) -> str:
        """The scheme in words."""
        return f"{self._members()}, drawn with replacement from {self.args[2]}₁ … {self.args[2]}_{self.args[3]}"

    def distinct(self, normal: Normalizer, exponents: list[int]) -> Value:
        """The product of the population's moments."""
        out = ONE
        for e in exponents:
            out = times(out, normal(self._moment(e)))
        return out

    def samples(self, world: World) -> Iterator[tuple[Fraction, dict[Any, Number]]]:
        """Enumerate the tuples."""
        count = whole(self.args[3], world) ** whole(self.size, world)
        return self._enumerated(world, lambda members, m: product(members, repeat=m), count)


class WithoutReplacement(Finite):
    """No member is drawn twice."""

    @property
    def description(self) -> str:
        """The scheme in words."""
        return f"{self._members()}, drawn without replacement from {self.args[2]}₁ … {self.args[2]}_{self.args[3]}"

    def distinct(self, normal: Normalizer, exponents: list[int]) -> Value:
        """The mean over tuples of distinct members of the population."""
        weights, chances = [], ONE
        for k, e in enumerate(exponents):
            index = fresh(Index("k", self.args[3]), "#")
            weights.append((index, normal(Entry(self.args[2], index) ** e)))
            chances = times(chances, inverse(normal(self.args[3] - k)))
        return times(chances, distinct_sum(normal, weights))

    def samples(self, world: World) -> Iterator[tuple[Fraction, dict[Any, Number]]]:
        """Enumerate the arrangements."""
        n, m = whole(self.args[3], world), whole(self.size, world)
        return self._enumerated(world, lambda members, m: permutations(members, m), perm(n, m))
