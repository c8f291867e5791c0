"""Power sums: sums of a monomial over one or several indices, in one canonical form.

Nested sums merge into one atom whose binders are named so that the order of nesting does not matter; a sum whose
factors fall into unconnected parts is the product of the sums of the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import chain, permutations, product
from typing import Any

from sympy import Expr

from normspec.derivations.laurent import Atom, Monomial, UndecidedError, Value, atom
from normspec.derivations.nodes import Image, Index, free_indices
from normspec.derivations.rewriting import fresh, substitute

Rename = Callable[[Value, dict[Index, Expr]], Value]

BOUND = "#"  # an index so marked is bound by a sum that is being normalized


CANONICAL = "$"  # an index so marked is bound inside a power-sum atom


def is_bound(index: Expr) -> bool:
    """Whether an index is bound by a sum."""
    return isinstance(index, Index) and index.name.startswith((BOUND, CANONICAL))


def opened(a: Atom, rename: Rename) -> tuple[list[Index], list[tuple[Atom, int]], Fraction]:
    """The binders and factors of a power sum, with binders that stand nowhere else, and the factor this brings out."""
    binders, mono = a.data
    new: dict[Index, Expr] = {}
    for b in binders:
        new[b] = fresh(Index("", substitute(b.size, new)), BOUND)
    ((opened, unit),) = rename({mono: Fraction(1)}, new).items()
    return list(new.values()), list(opened), unit


def collected(factors: Iterable[tuple[Atom, int]]) -> Monomial:
    """Collect factors into a monomial; raises UndecidedError for a root that would have to be squared."""
    exponents: dict[Atom, int] = {}
    for a, e in factors:
        exponents[a] = min(1, exponents.get(a, 0) + e) if a.kind == "delta" else exponents.get(a, 0) + e
    if any(a.kind == "root" and e not in (0, 1) for a, e in exponents.items()):
        raise UndecidedError("a root that depends on a bound index is squared under its sum")
    return tuple(sorted((a, e) for a, e in exponents.items() if e))


def without_bijections(binders: list[Index], mono: Monomial) -> tuple[list[Index], Monomial]:
    """Reindex: a sum over i in which only p(i) occurs, p a permutation, is the sum over p(i)."""
    for b in binders:
        if any(b in free_indices(c.size) for c in binders):
            continue
        images = {w for a, _ in mono for w in _subscripts(a) if b in free_indices(w)}
        plain = all(a.kind in ("entry", "delta") for a, _ in mono if b in a.free)
        if (
            plain
            and len(images) == 1
            and isinstance(only := images.pop(), Image)
            and only.permutes
            and only.args[1] == b
        ):
            renamed = {(_swap(a, only, b), e) for a, e in mono}
            return without_bijections(binders, tuple(sorted(renamed)))
    return binders, mono


def _subscripts(a: Atom) -> tuple[Expr, ...]:
    return tuple(a.data[1:]) if a.kind == "entry" else tuple(a.data) if a.kind == "delta" else ()


def _swap(a: Atom, image: Image, b: Index) -> Atom:
    if b not in a.free:
        return a
    data = tuple(b if w == image else w for w in a.data)
    return atom(a.kind, data, a.free)


def components(binders: list[Index], mono: Monomial) -> list[list[Index]]:
    """Group binders that some factor, or some size, ties together."""
    groups = [{b} for b in binders]
    ties = [a.free & set(binders) for a, _ in mono]
    ties += [(free_indices(b.size) & set(binders)) | {b} for b in binders]
    for tie in ties:
        joined = [g for g in groups if g & tie]
        if len(joined) > 1:
            groups = [g for g in groups if not g & tie] + [set().union(*joined)]
    return [[b for b in binders if b in g] for g in groups]


def orders(binders: list[Index], mono: Monomial) -> Iterator[tuple[Index, ...]]:
    """The orders of binders that can be canonical: those whose parts in the monomial differ are sorted by them."""
    parts: dict[Any, list[Index]] = {}
    for b in binders:
        parts.setdefault(_part_played(b, mono), []).append(b)
    alike = [permutations(parts[key]) for key in sorted(parts)]
    return (tuple(chain.from_iterable(order)) for order in product(*alike))


def _part_played(b: Index, mono: Monomial) -> tuple[Any, ...]:
    """Where a binder stands, told without any bound name."""
    size = "" if free_indices(b.size) else str(b.size)
    factors = [
        (a.kind, str(a.data[0]), e, [w == b for w in a.data[1:]]) for a, e in mono if a.kind == "entry" and b in a.free
    ]
    others: list[tuple[str, str, int, list[bool]]] = [
        (a.kind, "", e, []) for a, e in mono if a.kind != "entry" and b in a.free
    ]
    return len(free_indices(b.size)), size, tuple(map(str, sorted(factors + others)))


def candidate_key(candidate: tuple[tuple[Index, ...], Monomial, Fraction]) -> tuple[Any, ...]:
    """Order candidates by the sizes of their binders, then by their factors."""
    sizes, body, _ = candidate
    alike = all(b.size == sizes[0].size for b in sizes)
    return "" if alike else str(sizes), [(a.order, e) for a, e in body]


def well_nested(order: tuple[Index, ...]) -> bool:
    """Whether the range of each binder rests on earlier ones only."""
    return all(not free_indices(b.size) & set(order[k:]) for k, b in enumerate(order))


@lru_cache(maxsize=1 << 14)
def named(order: tuple[Index, ...], mono: Monomial, rename: Rename) -> tuple[tuple[Index, ...], Monomial, Fraction]:
    """Name binders in an order: sizes, monomial, and a number that renaming brings out."""
    names: dict[Index, Index] = {}
    for k, b in enumerate(order):
        names[b] = Index(f"{CANONICAL}{k}", substitute(b.size, names))
    ((body, unit),) = rename({mono: Fraction(1)}, names).items()
    return tuple(names.values()), body, unit


def canonical(binders: list[Index], mono: Monomial, rename: Rename) -> tuple[tuple[Any, ...], Fraction, frozenset[Any]]:
    """Name the binders so that the atom does not depend on how the sums were nested: its data, factor, free indices."""
    candidates = [named(order, mono, rename) for order in orders(binders, mono) if well_nested(order)]
    if not candidates:
        raise UndecidedError("the ranges of nested sums depend on each other in a circle")
    sizes, body, unit = min(candidates, key=candidate_key) if len(candidates) > 1 else candidates[0]
    free = frozenset().union(*(a.free for a, _ in mono), *(free_indices(b.size) for b in binders))
    return (sizes, body), unit, free - set(binders)
