"""The Jacobian of standardization: a multiple of a projection, but for epsilon."""

from sympy import Expr

from normspec.derivations.deriving import derived
from normspec.derivations.gradients import dx
from normspec.derivations.language import Definition, Delta, Index, Vector, define, mean, partial, total
from normspec.derivations.proof import Bound, Chapter, Equation, claim
from normspec.derivations.quantities import ghat, i, j, k, l, m, mu, sigma, standard, v, x, xhat
from normspec.derivations.readback import Chart, closed, collected

J = Definition("J", closed(partial(xhat[i], x[j]), standard, over=m * sigma), i, j)
w, z = Vector("w"), Vector("z")

square = define("s", total(xhat[i] ** 2, i))
Q = Definition("Q", xhat[i] * xhat[j] / square, i, j)
P = Definition("P", Delta(i, j) - 1 / m - Q[i, j], i, j)
rest = Definition("w", z[i] - mean(z[j], j) - xhat[i] * total(z[j] * xhat[j], j) / square, i)


def applied(to: Definition | Vector, at: Index) -> Expr:
    """Multiply the Jacobian by a vector."""
    return total(partial(xhat[at], x[k]) * to[k], k)


hidden, h = Vector("w"), Vector("h")
orthogonal = Chart(
    standard.entries,
    (*standard.rules, (total(hidden[i], i), 0), (total(hidden[i] * h[i], i), 0)),
    standard.names,
)
(along_xhat, _) = collected(applied(xhat, i), [Vector("h")[i]], standard)
(elsewhere, _) = collected(applied(rest, i), [hidden[i]], orthogonal, [rest])
on_complement = closed(applied(rest, i), orthogonal, [rest])
LARGE = ({"m": 3}, {"m": 4}, {"m": 5})

CHAPTER = Chapter(
    "jacobian",
    "The Jacobian",
    (
        claim(
            "jacobian",
            "How each normalized element moves with each element of the group.",
            Equation(partial(xhat[i], x[j]), J[i, j].body, "in the coordinates x = μ + σ x̂"),
        ),
        claim(
            "jacobian-symmetric",
            "The Jacobian is symmetric: the backward is the forward's own linearization.",
            Equation(partial(xhat[i], x[j]), partial(xhat[j], x[i]), "i and j enter alike"),
        ),
        claim(
            "jacobian-constants",
            "It sends constants to zero: a shift does not matter.",
            Equation(total(partial(xhat[i], x[j]), j), 0, "Σ x̂ = 0"),
        ),
        claim(
            "jacobian-xhat",
            "It sends x̂ to epsilon's share of it: were epsilon zero, a change of scale would not matter.",
            Equation(applied(xhat, i), closed(applied(xhat, i), standard), "Σ x̂² = m (1 − ε/σ²)"),
        ),
        claim(
            "jacobian-complement",
            "Everything orthogonal to 1 and x̂ is divided by σ.",
            Equation(total(rest[i], i), 0, "w is what remains of z beside 1 and x̂", sizes=LARGE),
            Equation(total(rest[i] * xhat[i], i), 0, "the same", sizes=LARGE),
            Equation(applied(rest, i), on_complement, "the two last terms of J vanish on w", sizes=LARGE),
        ),
        claim(
            "jacobian-trace",
            "The trace of the Jacobian.",
            Equation(
                total(partial(xhat[i], x[i]), i),
                closed(total(partial(xhat[i], x[i]), i), standard),
                "Σ x̂² = m (1 − ε/σ²)",
            ),
        ),
        claim(
            "jacobian-spectrum",
            "Its eigenvalues are 0 once, ε/σ³ once and 1/σ otherwise: rank m − 1, or m − 2 without epsilon.",
            Equation(
                J[i, j],
                elsewhere * P[i, j] + along_xhat * Q[i, j],
                "what it makes of x̂ and of its complement",
                sizes=LARGE,
            ),
            Equation(total(P[i, k] * P[k, j], k), P[i, j], "P is a projection", sizes=LARGE),
            Equation(total(Q[i, k] * Q[k, j], k), Q[i, j], "Q is a projection", sizes=LARGE),
            Equation(total(P[i, k] * Q[k, j], k), 0, "on different subspaces", sizes=LARGE),
            derived(total(P[i, i], i), "a projection's trace is its rank", sizes=LARGE),
            derived(total(Q[i, i], i), "a projection's trace is its rank", sizes=LARGE),
        ),
        claim(
            "jacobian-polynomial",
            "So its minimal polynomial has these three roots.",
            Equation(
                total(
                    J[i, k] * (J[k, l] - elsewhere * Delta(k, l)) * (J[l, j] - along_xhat * Delta(l, j)),
                    k,
                    l,
                ),
                0,
                "J (J − 1/σ) (J − ε/σ³) = 0",
                sizes=LARGE[:2],
            ),
        ),
        claim(
            "lipschitz",
            "The Jacobian shrinks: no direction is stretched by more than 1/σ.",
            Bound(
                total(w[i] * J[i, j] * w[j], i, j),
                total(w[i] ** 2, i) / sigma,
                "J is symmetric and its eigenvalues are not negative",
                (total(w[i], i) ** 2 + total(w[i] * xhat[i], i) ** 2) / (m * sigma),
            ),
        ),
        claim(
            "gradient-norm",
            "The gradient's norm: smaller than the cotangent's over σ, by its mean and its part along x̂.",
            Equation(
                total(dx[j] ** 2, j),
                closed(total(dx[j] ** 2, j), standard, [ghat]),
                "square dx and sum",
            ),
            source="Santurkar et al. 2018, theorem 4.1, with epsilon",
        ),
        claim(
            "samuelson",
            "No element lies further than √(m − 1) standard deviations from the mean, so |x̂| < √(m − 1) for ε > 0.",
            Bound(
                (x[j] - mu) ** 2,
                (m - 1) * v,
                "Lagrange's identity for the other m − 1 elements",
                total((1 - Delta(k, j)) ** 2 * (1 - Delta(l, j)) ** 2 * (x[k] - x[l]) ** 2, k, l) / (2 * m),
            ),
            source="Samuelson 1968",
        ),
    ),
)
