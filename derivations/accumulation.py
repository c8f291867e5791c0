"""Rounding, continued: how many roundings an operation takes, what recurrences and merges add up, what underflows.

The model is that of the chapter on rounding. A count is the least k for which k roundings cover every way in which
an operation is computed: the derivative of its error by the unit, at zero.
"""

from collections.abc import Mapping
from typing import Any

from sympy import Expr, Integer

from normspec.derivations.language import Defined, Index, Vector, mean, natural, positive, scalar, substitute, total
from normspec.derivations.magnitudes import Magnitude
from normspec.derivations.proof import Bound, Chapter, Equation, Induction, claim
from normspec.derivations.quantities import i, j
from normspec.derivations.rewriting import derivative
from normspec.derivations.rounding import BOUNDS, E, a, b, d, e, f, growth, t, t_0, u

z, p = scalar("z"), positive("p")
ULP = 2 * u * p

ROOT_AND_QUOTIENT, PRODUCT_WITH_RECIPROCAL, ONE = (1 + u) / (1 - u) - 1, (1 + u) ** 2 - 1, u
WAYS: Mapping[str, tuple[Expr, ...]] = {
    "rsqrt": (ROOT_AND_QUOTIENT, 4 * u),
    "sqrt": (ONE, 2 * u),
    "division": (ONE, PRODUCT_WITH_RECIPROCAL),
}
"""The relative errors of the ways in which an operation is computed; one ulp is at most 2 u of a number."""


def count(error: Expr) -> int:
    """Count the roundings that an error comes to: its slope in the unit at zero."""
    return int(substitute(derivative(error, u), {u: Integer(0)}))


COUNTS = {operation: max(map(count, errors)) for operation, errors in WAYS.items()}


def ulps(many: int) -> Bound:
    """State what an error of so many ulp is relative to a number (1 + z²) p with p a power of two."""
    number = (1 + z**2) * p
    return Bound(many * ULP, 2 * many * u * number, 2 * many * u * p * z**2, "an ulp is 2 u p, p the power below")


def linear(k: int) -> Bound:
    """State that k roundings cover an error of k units."""
    return Bound(k * u, growth(k), (k * u) ** 2 / (1 - k * u), f"{k} u < 1", positives=(1 - k * u,))


r = Vector("r")
n, delta = natural("n"), scalar("delta")
EPS = Vector("e")


def mean_error(n: Any) -> Expr:
    """The error of a running mean, from the roundings of its steps."""
    k = Index("k", n)
    return total(k * r[k], k) / n


x_t, before, after, w = scalar("x"), scalar("e_0"), scalar("e_1"), scalar("w")
step = delta * w * delta
computed = (delta - before) * (w * delta - after)
step_error = before * after - delta * after - w * delta * before
ERRORS = {**BOUNDS, before: positive("E_0"), after: positive("E_1")}

c, M_a, M_b = positive("c"), positive("M_a"), positive("M_b")
merged_error = M_a * a + M_b * b + c * (2 * delta * d + d**2) * (1 + t_0) + c * delta**2 * t_0
q, y = Vector("q"), Vector("y")
eta, whole, other = positive("eta"), natural("k"), natural("l")
sum_ = scalar("s")

CHAPTER = Chapter(
    "accumulation",
    "Rounding: counts, recurrences, underflow",
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
                2 * u**2 / ((1 - u) * (1 - 2 * u)),
                "2 u < 1: a rounding up over a rounding down is furthest from one",
                positives=(1 - u, 1 - 2 * u),
            ),
            linear(COUNTS["rsqrt"]),
            Bound(
                growth(2),
                growth(COUNTS["rsqrt"]),
                2 * u / ((1 - 2 * u) * (1 - 4 * u)),
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
                u**2 * (3 + 2 * u) / (1 - 2 * u),
                "2 u < 1",
                positives=(1 - 2 * u,),
            ),
        ),
        claim(
            "rounding-sum-underflow",
            "Sums do not underflow: numbers are multiples of the least, and so are all below the normal ones.",
            Equation(
                whole * eta + other * eta, (whole + other) * eta, "so a small sum is a number itself: it is exact"
            ),
            source="Hauser 1996",
        ),
        claim(
            "rounding-mean-underflow",
            "A mean underflows once, in its division; squares underflow each, and their mean as much as one.",
            Equation(sum_ * (1 + e) + b - sum_, sum_ * e + b, "the quotient, stored"),
            Magnitude(sum_ * e + b, BOUNDS, "|e| ≤ E, and |b| ≤ B is half the least subnormal"),
            Equation(mean(y[i] ** 2 + q[i], i) - mean(y[i] ** 2, i), mean(q[i], i), "each square is off by its own qᵢ"),
            Magnitude(mean(q[i], i), {q.head: E}, "|qᵢ| ≤ E"),
        ),
        claim(
            "rounding-welford-mean",
            "The error of Welford's mean: the rounding of step k weighs k/n, for later steps average it away.",
            Induction(
                lambda n: Defined("E", (n,), mean_error(n)),
                mean_error,
                r[1],
                lambda value, n: n * value / (n + 1) + r[n + 1],
                n,
                "the new mean has n/(n + 1) of the old one's error, and a rounding of its own",
                start=1,
            ),
            source="Chan and Lewis 1979",
        ),
        claim(
            "rounding-welford-step",
            "A step of Welford's squares with means off by e₀ and e₁: to first order by the deviation times both.",
            Equation(computed - step, step_error, "w = (n − 1)/n is what the new mean leaves of the deviation δ"),
            Magnitude(step_error, ERRORS, "|e₀| ≤ E₀ and |e₁| ≤ E₁"),
        ),
        claim(
            "rounding-welford",
            "Over all steps errors of the mean weigh, by Cauchy and Schwarz, with the root of the sum of squares.",
            Equation(
                total((y[i] + f[i]) * (1 + t[i]), i) - total(y[i], i),
                total(f[i] * (1 + t[i]), i) + total(y[i] * t[i], i),
                "yᵢ is a step's share, fᵢ its error",
            ),
            Magnitude(
                total(f[i] * (1 + t[i]), i) + total(y[i] * t[i], i), BOUNDS, "|fᵢ| ≤ Fᵢ, |tᵢ| ≤ T: all steps' roundings"
            ),
            Bound(
                total(y[i] * EPS[i], i) ** 2,
                total(y[i] ** 2, i) * total(EPS[i] ** 2, i),
                total((y[i] * EPS[j] - y[j] * EPS[i]) ** 2, i, j) / 2,
                "Lagrange's identity, for deviations y and errors e of the mean",
            ),
            source="Chan, Golub and LeVeque 1983",
        ),
        claim(
            "rounding-chan",
            "A merge: the parts' own errors, and the error d of the distance δ of their means; c = n p/(n + p).",
            Equation(
                M_a * (1 + a) + M_b * (1 + b) + c * (delta + d) ** 2 * (1 + t_0) - (M_a + M_b + c * delta**2),
                merged_error,
                "relative errors a and b of the parts, t₀ of the new term",
            ),
            Magnitude(merged_error, BOUNDS, "|a| ≤ A, |b| ≤ B, |d| ≤ D and |t₀| ≤ T"),
            source="Chan, Golub and LeVeque 1983",
        ),
    ),
)
