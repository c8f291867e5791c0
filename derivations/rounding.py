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
    define,
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
from normspec.derivations.quantities import by_mean, i, j, moments, mu, v, x
from normspec.derivations.readback import arranged, closed, factored
from normspec.derivations.rewriting import derivative

u, w = positive("u"), positive("w")
k, l = natural("k l")  # noqa: E741 - counts
d, p, a, b, e, t_0 = (scalar(name) for name in ("d", "p", "a", "b", "e", "t_0"))
D, R, A, B, T, E = (positive(name) for name in ("D", "rho", "A", "B", "T", "E"))
t, f, F = Vector("t"), Vector("f"), Vector("F", positive=True)
p_3 = scalar("p_3")
BOUNDS: dict[Any, Any] = {
    d: D,
    p: R,
    p_3: define("rho_3", closed((1 + R) ** 3 - 1)),
    a: A,
    b: B,
    e: E,
    t_0: T,
    t.head: T,
    f.head: F,
}

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
mean_error = closed(mean(x[i] * (1 + t[i]), i) - mu)
two_products = (f_1 * f_2 + d) * f_3 + e
underflow = closed(two_products - f_1 * f_2 * f_3)

y_exact = gamma[j] * r * c + beta[j]
y_shared = gamma[j] * r * (1 + p) * (c - d) + beta[j]
shared_error = closed(y_shared - y_exact, keep=[centred])
y_computed = gamma[j] * r * (1 + p) * (c - d) * (1 + t_0) + beta[j] * (1 + e)
y_error = shared_error + arranged(y_computed - y_shared, [t_0, e], keep=[centred])
folded_shared = gamma[j] * r * (1 + p) * (x[j] - (mean_x + d)) + beta[j]
folded = gamma[j] * r * (1 + p) * (x[j] * (1 + t_0) - (mean_x + d) * (1 + a)) + beta[j] * (1 + e)
folded_error = shared_error + arranged(folded - folded_shared, [t_0, a, e])
first_order = linear(y_error, (d, p, t_0, e))
higher_order = closed(y_error - first_order, keep=[centred])

q_computed = mean(g[i] * (centred[i] - d) * (1 + t[i]), i)
q_error = arranged(q_computed - mean(g[i] * centred[i], i), [d], keep=[centred])
dx_exact = r * (g[j] - gbar - c * q * r**2)
dx_shared = r * (1 + p) * (g[j] - gbar - a) - r**3 * (1 + p_3) * (c - d) * (q + b)
exact_sums = substitute(dx_shared, {a: Integer(0), b: Integer(0)})
by_statistics = arranged(exact_sums - dx_exact, [p, p_3], keep=[centred])
dx_error = by_statistics + arranged(dx_shared - exact_sums, [a, b], keep=[centred])
t_1, t_2, t_3 = t[1], t[2], t[3]
dx_rounded = r * (1 + p) * (g[j] * (1 + t_1) - (gbar + a) * (1 + t_2)) - r**3 * (1 + p_3) * (c - d) * (q + b) * (
    1 + t_3
)
dx_elementwise = arranged(dx_rounded - dx_shared, [t_1, t_2, t_3], keep=[centred])

old, new, weight = scalar("r_0"), scalar("M"), scalar("a_n")
moved = define("Delta", new - old)
blended = (old + weight * (moved + d) * (1 + t_0)) * (1 + e)
blend_error = arranged(blended - (old + weight * moved), [d], keep=[moved])
one_pass = mean(x[i] ** 2 * (1 + t[i]), i) - (mu + d) ** 2 * (1 + e)
one_pass_error = closed(one_pass - v, by_mean)
dgamma_error = closed(total(g[i] * (xhat[i] + f[i]) * (1 + t[i]), i) - total(g[i] * xhat[i], i))
result = scalar("y")
stored = (result + a) * (1 + e) + b
stored_error = arranged(stored - result, [a])

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
            Bound(
                (1 + growth(k)) * (1 + growth(l)) - 1,
                growth(k + l),
                "so k and l roundings come to no more than k + l",
                positives=(1 - k * u, 1 - l * u, 1 - (k + l) * u),
            ),
            Equation(
                growth(k),
                k * u + factored(growth(k) - k * u, positives=(1 - k * u,)),
                "to first order k u, and what remains",
            ),
            source="Higham 2002, lemmas 3.1 and 3.3",
        ),
        claim(
            "rounding-mean",
            "The mean is off by the means of the summands' own errors.",
            Equation(mean(x[i] * (1 + t[i]), i) - mu, mean_error, "each summand has its own factor 1 + tᵢ"),
            Magnitude(mean_error, BOUNDS, "|tᵢ| ≤ T, the growth of h + 1 roundings"),
        ),
        claim(
            "rounding-variance",
            "In two passes an error d of the mean only increases the variance, by its square; the rest is relative.",
            Equation(mean(spread, i), closed(mean(spread, i), moments), "the cross term vanishes"),
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
            Equation(one_pass - v, one_pass_error, "v = E[x²] − μ²"),
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
            Equation(partial(1 / sqrt(w), w), closed(partial(1 / sqrt(w), w)), "to first order, by −Δ/(2 w)"),
        ),
        claim(
            "rounding-underflow",
            "A product that underflows on its way is off by what the later factors make of that.",
            Equation(two_products - f_1 * f_2 * f_3, underflow, "two products, each stored"),
            Magnitude(underflow, BOUNDS, "so the worst order multiplies by the largest factor last; D = E = η/2"),
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
            Equation(q_computed - mean(g[i] * centred[i], i), q_error, "each summand has its own factor"),
            Magnitude(q_error, BOUNDS, "|d| ≤ D and |tᵢ| ≤ T"),
        ),
        claim(
            "rounding-dx",
            "The error of the gradient: through mean, rstd and the two sums, and the element's own roundings.",
            Equation(dx_shared - dx_exact, dx_error, "r̂ = r (1 + p), r̂³ = r³ (1 + p₃), μ̂ = μ + d, q̂ = q + b"),
            Magnitude(dx_error, BOUNDS, "|a| ≤ A and |b| ≤ B are the errors of the sums"),
            Equation(dx_rounded - dx_shared, dx_elementwise, "one factor for each of the three terms"),
            Magnitude(dx_elementwise, BOUNDS, "|tᵢ| ≤ T, the growth of six roundings"),
        ),
        claim(
            "rounding-parameters",
            "The gradients of gamma and beta: errors of x̂, weighed by the cotangents, and those of the sum.",
            Equation(
                total(g[i] * (xhat[i] + f[i]) * (1 + t[i]), i) - total(g[i] * xhat[i], i),
                dgamma_error,
                "f is the error of x̂",
            ),
            Magnitude(dgamma_error, BOUNDS, "|fᵢ| ≤ Fᵢ, for gamma"),
            Magnitude(total(g[i] * t[i], i), BOUNDS, "for beta"),
        ),
        claim(
            "rounding-blend",
            "One step of the running statistics: the new statistic's error by its weight, and three roundings.",
            Equation(blended - (old + weight * moved), blend_error, "r₀ + aₙ Δ, with Δ = M − r₀"),
            Magnitude(blend_error, BOUNDS, "|d| ≤ D is the error of the new statistic"),
        ),
        claim(
            "rounding-store",
            "Storing a result that is off by a: one more rounding, and half a subnormal.",
            Equation(stored - result, stored_error, "b is the underflow"),
            Magnitude(stored_error, BOUNDS, "|a| ≤ A, |e| ≤ u and |b| ≤ η/2"),
        ),
    ),
)
