"""Rounding: what floating-point arithmetic can do to the layer, in the standard model.

Assumptions: fl(a op b) = (a op b)(1 + delta) with |delta| <= u, round to nearest, no overflow; underflow adds at most
half the least subnormal where a result is stored, and is neglected elsewhere. A sum of height h gives each summand at
most h factors. Errors are named: d of the mean, p of rstd (relative), a of gbar = mean g, b of q = mean(g (x - mu)),
and e, t of chains of roundings. Each claim says an error exactly; its bound follows by the triangle inequality.
"""

from typing import Any

from sympy import Expr, Integer, sqrt

from normspec.derivations.language import (
    Definition,
    Vector,
    mean,
    natural,
    partial,
    positive,
    scalar,
    substitute,
    total,
)
from normspec.derivations.magnitudes import Magnitude
from normspec.derivations.proof import Bound, Chapter, Equation, claim
from normspec.derivations.quantities import i, j, mu, v, x
from normspec.derivations.rewriting import derivative

u, k, w = positive("u"), natural("k"), positive("w")
d, p, a, b, e, t_0 = (scalar(name) for name in ("d", "p", "a", "b", "e", "t_0"))
D, R, A, B, T, E = (positive(name) for name in ("D", "rho", "A", "B", "T", "E"))
t, f, F = Vector("t"), Vector("f"), Vector("F", positive=True)
BOUNDS: dict[Any, Any] = {d: D, p: R, a: A, b: B, e: E, t_0: T, t.head: T, f.head: F}

g, gamma, beta, xhat = Vector("g"), Vector("gamma"), Vector("beta"), Vector("xhat")
mean_x, gbar, q, r = scalar("mu"), scalar("gbar"), scalar("q"), positive("r")
centred = Definition("c", x[i] - mean_x, i)
c = centred[j]


def growth(k: Any) -> Expr:
    """Bound the product of k roundings, less one."""
    return k * u / (1 - k * u)


def linear(expr: Expr, errors: tuple[Expr, ...]) -> Expr:
    """Take the part of first order in the errors."""
    none = dict.fromkeys(errors, Integer(0))
    return sum((error * substitute(derivative(expr, error), none) for error in errors), Integer(0))


f_1, f_2, f_3 = (scalar(name) for name in ("f_1", "f_2", "f_3"))
spread = (x[i] - mu - d) ** 2
change, kappa = scalar("Delta"), scalar("kappa")

y_exact = gamma[j] * r * c + beta[j]
y_shared = gamma[j] * r * (c * p - d * (1 + p))
y_error = y_shared + gamma[j] * r * (1 + p) * (c - d) * t_0 + beta[j] * e
y_computed = gamma[j] * r * (1 + p) * (c - d) * (1 + t_0) + beta[j] * (1 + e)
folded_error = y_shared + gamma[j] * r * (1 + p) * (x[j] * t_0 - (mean_x + d) * a) + beta[j] * e
folded = gamma[j] * r * (1 + p) * (x[j] * (1 + t_0) - (mean_x + d) * (1 + a)) + beta[j] * (1 + e)
first_order = linear(y_error, (d, p, t_0, e))
higher_order = gamma[j] * r * (c * p * t_0 - d * p - d * t_0 - d * p * t_0)

q_error = mean(g[i] * (centred[i] - d) * t[i], i) - d * mean(g[i], i)
dx_exact = r * (g[j] - gbar - c * q * r**2)
dx_shared = r * (1 + p) * (g[j] - gbar - a - (c - d) * (q + b) * (r * (1 + p)) ** 2)
dx_error = (
    p * r * (g[j] - gbar - c * q * r**2)
    - r * (1 + p) * a
    - (r * (1 + p)) ** 3 * ((c - d) * b - d * q)
    - r**3 * (1 + p) * p * (2 + p) * c * q
)
t_1, t_2, t_3 = t[1], t[2], t[3]
dx_rounded = (
    r * (1 + p) * (g[j] * (1 + t_1) - (gbar + a) * (1 + t_2) - (c - d) * (q + b) * (r * (1 + p)) ** 2 * (1 + t_3))
)
dx_elementwise = (
    r * (1 + p) * g[j] * t_1 - r * (1 + p) * (gbar + a) * t_2 - (r * (1 + p)) ** 3 * (c - d) * (q + b) * t_3
)

old, new, weight = scalar("r_0"), scalar("M"), scalar("a_n")
blended = (old + weight * (new + d - old) * (1 + t_0)) * (1 + e)
blend_error = weight * d * (1 + t_0) + weight * (new - old) * t_0 + (old + weight * (new + d - old) * (1 + t_0)) * e
one_pass_error = mean(x[i] ** 2 * t[i], i) - (2 * mu * d + d**2) * (1 + e) - mu**2 * e
result = scalar("y")

CHAPTER = Chapter(
    "rounding",
    "Rounding",
    (
        claim(
            "rounding-growth",
            "k roundings change a number by at most k u/(1 − k u): one more stays within the next such bound.",
            Bound(
                (1 + growth(k)) * (1 + u) - 1,
                growth(k + 1),
                "(k + 1) u < 1",
                positives=(1 - k * u, 1 - (k + 1) * u),
            ),
            source="Higham 2002, lemma 3.1",
        ),
        claim(
            "rounding-mean",
            "The mean is off by the means of the summands' own errors.",
            Equation(mean(x[i] * (1 + t[i]), i) - mu, mean(x[i] * t[i], i), "each summand has its own factor 1 + tᵢ"),
            Magnitude(mean(x[i] * t[i], i), BOUNDS, "|tᵢ| ≤ T, the growth of h + 1 roundings"),
        ),
        claim(
            "rounding-variance",
            "In two passes an error d of the mean only increases the variance, by its square; the rest is relative.",
            Equation(mean(spread, i), v + d**2, "the cross term vanishes"),
            Bound(
                mean(spread * (1 + t[i]), i),
                (v + d**2) * (1 + T),
                "from above, where |tᵢ| ≤ T",
                mean(spread * (T - t[i]), i),
                positives=(T - t[i],),
            ),
            Bound(
                v * (1 - T),
                mean(spread * (1 + t[i]), i),
                "from below, where |tᵢ| ≤ T < 1",
                mean(spread * (T + t[i]), i) + d**2 * (1 - T),
                positives=(T + t[i], 1 - T),
            ),
        ),
        claim(
            "rounding-one-pass",
            "In one pass the error is relative to the mean square, not to the variance.",
            Equation(mean(x[i] ** 2 * (1 + t[i]), i) - (mu + d) ** 2 * (1 + e) - v, one_pass_error, "v = E[x²] − μ²"),
            Magnitude(one_pass_error, BOUNDS, "|d| ≤ D, |tᵢ| ≤ T and |e| ≤ E"),
        ),
        claim(
            "rounding-rstd",
            "The reciprocal deviation r = 1/√w, w = v + ε, changes with Δ by a factor that falls with Δ.",
            Equation(
                (1 + kappa) / sqrt(w + change),
                (1 + kappa) / sqrt(1 + change / w) / sqrt(w),
                "κ gathers the roundings of sum, root and division",
            ),
            Equation(partial(1 / sqrt(w), w), -1 / (2 * w) / sqrt(w), "to first order, by −Δ/(2 w)"),
        ),
        claim(
            "rounding-underflow",
            "A product that underflows on its way is off by what the later factors make of that.",
            Equation(((f_1 * f_2 + d) * f_3 + e) - f_1 * f_2 * f_3, d * f_3 + e, "two products, each stored"),
            Magnitude(d * f_3 + e, BOUNDS, "so the worst order multiplies by the largest factor last; D = E = η/2"),
        ),
        claim(
            "rounding-y",
            "The error of the output: shared parts through mean and rstd, and the element's own roundings.",
            Equation(y_computed - y_exact, y_error, "r̂ = r (1 + p) and μ̂ = μ + d, with c = x − μ"),
            Magnitude(y_error, BOUNDS, "|d| ≤ D, |p| ≤ ρ, |t₀| ≤ T and |e| ≤ E"),
        ),
        claim(
            "rounding-y-first-order",
            "To first order in the errors, and what remains.",
            Equation(y_error, first_order + higher_order, "differentiate at zero"),
            Magnitude(first_order, BOUNDS, "the part of first order"),
            Magnitude(higher_order, BOUNDS, "the rest: products of two errors or more"),
        ),
        claim(
            "rounding-y-folded",
            "Folded into α x + b, the roundings are relative to |x| and |μ| instead of their difference.",
            Equation(folded - y_exact, folded_error, "α = γ r̂ and b = β − μ̂ α"),
            Magnitude(folded_error, BOUNDS, "the same bounds, and |a| ≤ A"),
        ),
        claim(
            "rounding-projection",
            "The gradient's projection q = mean g (x − μ): an error of the mean enters through mean g.",
            Equation(
                mean(g[i] * (centred[i] - d) * (1 + t[i]), i) - mean(g[i] * centred[i], i),
                q_error,
                "each summand has its own factor",
            ),
            Magnitude(q_error, BOUNDS, "|d| ≤ D and |tᵢ| ≤ T"),
        ),
        claim(
            "rounding-dx",
            "The error of the gradient: through mean, rstd and the two sums, and the element's own roundings.",
            Equation(dx_shared - dx_exact, dx_error, "r̂ = r (1 + p), μ̂ = μ + d, q̂ = q + b"),
            Magnitude(dx_error, BOUNDS, "|a| ≤ A and |b| ≤ B are the errors of the sums"),
            Equation(dx_rounded - dx_shared, dx_elementwise, "one factor for each of the three terms"),
            Magnitude(dx_elementwise, BOUNDS, "|tᵢ| ≤ T, the growth of six roundings"),
        ),
        claim(
            "rounding-parameters",
            "The gradients of gamma and beta: errors of x̂, weighed by the cotangents, and those of the sum.",
            Equation(
                total(g[i] * (xhat[i] + f[i]) * (1 + t[i]), i) - total(g[i] * xhat[i], i),
                total(g[i] * f[i] * (1 + t[i]), i) + total(g[i] * xhat[i] * t[i], i),
                "f is the error of x̂",
            ),
            Magnitude(
                total(g[i] * f[i] * (1 + t[i]), i) + total(g[i] * xhat[i] * t[i], i), BOUNDS, "|fᵢ| ≤ Fᵢ, for gamma"
            ),
            Magnitude(total(g[i] * t[i], i), BOUNDS, "for beta"),
        ),
        claim(
            "rounding-blend",
            "One step of the running statistics: the new statistic's error by its weight, and three roundings.",
            Equation(blended - (old + weight * (new - old)), blend_error, "r₀ + aₙ (M − r₀)"),
            Magnitude(blend_error, BOUNDS, "|d| ≤ D is the error of the new statistic"),
        ),
        claim(
            "rounding-store",
            "Storing a result that is off by a: one more rounding, and half a subnormal.",
            Equation((result + a) * (1 + e) + b - result, a + (result + a) * e + b, "b is the underflow"),
            Magnitude(a + (result + a) * e + b, BOUNDS, "|a| ≤ A, |e| ≤ u and |b| ≤ η/2"),
        ),
    ),
)
