"""Orders of operations: the same results, computed in the other ways that implementations take.

Each holds for every member of the family: d divides the sum of squares, and only those that centre have μ.
"""

from sympy import Expr, Integer, Symbol

from normspec.derivations.affine import line, single
from normspec.derivations.family import backward, centred, d, loss, through_xhat, uncentred
from normspec.derivations.language import Definition, Vector, define, partial, scalar, total
from normspec.derivations.proof import Chapter, Equation, Step, chain, claim
from normspec.derivations.quantities import (
    Standardized,
    beta,
    chart,
    chart_of_deviations,
    g,
    gamma,
    ghat,
    group,
    i,
    j,
    m,
    mu,
    standard,
    x,
)
from normspec.derivations.quantities import loss as batch_loss
from normspec.derivations.readback import Chart, closed, collected

G = scalar("gamma")
db, ds = define("db", total(ghat[i], i)), define("ds", total(ghat[i] * x[i], i))
alpha, shift = line(centred)
xhat_apart = Definition("xhat", x[i] / centred.sigma - mu / centred.sigma, i)
single_apart = Definition("xhat", x[i] / single.sigma - mu / single.sigma, i)
around_single = chart_of_deviations(m, True, single)
around_mean, around_zero = chart_of_deviations(d, True, centred), chart_of_deviations(d, False, uncentred)


def uniform(of: Standardized) -> Expr:
    """Name the loss where the group has one gamma."""
    return define("L'", total(g[i] * G * of.xhat[i], i))


def combined(of: Standardized, chart: Chart, centre: Expr) -> Expr:
    """Compute the gradient as a combination of the cotangent, the input and one, with two sums over the group."""
    first, second, cotangent, c = scalar("db"), scalar("ds"), Vector("ghat"), Vector("h")
    about = second - (Symbol("mu") if centre else 0) * first
    rules = (*chart.rules, (total(cotangent[i], i), first), (total(cotangent[i] * c[i], i), about))
    in_sums = Chart(chart.entries, rules, {**chart.names, first: db, second: ds})
    own, slope, rest = collected(through_xhat(of), [cotangent[j], c[j]], in_sums, [ghat])
    p = define("p", slope)
    offset = collected(p * (x[j] - centre) + rest, [x[j]], keep=[p, mu, db, of.sigma])[-1]
    return own * ghat[j] + p * x[j] + (define("q", offset) if offset else 0)


def projected(of: Standardized, chart: Chart) -> Equation:
    """State the gradient for one gamma in the group, in the coordinates of deviations."""
    reason = "Σ (x − μ)² = d (σ² − ε)" if of is centred else "Σ x² = d (σ² − ε)"
    return Equation(partial(uniform(of), x[j]), closed(partial(uniform(of), x[j]), chart), reason)


def gathered(of: Standardized, chart: Chart, start: Expr, divisor: Expr) -> list[Step]:
    """State the gradient with sums for means: first for one gamma in each element, then for one in the group."""
    whole = closed(through_xhat(of), chart, [ghat], over=divisor * of.sigma)
    common = partial(uniform(of), x[j])
    return [
        Equation(start, whole, f"over {'m' if divisor == m else 'd'} σ"),
        Equation(common, closed(common, chart, over=divisor * of.sigma), "with one γ in the group, that too in front"),
    ]


def gamma_gradient(of: Standardized, chart: Chart) -> list[Step]:
    """State the gradient of gamma where a block is one group."""
    weighed = total(g[i] * of.xhat[i], i)
    return chain(
        partial(uniform(of), G),
        (weighed, "each output is linear in γ"),
        (closed(weighed, chart), "σ is common to the group"),
    )


CHAPTER = Chapter(
    "orders",
    "Orders of operations",
    (
        claim(
            "family-y",
            "The output is a product of three factors and a sum; how the product is taken is open.",
            chain(
                gamma[j] * centred.xhat[j] + beta[j],
                (gamma[j] * (x[j] - mu) / centred.sigma + beta[j], "definition of x̂"),
                (gamma[j] * xhat_apart[j].body + beta[j], "or the deviation is taken after the division"),
            ),
        ),
        claim(
            "family-y-folded",
            "It is also one multiplication and one addition with coefficients of the group.",
            Equation(alpha[j] * x[j] + shift[j], gamma[j] * centred.xhat[j] + beta[j], "collect x"),
        ),
        claim(
            "family-dx-projected",
            "With one gamma in the group, one projection onto the deviations is enough for the gradient.",
            projected(centred, around_mean),
        ),
        claim(
            "family-dx-folded",
            "The gradient is a combination of the cotangent, the input and one, with coefficients of the group.",
            Equation(
                partial(loss(centred), x[j]), combined(centred, around_mean, mu), "collect ĝⱼ and xⱼ, with two sums"
            ),
        ),
        claim(
            "family-dgamma-projected",
            "Where a block is one group, σ leaves the sum of gamma's gradient, and so may the mean.",
            gamma_gradient(centred, around_mean),
            Equation(
                total(g[i] * centred.xhat[i], i),
                closed(total(g[i] * centred.xhat[i], i), keep=[mu, centred.sigma]),
                "so is μ",
            ),
        ),
        claim(
            "one-pass-dx",
            "The variance as E[x²] − E[x]² gives the same gradient in exact arithmetic, whichever way it is computed.",
            backward(single, m, True),
            Equation(
                partial(loss(single), x[j]), combined(single, around_single, mu), "collect ĝⱼ and xⱼ, with two sums"
            ),
        ),
        claim(
            "dx-summed",
            "With m for divisor, sums may stand for means, and what is common before them.",
            gathered(group, standard, partial(batch_loss, x[j]), m),
        ),
        claim(
            "rescale-y",
            "The output of a member that does not centre is a product and a sum.",
            chain(
                gamma[j] * uncentred.xhat[j] + beta[j],
                (gamma[j] * x[j] / uncentred.sigma + beta[j], "definition of x̂"),
            ),
        ),
        claim(
            "rescale-dx-projected",
            "With one gamma in the group, one projection onto the group is enough for its gradient.",
            projected(uncentred, around_zero),
        ),
        claim(
            "rescale-dx-folded",
            "The gradient is a combination of the cotangent and the input, with one sum.",
            Equation(
                partial(loss(uncentred), x[j]),
                combined(uncentred, around_zero, Integer(0)),
                "collect ĝⱼ and xⱼ, with one sum",
            ),
        ),
        claim(
            "rescale-dgamma-projected",
            "Where a block is one group, σ leaves the sum of gamma's gradient.",
            gamma_gradient(uncentred, around_zero),
        ),
        claim(
            "rescale-dx-summed",
            "Sums may stand for the quotients by d, and what is common before them.",
            gathered(uncentred, chart(d, False, uncentred), partial(loss(uncentred), x[j]), d),
        ),
    ),
)
