"""Partitions: which elements form a group, and which share gamma and beta.

An array is x[n, p, r, s]: batch n of N, channel (p, r) of G groups of R channels, place s of S, all axes of space in
one. An operation is the set of axes that a group runs over; what it divides by is the product of their sizes.
"""

from sympy import Expr, Integer, Mul, sqrt

from normspec.derivations.deriving import derived
from normspec.derivations.language import (
    Definition,
    Delta,
    Index,
    Vector,
    define,
    indices,
    mean,
    natural,
    partial,
    total,
)
from normspec.derivations.proof import Bound, Chapter, Equation, Witness, claim
from normspec.derivations.quantities import epsilon

SIZES = dict(zip("nprs", natural("N G R S"), strict=True))
x = Vector("x")

BATCH, LAYER, INSTANCE, GROUP = "ns", "prs", "s", "rs"


def operation(name: str, axes: str, **fixed: int) -> Expr:
    """Standardize x[n, p, r, s] with the group that runs over the given axes, where some sizes are fixed to 1."""
    sizes = SIZES | {axis: Integer(size) for axis, size in fixed.items()}
    place = {axis: Integer(1) if axis in fixed else Index(axis, sizes[axis]) for axis in "nprs"}
    inner = {axis: Index(letter, sizes[axis]) for axis, letter in zip("nprs", "ijkl", strict=True) if axis in axes}
    element, count = x[tuple({**place, **inner}.values())], Mul(*(index.size for index in inner.values()))
    mu = define(f"mu_{name}", total(element, *inner.values()) / count)
    v = define(f"v_{name}", total((element - mu) ** 2, *inner.values()) / count)
    return define(f"xhat_{name}", (x[tuple(place.values())] - mu) / sqrt(v + epsilon))


P, Q, T, U = natural("P Q T U")
(p, i), (q, j) = indices("p i", P), indices("q j", Q)
(t, k), (u, l) = indices("t k", T), indices("u l", U)  # noqa: E741
together_a = Delta(q, j) * Delta(u, l)
together_b = Delta(p, i) * Delta(u, l)
ROWS = ({"B": 2, "m": 2}, {"B": 3, "m": 2}, {"B": 2, "m": 3})
SMALL = ({"N": 2, "G": 2, "R": 1, "S": 2}, {"N": 1, "G": 2, "R": 2, "S": 1})
PAIRS = ({"P": 1, "Q": 1, "T": 2, "U": 2}, {"P": 2, "Q": 1, "T": 1, "U": 2}, {"P": 2, "Q": 2, "T": 2, "U": 1})

shared, own = Vector("gamma"), Vector("gamma'")
e, f = indices("e f", natural("m"))
b, c = indices("b c", natural("B"))
row_mean = Definition("mu", mean(x[b, e], e), b)
row_variance = Definition("v", mean((x[b, e] - row_mean[b]) ** 2, e), b)
whole_mean = define("mu_w", mean(row_mean[b], b))
row = Definition("xhat", (x[b, e] - row_mean[b]) / sqrt(mean((x[b, f] - row_mean[b]) ** 2, f) + epsilon), b, e)

CHAPTER = Chapter(
    "partitions",
    "Partitions",
    (
        claim(
            "group-norm-is-layer-norm",
            "Group norm with one group is layer norm over channels and space, before gamma and beta.",
            Equation(operation("GN", GROUP, p=1), operation("LN", LAYER, p=1), "G = 1", sizes=SMALL),
        ),
        claim(
            "group-norm-is-instance-norm",
            "Group norm with one channel a group is instance norm.",
            Equation(operation("GN", GROUP, r=1), operation("IN", INSTANCE, r=1), "R = 1", sizes=SMALL),
        ),
        claim(
            "batch-norm-is-instance-norm",
            "Batch norm of a batch of one is instance norm.",
            Equation(operation("BN", BATCH, n=1), operation("IN", INSTANCE, n=1), "N = 1", sizes=SMALL),
        ),
        claim(
            "variances-of-parts",
            "Instance, group and layer norm of a sample: the finer has less variance on average, by that of its means.",
            Bound(
                mean(row_variance[b], b),
                mean(mean((x[b, e] - whole_mean) ** 2, e), b),
                "the law of total variance",
                mean((row_mean[b] - whole_mean) ** 2, b),
                sizes=ROWS,
            ),
            source="Wu and He 2018, section 3",
        ),
        claim(
            "equal-partitions",
            "Two partitions are equal just when the axes in which they differ have size one.",
            derived(
                total((together_a - together_b) ** 2, p, i, q, j, t, k, u, l),
                "one runs over p and t, the other over q and t: count the pairs that only one puts together",
                sizes=PAIRS,
            ),
        ),
        claim(
            "independence",
            "What other groups hold does not matter: no element moves with an element of another group.",
            Equation(partial(row[b, e], x[c, f]), 0, "groups b and c, b ≠ c", distinct=(b, c), sizes=ROWS),
            Witness(
                partial(row[b, e], x[b, f]),
                Integer(0),
                "within a group it does",
                {"B": 1, "m": 2},
                {("x", 1, 1): 0, ("x", 1, 2): 2, "epsilon": 3},
                {b: 1, e: 1, f: 2},
            ),
        ),
        claim(
            "affine-sharing",
            "Gamma has a partition of its own: one a channel is not one an element, so group norm with one group is "
            "not layer norm once both have their usual parameters.",
            Witness(
                shared[1] * x[e],
                own[e] * x[e],
                "channels of two places: layer norm may scale them differently",
                {"m": 2},
                {("gamma", 1): 1, ("gamma'", 1): 1, ("gamma'", 2): 2, ("x", 1): 1, ("x", 2): -1},
                {e: 2},
            ),
        ),
    ),
)
