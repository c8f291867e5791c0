"""The family: one derivation for batch, layer, instance and group norm, RMS norm, L2 normalization and z-scores.

Members differ in whether they centre, and in the divisor d of the sum of squares. Which elements form a group is the
operation's business, not the formula's.
"""

from sympy import Expr, Integer, Symbol, sqrt

from normspec.derivations.deriving import derived
from normspec.derivations.language import Defined, Definition, Vector, define, mean, partial, positive, scalar, total
from normspec.derivations.proof import Chapter, Equation, Step, Witness, chain, claim, entries
from normspec.derivations.quantities import (
    Standardized,
    beta,
    by_mean,
    chart,
    deviation,
    epsilon,
    g,
    gamma,
    ghat,
    i,
    j,
    k,
    m,
    moments,
    mu,
    standardized,
    x,
)
from normspec.derivations.readback import Chart, closed

d, a, c = positive("d"), positive("a"), scalar("c")


def member(
    centred: bool,
    divisor: object = m,
    epsilon: object = epsilon,
    square: str = "v",
    mark: str = "",
    of: Vector | Definition = x,
) -> Standardized:
    """Make a member of the family."""
    mu = define("mu" + mark, mean(of[i], i))
    centre = mu if centred else Integer(0)
    v = define(square + mark, total((of[i] - centre) ** 2, i) / divisor)
    sigma = define("sigma" + mark, sqrt(v + epsilon))
    return Standardized(mu, v, sigma, Definition("xhat" + mark, (of[i] - centre) / sigma, i))


centred, uncentred, rms = member(True, d), member(False, d, square="w"), member(False, square="w")
scores = member(True, m - 1, epsilon=0)


def through_xhat(which: Standardized) -> Expr:
    """Follow the chain rule through the normalized elements."""
    return total(ghat[i] * partial(which.xhat[i], x[j]), i)


def gradient(which: Standardized, divisor: object, with_mean: bool) -> Definition:
    """Compute the gradient of sum ghat xhat in the member's coordinates."""
    return Definition("dx", closed(through_xhat(which), chart(divisor, with_mean, which), [ghat]), j)


def loss(which: Standardized, mark: str = "") -> Defined:
    """Name the loss of a member."""
    return define("L" + mark, total(g[i] * (gamma[i] * which.xhat[i] + beta[i]), i))


def backward(of: Standardized, divisor: Expr, with_mean: bool) -> list[Step]:
    """State the gradient of a member."""
    where = f"x = {'μ + ' * with_mean}σ x̂, where Σ x̂² = {divisor} (1 − ε/σ²)"
    return chain(
        partial(loss(of), x[j]),
        (through_xhat(of), "chain rule through yᵢ = γᵢ x̂ᵢ + βᵢ"),
        (gradient(of, divisor, with_mean)[j].body, f"in the coordinates {where}"),
    )


h = Vector("h")
z = Definition("z", x[i] + h[i], i)


def after_addition(centred: bool, of: Standardized, mark: str) -> list[Step]:
    """State the gradients where z = x + h is normalized as a member normalizes x."""
    summed = member(centred, d, square=str(of.v.name), mark="_z" + mark, of=z)
    seen = loss(summed, mark)
    dx = closed(through_xhat(of), chart(d, centred, summed), [ghat])
    return chain(
        partial(seen, h[j]),
        (partial(seen, x[j]), "only the sum is seen"),
        (dx, "the gradient of the member, at z"),
    )


by_square = Chart({}, ((total(x[i] ** 2, i), m * Symbol("w")),), {Symbol("w"): rms.v})
around_mean = Chart(
    {x.head: lambda i: Symbol("mu") + h[i]}, ((total(h[i], i), 0),), {Symbol("mu"): mu, h.head: deviation}
)
DX_RMS = gradient(rms, m, False)
length = define("r", sqrt(total(x[k] ** 2, k)))
unit = Definition("u", x[i] / length, i)
direction = Chart(
    {x.head: lambda i: positive("r") * Vector("u")[i]},
    ((total(Vector("u")[i] ** 2, i), 1),),
    {positive("r"): length, Vector("u").head: unit},
)
unit_loss = define("L", total(g[i] * unit[i], i))
DX_UNIT = closed(total(g[i] * partial(unit[i], x[j]), i), direction)

CHAPTER = Chapter(
    "family",
    "The family",
    (
        claim(
            "rms-moment",
            "RMS norm divides by the root of the mean square: the second moment of the result is w/(w + ε).",
            derived(mean(rms.xhat[i] ** 2, i), "σ² = w + ε", by_square),
            derived(rms.v, "the mean square is the variance about zero", moments),
        ),
        claim(
            "rms-scale",
            "Scaling the group by a > 0, and epsilon by a², changes nothing.",
            Equation(
                a * x[j] / sqrt(mean((a * x[i]) ** 2, i) + a**2 * epsilon), rms.xhat[j], "the factor leaves the root"
            ),
        ),
        claim(
            "rms-no-shift",
            "Shifting the group does change the result: RMS norm does not centre.",
            Witness(
                (x[j] + c) / sqrt(mean((x[i] + c) ** 2, i) + epsilon),
                rms.xhat[j],
                "a shift by 2",
                {"m": 2},
                {**entries("x", 1, -1), "c": 2, "epsilon": 0},
                {j: 1},
            ),
        ),
        claim(
            "rms-is-layer-norm",
            "RMS norm of the centred group is layer norm of the group; so they agree where the mean is zero.",
            Equation(
                (x[j] - mu) / sqrt(mean((x[i] - mu) ** 2, i) + epsilon),
                standardized(lambda i: x[i]).xhat[j],
                "v = w(x − μ)",
            ),
        ),
        claim(
            "rms-y",
            "The output of RMS norm.",
            Equation(
                gamma[j] * rms.xhat[j] + beta[j],
                gamma[j] * x[j] / sqrt(mean(x[i] ** 2, i) + epsilon) + beta[j],
                "definition",
            ),
        ),
        claim(
            "family-statistics",
            "Members divide the sum of squares by d: batch norm and RMS norm by m, a z-score by m − 1, L2 by 1.",
            derived(centred.v, "about the mean", by_mean),
            derived(uncentred.v, "about zero", around_mean),
        ),
        claim(
            "family-dx",
            "One gradient for all members that centre: d divides the sum of squares, m the mean of ĝ.",
            backward(centred, d, True),
        ),
        claim(
            "rescale-dx",
            "And one for all that do not centre: the mean of ĝ is not taken out.",
            backward(uncentred, d, False),
        ),
        claim(
            "rms-dx",
            "The gradient of RMS norm: no mean is taken out, for none went in.",
            backward(rms, m, False),
            source="Zhang and Sennrich 2019",
        ),
        claim(
            "residual-gradient",
            "Where x + h is normalized, the residual h has the same gradient as x: that of the member, at their sum.",
            after_addition(True, centred, ""),
            after_addition(False, uncentred, "'"),
        ),
        claim(
            "rms-projection",
            "The gradient of RMS norm along the group is epsilon's share, but it need not sum to zero.",
            Equation(
                total(partial(loss(rms), x[j]) * x[j], j),
                closed(total(DX_RMS[j] * x[j], j), chart(m, False, rms), [ghat]),
                "x = σ x̂",
            ),
        ),
        claim(
            "l2-dx",
            "L2 normalization, d = 1 and ε = 0: the gradient is the cotangent's part orthogonal to u, over the norm.",
            Equation(
                partial(unit_loss, x[j]),
                DX_UNIT,
                "in the coordinates x = r u, where Σ u² = 1",
            ),
            Equation(total(partial(unit_loss, x[j]) * x[j], j), 0, "so it is orthogonal to x"),
        ),
        claim(
            "l2-curvature",
            "Along x the second derivatives give back the gradient, negative: it falls with the length.",
            Equation(
                total(x[k] * partial(unit_loss, x[j], x[k]), k),
                closed(total(x[k] * partial(unit_loss, x[j], x[k]), k), direction),
                "Euler's relation for the gradient, of degree −1",
                sizes=({"m": 2}, {"m": 3}),
            ),
        ),
        claim(
            "z-score",
            "With divisor m − 1 and no epsilon the squares sum to m − 1: the z-score of statistics.",
            derived(total(scores.xhat[i] ** 2, i), "σ² = v", moments),
            Equation(
                scores.xhat[j],
                sqrt(m - 1) / sqrt(m) * (x[j] - mu) / sqrt(mean((x[i] - mu) ** 2, i)),
                "the divisor is common to all",
                positives=(m - 1,),
            ),
        ),
    ),
)
