"""Rounding, continued: how many roundings an operation takes, and what underflows.

The model is that of the chapter on rounding. A count is the least k for which k roundings cover every way in which
an operation is computed: the derivative of its error by the unit, at zero.
"""

from collections.abc import Mapping

from sympy import Expr, Integer, Mul

from normspec.derivations.deriving import derived
from normspec.derivations.language import Vector, mean, natural, positive, scalar, substitute
from normspec.derivations.magnitudes import Magnitude
from normspec.derivations.proof import Bound, Chapter, Equation, claim
from normspec.derivations.quantities import i
from normspec.derivations.readback import closed
from normspec.derivations.rewriting import derivative
from normspec.derivations.rounding import BOUNDS, E, b, e, growth, u

z, p = scalar("z"), positive("p")
ULP = 2 * u * p

ROOT_AND_QUOTIENT, PRODUCT_WITH_RECIPROCAL, ONE = (1 + u) / (1 - u) - 1, (1 + u) ** 2 - 1, u


def product(*errors: Expr) -> Expr:
    """Take the error of one operation after the other."""
    return Mul(*(1 + error for error in errors)) - 1


WAYS: Mapping[str, tuple[Expr, ...]] = {
    "rsqrt": (ROOT_AND_QUOTIENT, 4 * u),
    "sqrt": (ONE, 2 * u),
    "division": (ONE, PRODUCT_WITH_RECIPROCAL),
    "merge_mean": (product(ONE, PRODUCT_WITH_RECIPROCAL, ONE, ONE),),
    "merge_share": (product(ONE, ONE, ONE, PRODUCT_WITH_RECIPROCAL, ONE, ONE),),
    "merge_sums": (product(ONE, ONE),),
}
"""The relative errors of the ways in which an operation is computed; one ulp is at most 2 u of a number."""


def count(error: Expr) -> int:
    """Count the roundings that an error comes to: its slope in the unit at zero."""
    return int(substitute(derivative(error, u), {u: Integer(0)}))


COUNTS = {operation: max(map(count, errors)) for operation, errors in WAYS.items()}


def ulps(many: int) -> Bound:
    """State what an error of so many ulp is relative to a number (1 + z²) p with p a power of two."""
    number = (1 + z**2) * p
    return Bound(many * ULP, 2 * many * u * number, "an ulp is 2 u p, p the power below")


def covered(operation: str) -> Bound:
    """State that the count of an operation covers the one way in which it is computed."""
    (error,), k = WAYS[operation], COUNTS[operation]
    return Bound(error, growth(k), f"{k} u < 1", positives=(1 - k * u,))


def linear(k: int) -> Bound:
    """State that k roundings cover an error of k units."""
    return Bound(k * u, growth(k), f"{k} u < 1", positives=(1 - k * u,))


q, y = Vector("q"), Vector("y")
eta, whole, other = positive("eta"), natural("k"), natural("l")
sum_ = scalar("s")
stored_error = closed(sum_ * (1 + e) + b - sum_)

CHAPTER = Chapter(
    "accumulation",
    "Rounding: counts and underflow",
    (
        claim(
            "rounding-ulp",
            "A result within so many ulp is off by twice as many units, relative to itself.",
            ulps(1),
            ulps(2),
        ),
        claim(
            "rounding-rsqrt-count",
            "One over a root takes two roundings, by a root and a division; good to two ulp, it takes four.",
            Bound(
                ROOT_AND_QUOTIENT,
                growth(count(ROOT_AND_QUOTIENT)),
                "2 u < 1: a rounding up over a rounding down is furthest from one",
                positives=(1 - u, 1 - 2 * u),
            ),
            linear(COUNTS["rsqrt"]),
            Bound(
                growth(2),
                growth(COUNTS["rsqrt"]),
                "more roundings cover fewer",
                positives=(1 - 2 * u, 1 - 4 * u),
            ),
            source="Higham 2002, lemma 3.1",
        ),
        claim(
            "rounding-sqrt-count",
            "A root is rounded once; good to one ulp, it takes two roundings.",
            linear(COUNTS["sqrt"]),
        ),
        claim(
            "rounding-division-count",
            "A quotient is rounded once; the product with a rounded reciprocal takes two roundings.",
            Bound(
                PRODUCT_WITH_RECIPROCAL,
                growth(COUNTS["division"]),
                "2 u < 1",
                positives=(1 - 2 * u,),
            ),
        ),
        claim(
            "rounding-merge-count",
            "A merge of two parts: a mean takes difference, quotient, product and sum; a share of the squares the "
            "difference twice, its square, and a weight of quotient and product; and it passes two sums.",
            covered("merge_mean"),
            covered("merge_share"),
            covered("merge_sums"),
        ),
        claim(
            "rounding-sum-underflow",
            "Sums do not underflow: numbers are multiples of the least, and so are all below the normal ones.",
            derived(whole * eta + other * eta, "so a small sum is a number itself: it is exact"),
            source="Hauser 1996",
        ),
        claim(
            "rounding-mean-underflow",
            "A mean underflows once, in its division; squares underflow each, and their mean as much as one.",
            Equation(sum_ * (1 + e) + b - sum_, stored_error, "the quotient, stored"),
            Magnitude(stored_error, BOUNDS, "|e| ≤ E, and |b| ≤ B is half the least subnormal"),
            derived(mean(y[i] ** 2 + q[i], i) - mean(y[i] ** 2, i), "each square is off by its own qᵢ"),
            Magnitude(mean(q[i], i), {q.head: E}, "|qᵢ| ≤ E"),
        ),
    ),
)
