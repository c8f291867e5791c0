"""Rounding in Welford's recurrence and Chan's merges: the variance of a group from its parts, in any order.

The model is that of the chapter on rounding. A merge takes parts of n and p elements, p ≤ n, and their means; a step of
Welford's is one of a single element, p = 1. e stands for the error of a part's mean, and Fᵢ for the most that element i
adds to the error of a sum: n |eₙ| is at most (n − 1)/(m − 1) Σ F, and k/h Σ F in a tree of height h, k of it below.
Every merge adds a share s to the squared deviations, which sum to M; its error is at most 2 √(s E) + E, where E is what
the errors of the means come to. So the squares are off by 2 √M D + D², D² = Σ E, and by their own roundings.
"""

from typing import Any

from sympy import Integer, sqrt

from normspec.derivations.accumulation import COUNTS
from normspec.derivations.deriving import derived
from normspec.derivations.language import Defined, Index, Vector, natural, positive, scalar, substitute, total
from normspec.derivations.magnitudes import Magnitude, bounded
from normspec.derivations.proof import Bound, Chapter, Equation, Induction, claim
from normspec.derivations.quantities import i, j, m
from normspec.derivations.readback import closed
from normspec.derivations.rewriting import derivative
from normspec.derivations.rounding import BOUNDS, D, E, T, b, e, f, growth, t, t_0, u

n, p, h, k, l = natural("n p h k l")  # noqa: E741 - the letters of counts
MEAN, SHARE, SUMS = (COUNTS[f"merge_{what}"] for what in ("mean", "share", "sums"))
mu_n, mu_p, delta = scalar("mu_n"), scalar("mu_p"), scalar("delta")
e_n, e_p = scalar("e_n"), scalar("e_p")
joined = (mu_n + (mu_p - mu_n) * (p / (n + p)) * (1 + t_0)) * (1 + e)

weight, second, third = positive("w"), scalar("b_1"), scalar("b_2")
share_lost = ((delta**2 + b) * weight + second) * n + third - delta**2 * weight * n
LOSSES = {b: E, second: E, third: E}
step = Index("k", h)
B = Vector("b")
lost_by_mean = total(B[step] * (1 + t[step]), step)
lost_by_share = bounded(closed(share_lost), LOSSES)
LOST = closed(bounded(lost_by_mean, {B.head: E, t.head: T}))

F, s, a = Vector("F", positive=True), Vector("s"), Vector("a")
squares, raw, lost = positive("M"), positive("Q"), positive("l")
reach = T * sqrt(raw) + lost * sqrt(m)

c = n * p / (n + p)
share = c * (delta + e_p - e_n) ** 2
e_0, e_1 = scalar("e_0"), scalar("e_1")
product = (delta - e_0) * (weight * delta - e_1)
energy = (e_1**2 / weight + weight * e_0**2) / 2


def of_step(old: Any, new: Any) -> Any:
    """What E is of a step of Welford's after n elements, where n e₀² ≤ old and (n + 1) e₁² ≤ new."""
    return (new / (n + 1) * (n + 1) / n + old / n * n / (n + 1)) / 2


def pairs(n: Any) -> Any:
    """Count the pairs of n elements."""
    return n * (n - 1) / 2


def squares_to(h: Any) -> Any:
    """Sum the squares of 1 to h."""
    k = Index("k", h)
    return total(k**2, k)


def pyramid(h: Any) -> Any:
    """Sum them in closed form."""
    return h * (h + 1) * (2 * h + 1) / 6


ANY_ORDER = pairs(m) / (m - 1) ** 2
TREE = pyramid(h) / h**2
ERROR = closed((1 + T) * ((sqrt(squares) + D) ** 2 - squares))
share_errors = closed(total((s[i] + f[i]) * (1 + t[i]), i) - total(s[i], i))
by_means = 2 * sqrt(squares) * growth(MEAN * (m - 1)) * sqrt(ANY_ORDER * raw)
FIRST_ORDER = u * substitute(derivative(by_means, u), {u: Integer(0)})

CHAPTER = Chapter(
    "recurrences",
    "Rounding: Welford's recurrence and Chan's merges",
    (
        claim(
            "rounding-merge-mean",
            "A merge of means gives every element one more factor, of five roundings where the smaller part joins the "
            "larger: h merges come to a sum of height 5 h.",
            derived(
                (n + p) * joined,
                "t₀ gathers the roundings of difference, quotient and product, e is that of the sum; p t₀/n is no more",
                by=[mu_n, mu_p],
            ),
            Bound(
                (1 + growth(MEAN - 1)) * (1 + u) - 1,
                growth(MEAN),
                "where |t₀| is at most the growth of four",
                positives=(1 - (MEAN - 1) * u, 1 - MEAN * u),
            ),
            Bound(
                (1 + growth(MEAN * h)) * (1 + growth(MEAN)) - 1,
                growth(MEAN * (h + 1)),
                "one merge more",
                positives=(1 - MEAN * h * u, 1 - MEAN * u, 1 - MEAN * (h + 1) * u),
            ),
        ),
        claim(
            "rounding-merge-underflow",
            "What underflows in a merge weighs with the number of its elements: each of them is in at most h merges.",
            derived((n + p) * (mu_n + b) - (n + p) * mu_n, "b is what the last product of a mean loses"),
            Magnitude(lost_by_mean, {B.head: E, t.head: T}, "so much an element, E half the least subnormal"),
            Equation(total(1, step), h, "the merges that an element is in"),
            Equation(share_lost, closed(share_lost), "the products of a share, w = p/(n + p)"),
            Magnitude(closed(share_lost), LOSSES, "each loses at most E"),
            Bound(substitute(lost_by_share, {weight: p / (n + p)}), 2 * E * (n + p), "twice as much an element"),
        ),
        claim(
            "rounding-merge-element",
            "The errors of the elements in the mean of a part, gathered into one for the group.",
            Bound(
                (k + l) * growth(MEAN * k),
                k * growth(MEAN * (k + l)),
                "a growth is at least in proportion to its roundings",
                positives=(1 - MEAN * k * u, 1 - MEAN * (k + l) * u),
            ),
            Bound(
                total(F[i], i) ** 2,
                m * total(F[i] ** 2, i),
                "so the squared error of a mean, times m, is at most Σ F²",
                total((F[i] - F[j]) ** 2, i, j) / 2,
            ),
            derived(total((T * a[i] + lost) ** 2, i), "Fᵢ = T aᵢ + l, with aᵢ = |xᵢ|, and l what is lost to underflow"),
            Equation(
                reach**2,
                closed(reach**2),
                "which is at least as much, for Σ a ≤ √m √Q where Q = Σ a²",
                positives=(raw,),
            ),
        ),
        claim(
            "rounding-merge-share",
            "A merge's share, from means that are off: E = c (eₚ − eₙ)², c = n p/(n + p), bounded in two ways.",
            derived(share - c * delta**2, "δ = μₚ − μₙ"),
            Bound(c * (e_p - e_n) ** 2, p * e_n**2 + n * e_p**2, "crosswise"),
            Bound(c * (e_p - e_n) ** 2, n * e_n**2 + p * e_p**2, "or straight"),
            source="Chan, Golub and LeVeque 1983",
        ),
        claim(
            "rounding-welford-share",
            "A share of Welford's, the product of two deviations: E = (e₁²/w + w e₀²)/2, where w = n/(n + 1).",
            derived(product - weight * delta**2, "the means before and after", by=[delta]),
            Bound((e_1 + weight * e_0) ** 2 / weight, 4 * energy, "so the part of first order is at most 2 √(s E)"),
            Bound(e_0 * e_1, energy, "and the rest at most E, whatever the signs"),
        ),
        claim(
            "rounding-merge-cauchy",
            "Over all merges the shares sum to M, the E to D²: by Cauchy and Schwarz the √(s E) to at most √M D.",
            Bound(
                total(s[i] * f[i], i) ** 2,
                total(s[i] ** 2, i) * total(f[i] ** 2, i),
                "Lagrange's identity, for the roots of both",
                total((s[i] * f[j] - s[j] * f[i]) ** 2, i, j) / 2,
            ),
        ),
        claim(
            "rounding-merge-any-order",
            "In whatever order, all E of n elements come to n (n − 1)/2 where an error is n − 1: so D² is at most "
            "m/(2 (m − 1)) Σ F².",
            Bound(
                pairs(n) + p * (n - 1) ** 2 / n,
                pairs(n + p),
                "a merge adds p eₙ² for its larger part, and for the other likewise",
            ),
            Bound(pairs(n) + of_step((n - 1) ** 2, n**2), pairs(n + 1), "a step of Welford's"),
            Bound(
                ANY_ORDER,
                Integer(1),
                "in units of (m − 1)²: Σ F² for m = 2, and half of it in the limit",
                positives=(m - 1, m - 2),
            ),
        ),
        claim(
            "rounding-merge-height",
            "In a tree of height h an element is in h merges, whose errors are 1 to h: D² is at most "
            "(h + 1)(2 h + 1)/(6 h) Σ F².",
            Bound(of_step(1, 1), Integer(1), "a merge adds the errors below it, straight; a step of Welford's no more"),
            Induction(
                lambda h: Defined("S", (h,), squares_to(h)),
                pyramid,
                Integer(1),
                lambda value, h: value + (h + 1) ** 2,
                h,
                "the sum of squares",
                start=1,
            ),
            Bound(TREE, h, "in units of h²: no more than h Σ F², and a third of it in the limit"),
        ),
        claim(
            "rounding-merge",
            "The squares are off by at most T M + (1 + T) (2 √M D + D²): to first order by the root of M times that of "
            "the raw squares Q, not by Q as in one pass.",
            Equation(
                total((s[i] + f[i]) * (1 + t[i]), i) - total(s[i], i),
                share_errors,
                "sᵢ is a share, fᵢ its error, tᵢ its own roundings and those of the sums",
            ),
            Magnitude(share_errors, BOUNDS, "|tᵢ| ≤ T, and Σ |f| ≤ 2 √M D + D²"),
            derived((1 + T) * ((sqrt(squares) + D) ** 2 - squares), "what the errors of the means make"),
            Bound(
                FIRST_ORDER**2,
                2 * (MEAN * m * u) ** 2 * squares * raw,
                "the square of its part of first order, in any order: the factor of √(M Q) is below 7.1 m u",
                positives=(m - 1,),
            ),
            source="Chan and Lewis 1979; Chan, Golub and LeVeque 1983, with a constant of 8",
        ),
    ),
)
