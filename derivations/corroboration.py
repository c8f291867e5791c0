"""Corroboration: the two sides of an equation in a few exact worlds, by the second checker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product

from sympy import Expr, sympify

from normspec.derivations.concrete import World, evaluate
from normspec.derivations.evidence import NotProvedError
from normspec.derivations.expect import schemes_in
from normspec.derivations.nodes import Index, free_indices

SIZES = (2, 3, 5, 7)


ATTEMPTS = 9  # worlds tried before a denominator that vanishes in all of them is reported


PLACES = 3  # assignments of the free indices tried in each world


def compare_somewhere(
    left: Expr, right: Expr, seed: int, sizes: Mapping[str, int], distinct: tuple[Index, ...]
) -> None:
    """Compare in the first of a few worlds in which both sides have a value."""
    for attempt in range(ATTEMPTS):
        try:
            return compare(left, right, World(seed + 1000 * attempt, sizes), distinct)
        except ArithmeticError:
            continue
    raise NotProvedError(f"no value in {ATTEMPTS} worlds: {left} = {right}")


def compare(left: Expr, right: Expr, world: World, distinct: tuple[Index, ...]) -> None:
    """Compute both sides exactly at a few places; raise NotProvedError where they differ."""
    left, right = sympify(left), sympify(right)
    for scheme in schemes_in(left) | schemes_in(right):
        scheme.prepare(world)
    free = sorted(free_indices(left) | free_indices(right), key=str)
    for place in islice(_places(free, distinct, world), PLACES):
        world.bound.update(place)
        a, b = evaluate(left, world), evaluate(right, world)
        if a != b:
            raise NotProvedError(f"{left} is {a} and {right} is {b} at {place} with {world.values}")


def _places(free: Sequence[Index], distinct: tuple[Index, ...], world: World) -> Iterator[dict[Index, int]]:
    ranges = [range(1, 1 + int(evaluate(i.size, world))) for i in free]
    for place in product(*ranges):
        found = dict(zip(free, place, strict=True))
        apart = [found[i] for i in distinct if i in found]
        if len(set(apart)) == len(apart):
            yield found
