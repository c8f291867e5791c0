"""Random expressions, and the value of a normal form computed from its own atoms."""

import random
from fractions import Fraction

from sympy import Rational, sqrt

from normspec.derivations.concrete import World
from normspec.derivations.exact import exact_sqrt, reciprocal
from normspec.derivations.language import Delta, Index, Vector, indices, natural, permutation, positive, scalar, total

m = natural("m")
i, j = indices("i j", m)
x, y = Vector("x"), Vector("y")
W = Vector("W")
a, b, c = positive("a"), scalar("b"), scalar("c")
pi = permutation("pi")


def leaf(source, free):
    """A number, a scalar, an entry or a delta at the indices in scope."""
    at = source.choice(free)
    return source.choice(
        [
            lambda: Rational(source.randint(-3, 3), source.randint(1, 3)),
            lambda: source.choice((a, b, c, m)),
            lambda: source.choice((x, y))[at],
            lambda: source.choice((x, y))[at] ** 2,
            lambda: W[at, source.choice(free)],
            lambda: x[pi(at)],
            lambda: Delta(at, source.choice(free)),
        ]
    )()


def expression(source, depth=3, free=(i, j)):
    """A polynomial expression in sums, of a given depth, with divisions by positive scalars."""
    if depth == 0:
        return leaf(source, free)
    kind = source.randrange(6)
    if kind == 0:
        return expression(source, depth - 1, free) + expression(source, depth - 1, free)
    if kind == 1:
        return expression(source, depth - 1, free) * expression(source, depth - 1, free)
    if kind == 2:
        return expression(source, depth - 1, free) - leaf(source, free)
    if kind == 3:
        return expression(source, depth - 1, free) / source.choice((a, m, a + m))
    binder = Index(f"k{depth}", m)
    return total(expression(source, depth - 1, (*free, binder)), binder)


def rooted(source):
    """An expression with a square root of something positive."""
    radicand = total(leaf(source, (i,)) ** 2, i) + a
    return expression(source, 1) * sqrt(radicand) + expression(source, 1) / sqrt(radicand)


def value_of(value, world, bound=None):
    """Evaluate a normal form, atom by atom."""
    out = Fraction(0)
    for mono, coefficient in value.items():
        product = coefficient
        for atom, exponent in mono:
            base = _ATOMS[atom.kind](atom.data, world, bound or {})
            base = base if exponent > 0 else reciprocal(base)
            for _ in range(abs(exponent)):
                product = product * base
        out = out + product
    return out


def _where(index, world, bound):
    if index in bound:
        return bound[index]
    if isinstance(index, Index):
        return world.bound[index]
    if index.is_Integer:
        return int(index)
    return world.permutation(index.args[0], _size(m, world))[_where(index.args[1], world, bound) - 1]


def _size(size, world):
    return int(world.draw(str(size), size))


def _sum(data, world, bound):
    binders, mono = data
    if not binders:
        return value_of({mono: Fraction(1)}, world, bound)
    first, *rest = binders
    sizes = range(1, _size(first.size, world) + 1)
    return sum((_sum((tuple(rest), mono), world, {**bound, first: at}) for at in sizes), Fraction(0))


def _root(data, world, bound):
    numerator, denominator = (value_of(dict(part), world, bound) for part in data)
    return denominator * exact_sqrt(numerator * reciprocal(denominator))


_ATOMS = {
    "symbol": lambda data, world, bound: world.draw(str(data), data),
    "entry": lambda data, world, bound: world.draw(
        (str(data[0]), *(_where(w, world, bound) for w in data[1:])), data[0]
    ),
    "delta": lambda data, world, bound: Fraction(int(_where(data[0], world, bound) == _where(data[1], world, bound))),
    "sum": _sum,
    "root": _root,
    "inverse": lambda data, world, bound: reciprocal(value_of(dict(data), world, bound)),
}


def world_at(seed, size, places):
    """A world of a given size, with values for the free indices."""
    world = World(seed, {"m": size})
    world.bound.update(places)
    return world


def source(seed):
    """A reproducible source of randomness."""
    return random.Random(seed)
