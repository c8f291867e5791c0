"""Merging statistics: from parts of a group to the whole, without seeing its elements again."""

from typing import Any, NamedTuple

from sympy import Expr

from normspec.derivations.language import (
    Defined,
    Definition,
    Index,
    Vector,
    define,
    indices,
    mean,
    natural,
    positive,
    scalar,
    total,
)
from normspec.derivations.proof import Chapter, Equation, Induction, Witness, claim, entries

n, p = natural("n p")
i, j = indices("i", n), indices("j", p)
x, y = Vector("x"), Vector("y")
t = natural("t")


class Statistics(NamedTuple):
    """What is kept of a part: how many elements, their mean, and the sum of their squared deviations."""

    count: Any
    mean: Any
    squares: Any


def of(entry: Any, index: Index, mark: str) -> Statistics:
    """Take the statistics of a part."""
    mu = define("mu_" + mark, mean(entry[index], index))
    return Statistics(index.size, mu, define("M_" + mark, total((entry[index] - mu) ** 2, index)))


def merged(a: Statistics, b: Statistics) -> Statistics:
    """Merge two parts (Chan, Golub and LeVeque)."""
    count, delta = a.count + b.count, b.mean - a.mean
    return Statistics(
        count,
        a.mean + delta * b.count / count,
        a.squares + b.squares + delta**2 * a.count * b.count / count,
    )


first, second = of(x, i, "x"), of(y, j, "y")
both = merged(first, second)
seen, batch = (define("v_" + mark, part.squares.body / part.count) for mark, part in (("x", first), ("y", second)))
N, delta = define("N", n + p), define("delta", second.mean - first.mean)
mu = define("mu", (total(x[i], i) + total(y[j], j)) / (n + p))
squares = total((x[i] - mu) ** 2, i) + total((y[j] - mu) ** 2, j)
SIZES = ({"n": 1, "p": 2}, {"n": 3, "p": 2}, {"n": 4, "p": 5})


def summary(mark: str) -> Statistics:
    """Name the statistics of some part."""
    return Statistics(positive("n_" + mark), scalar("mu_" + mark), scalar("M_" + mark))


a, b, c = map(summary, "abc")


def first_mean(t: Any) -> Expr:
    """Average the first t elements."""
    k = Index("k", t)
    return total(x[k], k) / t


def mean_of_first(t: Any) -> Defined:
    """Name the mean of the first t elements."""
    return Defined("mu", (t,), first_mean(t))


def squares_of_first(t: Any) -> Expr:
    """Sum the squared deviations of the first t elements from their own mean."""
    k = Index("k", t)
    return total((x[k] - mean_of_first(t)) ** 2, k)


K, m = natural("K m")
s, e = indices("s", K), indices("e", m)
shard_mean = Definition("mu", mean(x[s, e], e), s)
whole = define("mu", total(x[s, e], s, e) / (K * m))

CHAPTER = Chapter(
    "merging",
    "Merging statistics",
    (
        claim(
            "chan-mean",
            "The mean of two parts together, from theirs.",
            Equation(both.mean, mu, "weigh by size", sizes=SIZES),
            source="Chan, Golub and LeVeque 1983",
        ),
        claim(
            "chan-squares",
            "The squared deviations of two parts together: theirs, and δ² n p/(n + p) for the distance of the means.",
            Equation(both.squares, squares, "δ is the difference of the two means", sizes=SIZES),
            Witness(
                first.squares + second.squares,
                squares,
                "without the term in δ²",
                {"n": 1, "p": 1},
                {**entries("x", 0), **entries("y", 2)},
            ),
            source="Chan, Golub and LeVeque 1983",
        ),
        claim(
            "pooled-mean",
            "The mean of all that was seen, from the mean kept and the new part's.",
            Equation(mu, first.mean + delta * p / N, "the mean moves by the new part's share"),
            Equation(mu, (n * first.mean + p * second.mean) / N, "as a weighted mean"),
        ),
        claim(
            "pooled-variance",
            "The biased variance of all that was seen, from the variance and mean kept and the new part's.",
            Equation(squares / (n + p), (n * seen + p * batch + delta**2 * n * p / N) / N, "Chan's merge, divided"),
            Witness(
                squares / (n + p),
                (n * seen + p * batch) / (n + p),
                "averaging the variances",
                {"n": 1, "p": 1},
                {**entries("x", 0), **entries("y", 2)},
            ),
        ),
        claim(
            "merge-associative",
            "It does not matter in which order parts are merged.",
            Equation(merged(merged(a, b), c).mean, merged(a, merged(b, c)).mean, "the mean"),
            Equation(merged(merged(a, b), c).squares, merged(a, merged(b, c)).squares, "the squares"),
        ),
        claim(
            "welford-mean",
            "Welford's update of the mean, one element at a time.",
            Induction(
                mean_of_first,
                first_mean,
                x[1],
                lambda value, t: value + (x[t + 1] - value) / (t + 1),
                t,
                "each element moves the mean by its share",
                start=1,
            ),
            source="Welford 1962",
        ),
        claim(
            "welford-squares",
            "Welford's update of the squared deviations: the product of the deviations from the old and new mean.",
            Induction(
                lambda t: Defined("M", (t,), squares_of_first(t)),
                squares_of_first,
                x[1] - x[1],
                lambda value, t: value + (x[t + 1] - mean_of_first(t)) * (x[t + 1] - mean_of_first(t + 1)),
                t,
                "no difference of large sums is taken",
                start=1,
            ),
            source="Welford 1962",
        ),
        claim(
            "welford-is-chan",
            "Welford's update is Chan's merge with a part of one element.",
            Equation(
                merged(a, Statistics(1, x[1], 0)).squares,
                a.squares + (x[1] - a.mean) * (x[1] - merged(a, Statistics(1, x[1], 0)).mean),
                "p = 1",
            ),
        ),
        claim(
            "synchronized",
            "Synchronized batch norm: shards of equal size give the statistics of the whole batch.",
            Equation(mean(shard_mean[s], s), whole, "the mean of means"),
            Equation(
                total((x[s, e] - whole) ** 2, s, e),
                total((x[s, e] - shard_mean[s]) ** 2, s, e) + m * total((shard_mean[s] - whole) ** 2, s),
                "within and between shards; unequal ones are in total-variance",
            ),
            Witness(
                mean(mean((x[s, e] - shard_mean[s]) ** 2, e), s),
                total((x[s, e] - whole) ** 2, s, e) / (K * m),
                "averaging the shards' variances",
                {"K": 2, "m": 1},
                {("x", 1, 1): 0, ("x", 2, 1): 2},
            ),
        ),
    ),
)
