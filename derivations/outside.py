"""Epsilon outside the square root: the family divided by s + epsilon, s the deviation or the root mean square.

Where s is 0 the root has no gradient, and the layer has one all the same: that of dividing by epsilon.
"""

from sympy import Expr, Integer, Symbol, sqrt

from normspec.derivations.deriving import derived
from normspec.derivations.family import a, centred, d, loss, through_xhat, uncentred
from normspec.derivations.language import Definition, Vector, define, mean, partial, positive, total
from normspec.derivations.proof import Chapter, Equation, Step, chain, claim
from normspec.derivations.quantities import (
    Standardized,
    beta,
    deviation,
    epsilon,
    g,
    gamma,
    ghat,
    i,
    j,
    mu,
    mu_r,
    v_r,
    x,
)
from normspec.derivations.readback import Chart, closed

given = define("t_r", sqrt(v_r) + epsilon)
xhat_given = Definition("xhat_t", (x[i] - mu_r) / given, i)


loss_given = define("L", total(g[i] * (gamma[i] * xhat_given[i] + beta[i]), i))


def beside(of: Standardized, mark: str) -> tuple[Standardized, Definition, Chart]:
    """Return a member of the family with epsilon beside the root, its elements over the root alone, and coordinates.

    They are x = mu + s h, where sum h**2 = d, and sum h = 0 for the member that centres.
    """
    s = define("s" + mark, sqrt(of.v))
    divisor = define("t" + mark, s + epsilon)
    centres = of is centred
    above = deviation if centres else x
    member = Standardized(of.mu, of.v, divisor, Definition("xhat" + (mark or "_t"), above[i] / divisor, i))
    unit = Definition("u" + mark, above[i] / s, i)
    mean_, scale, h = Symbol("mu"), positive("s"), Vector("h")
    rules = [(total(h[i] ** 2, i), d), *([(total(h[i], i), Integer(0))] if centres else [])]
    chart = Chart(
        {x.head: lambda i: (mean_ if centres else Integer(0)) + scale * h[i]},
        tuple(rules),
        {mean_: of.mu, scale: s, h.head: unit},
    )
    return member, unit, chart


outside, unit, standing = beside(centred, "")
alpha = Definition("alpha", gamma[i] / outside.sigma, i)
shift = Definition("shift", beta[i] - alpha[i] * mu, i)
one_pass = define("v", mean(x[i] ** 2, i) - mu**2)
cancelling = define("t", sqrt(one_pass) + epsilon)
alpha_single = Definition("alpha", gamma[i] / cancelling, i)
shift_single = Definition("shift", beta[i] - alpha_single[i] * mu, i)
alpha_given = Definition("alpha", gamma[i] / given, i)
shift_given = Definition("shift", beta[i] - alpha_given[i] * mu_r, i)
bare, bare_unit, standing_bare = beside(uncentred, "_w")


def backward(of: Standardized, along: Definition, chart: Chart, kept: Expr) -> list[Step]:
    """State the gradient of a member; kept is what a constant divisor would leave of the cotangent."""
    return chain(
        partial(loss(of), x[j]),
        (through_xhat(of), "chain rule through yᵢ = γᵢ x̂ᵢ + βᵢ"),
        (closed(through_xhat(of), chart, [ghat]), "in the coordinates x = μ + s u, where Σ u² = d"),
        (kept / of.sigma - along[j] * total(ghat[i] * of.xhat[i], i) / (d * of.sigma), "s u = (s + ε) x̂"),
    )


def projection(of: Standardized, chart: Chart) -> list[Step]:
    """State what the gradient is along the group."""
    left = total(partial(loss(of), x[j]) * of.xhat[j], j)
    along = total(ghat[i] * of.xhat[i], i)
    return chain(
        left,
        (closed(left, chart), "in the coordinates x = μ + s u, where Σ u² = d"),
        (epsilon * along / of.sigma**2, "s u = (s + ε) x̂"),
    )


def still(above: Definition | Vector) -> list[Step]:
    """State the gradient of a member of which s is 0: that of the layer which divides by epsilon alone."""
    flat = define("L", total(g[i] * (gamma[i] * (above[i] / epsilon) + beta[i]), i))
    through = total(ghat[i] * partial(above[i] / epsilon, x[j]), i)
    s, h = positive("s"), Vector("h")
    apart = gamma[j] * (s * h[j] / (s + epsilon)) - gamma[j] * (s * h[j] / epsilon)
    return [
        derived(apart, "at x = μ + s h the layer and the one that divides by ε differ in second order alone"),
        *chain(
            partial(flat, x[j]),
            (through, "so it has the gradient of that one: the chain rule"),
            (closed(through, keep=[ghat]), "the divisor does not move"),
        ),
    ]


def scaled(centre: Expr, of: Standardized) -> Equation:
    """State that a factor a > 0 of the group, and of epsilon, changes nothing."""
    spread = sqrt(total((a * x[i] - centre) ** 2, i) / d)
    return Equation((a * x[j] - centre) / (spread + a * epsilon), of.xhat[j], "the factor leaves the root")


CHAPTER = Chapter(
    "outside",
    "Epsilon outside the root",
    (
        claim(
            "outside-y",
            "The output with epsilon added to the deviation: a product and a sum, too.",
            chain(
                gamma[j] * outside.xhat[j] + beta[j],
                (gamma[j] * (x[j] - mu) / outside.sigma + beta[j], "definition of x̂"),
                (gamma[j] * (x[j] / outside.sigma - mu / outside.sigma) + beta[j], "or the deviation comes after"),
                (alpha[j] * x[j] + shift[j], "or it is one product and one sum"),
            ),
        ),
        claim(
            "outside-one-pass",
            "In exact arithmetic the variance E[x²] − E[x]² gives the same output.",
            Equation(
                gamma[j] * (x[j] - mu) / cancelling + beta[j],
                gamma[j] * (x[j] - mu) / (sqrt(mean((x[i] - mu) ** 2, i)) + epsilon) + beta[j],
                "v = E[x²] − E[x]²",
            ),
            Equation(
                alpha_single[j] * x[j] + shift_single[j],
                gamma[j] * (x[j] - mu) / cancelling + beta[j],
                "or it is one product and one sum",
            ),
        ),
        claim(
            "outside-dx",
            "The gradient where epsilon is outside the root: x̂ and u = (x − μ)/s stand where x̂ stood twice.",
            backward(outside, unit, standing, ghat[j] - mean(ghat[i], i)),
        ),
        claim(
            "outside-dx-still",
            "Where the group has no spread, the gradient is that of the layer which divides by ε.",
            still(deviation),
        ),
        claim("outside-projection", "Along the group the gradient is epsilon's share.", projection(outside, standing)),
        claim(
            "outside-moment",
            "The second moment of the result is s²/(s + ε)², s² being the variance.",
            derived(total(outside.xhat[i] ** 2, i) / d, "Σ (x − μ)² = d s²", standing),
        ),
        claim(
            "outside-scale",
            "Scaling the group by a > 0, and epsilon by a, changes nothing.",
            scaled(a * mu, outside),
            scaled(0 * mu, bare),
        ),
        claim(
            "outside-inference",
            "In inference the statistics are given, and epsilon is added to the root of the variance.",
            chain(
                gamma[j] * xhat_given[j] + beta[j],
                (gamma[j] * (x[j] - mu_r) / given + beta[j], "definition"),
                (gamma[j] * (x[j] / given - mu_r / given) + beta[j], "or the deviation comes after"),
                (alpha_given[j] * x[j] + shift_given[j], "or it is one product and one sum"),
            ),
            chain(
                partial(loss_given, x[j]),
                (closed(partial(loss_given, x[j]), keep=[given]), "the statistics do not move"),
                (ghat[j] / given, "ĝ = γ g"),
            ),
        ),
        claim(
            "outside-rescale",
            "Without centring the output is x over the root mean square plus epsilon, scaled.",
            chain(
                gamma[j] * bare.xhat[j] + beta[j],
                (gamma[j] * x[j] / bare.sigma + beta[j], "definition of x̂"),
            ),
        ),
        claim(
            "outside-rescale-dx",
            "And no mean is taken out of its gradient.",
            backward(bare, bare_unit, standing_bare, ghat[j]),
        ),
        claim(
            "outside-rescale-dx-still",
            "Where the group is zero, the gradient is that of the layer which divides by ε.",
            still(x),
        ),
        claim(
            "outside-rescale-projection",
            "Along the group it is epsilon's share again.",
            projection(bare, standing_bare),
        ),
    ),
)
