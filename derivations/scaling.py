"""Scaling of data and style: z-scores, min-max scaling, adaptive instance norm."""

from typing import Any

from sympy import Symbol, sqrt

from normspec.derivations.affine import line
from normspec.derivations.deriving import derived
from normspec.derivations.language import (
    Definition,
    Delta,
    Vector,
    define,
    indices,
    mean,
    natural,
    partial,
    scalar,
    total,
)
from normspec.derivations.proof import Chapter, Equation, chain, claim
from normspec.derivations.quantities import (
    Standardized,
    beta,
    epsilon,
    g,
    gamma,
    ghat,
    i,
    j,
    m,
    moments,
    mu,
    sigma,
    standard,
    standardized,
    v,
    x,
    xhat,
)
from normspec.derivations.readback import Chart, closed

a, b = indices("a b", m)
at_low, at_high = Definition("p", Delta(i, a), i), Definition("q", Delta(i, b), i)
low, high = define("low", total(at_low[i] * x[i], i)), define("high", total(at_high[i] * x[i], i))
span = define("r", high - low)
G = scalar("gamma")
y = Definition("y", (x[i] - low) / span, i)
loss = define("L", total(g[i] * (gamma[i] * y[i] + beta[i]), i))
through_y = total(ghat[i] * partial(y[i], x[j]), i)


def unit_interval(cotangent: Vector, given: Definition | Vector) -> Chart:
    """Coordinates of a group: x = low + r y, where y is 0 at the least element and 1 at the greatest.

    What the ends carry of the cotangent has names of its own.
    """
    length, least, h = Symbol("r", positive=True), Symbol("low"), Vector("h")
    first, last, A, B = Vector("p"), Vector("q"), Symbol("A"), Symbol("B")
    rules = (
        *((total(which[i], i), 1) for which in (first, last)),
        (total(first[i] * h[i], i), 0),
        (total(last[i] * h[i], i), 1),
        (total(cotangent[i] * h[i], i), B),
        (total(cotangent[i], i), A + B),
    )
    below, above = define("A", total(given[i] * (1 - y[i]), i)), define("B", total(given[i] * y[i], i))
    return Chart(
        {x.head: lambda i: least + length * h[i]}, rules, {length: span, least: low, h.head: y, A: below, B: above}
    )


DX = closed(through_y, unit_interval(Vector("ghat"), ghat), [ghat, at_low, at_high])
uniform = define("L'", total(g[i] * G * y[i], i))
plain_ends = unit_interval(g, g)
unit = Standardized(low, span**2, span, y)
scale, offset = line(unit)
SIZES = ({"m": 2}, {"m": 3}, {"m": 4})
SPECIAL: dict[str, Any] = {"distinct": (a, b), "sizes": SIZES}

n = natural("n")
e, k = indices("e k", n)
style = Vector("s")
styled = standardized(lambda e: style[e], mark="_s", over=e)
mu_s, v_s, sigma_s = styled.mu, styled.v, styled.sigma
adain = Definition("y", sigma_s * xhat[i] + mu_s, i)
mean_y = define("mu_y", mean(adain[i], i))
adain_loss = define("L", total(g[i] * adain[i], i))
scaled = Definition("f", sigma_s * g[i], i)
through_scaled = total(scaled[i] * partial(xhat[i], x[j]), i)
style_scale = define("alpha", sigma_s / sigma)
style_offset = define("b", mu_s - style_scale * mu)


def both_standard() -> Chart:
    """Coordinates of content and style: each its mean and deviation times normalized elements."""
    mean_, scale_, h = Symbol("mu_s"), Symbol("sigma_s", positive=True), Vector("t")
    rules = ((total(h[e], e), 0), (total(h[e] ** 2, e), n * (1 - epsilon / scale_**2)))
    names = {mean_: mu_s, scale_: sigma_s, h.head: styled.xhat}
    entries = {**standard.entries, style.head: lambda e: mean_ + scale_ * h[e]}
    return Chart(entries, (*standard.rules, *rules), {**standard.names, **names})


BOTH = both_standard()
sample = define("s", sqrt(m * v / (m - 1)))
score = Definition("z", (x[i] - mu) / sample, i)

CHAPTER = Chapter(
    "scaling",
    "Scaling",
    (
        claim(
            "z-score-moments",
            "A z-score has mean 0; its squares sum to m − 1 with the sample deviation, to m with the population's.",
            Equation(total(score[i], i), 0, "deviations cancel"),
            derived(total(score[i] ** 2, i), "s² = m v/(m − 1)", moments),
            derived(total(((x[i] - mu) / sqrt(v)) ** 2, i), "σ² = v", moments),
        ),
        claim(
            "min-max-range",
            "Min-max scaling sends the least element to 0 and the greatest to 1.",
            Equation(y[a], 0, "xₐ is the least element", **SPECIAL),
            Equation(y[b], 1, "x_b is the greatest", **SPECIAL),
        ),
        claim(
            "min-max-y",
            "The output: a range of one's own is a scale and an offset, and may be folded into one product.",
            Equation(y[j], (x[j] - x[a]) / (x[b] - x[a]), "low and high are the elements at a and b", **SPECIAL),
            Equation(scale[j] * x[j] + offset[j], gamma[j] * y[j] + beta[j], "collect x", **SPECIAL),
        ),
        claim(
            "min-max-dx",
            "Its gradient, where least and greatest element are unique: theirs carry what the others' changes undo.",
            chain(
                partial(loss, x[j]),
                (through_y, "chain rule"),
                (DX, "in the coordinates x = low + r y, y = 0 and 1 at the ends"),
                **SPECIAL,
            ),
        ),
        claim(
            "min-max-dx-gathered",
            "With one gamma in the group, that may come last, with the range.",
            Equation(
                partial(uniform, x[j]),
                closed(partial(uniform, x[j]), plain_ends, [at_low, at_high]),
                "γ is common",
                **SPECIAL,
            ),
        ),
        claim(
            "min-max-sums",
            "The gradient sums to zero, also against x: neither a shift nor a scale changes the result.",
            Equation(total(partial(loss, x[j]), j), 0, "shift", **SPECIAL),
            Equation(total(partial(loss, x[j]) * x[j], j), 0, "scale", **SPECIAL),
        ),
        claim(
            "adain",
            "Adaptive instance norm gives the content the style's mean, and its variance up to the content's epsilon.",
            Equation(mean(adain[i], i), mu_s, "Σ x̂ = 0"),
            derived(mean((adain[i] - mean_y) ** 2, i), "the second moment of x̂", moments, [sigma_s, mu_s]),
            source="Huang and Belongie 2017, equation 8",
        ),
        claim(
            "adain-y",
            "Its output in one product, with coefficients of content and style.",
            Equation(style_scale * x[j] + style_offset, adain[j], "collect x"),
        ),
        claim(
            "adain-dx",
            "The content's gradient is that of the layer, with the style's deviation for gamma.",
            Equation(partial(adain_loss, x[j]), closed(partial(adain_loss, x[j]), BOTH), "x = μ + σ x̂"),
        ),
        claim(
            "adain-dx-scaled",
            "Or the style's deviation goes into the cotangent first.",
            Equation(partial(adain_loss, x[j]), closed(through_scaled, BOTH, [scaled]), "fᵢ = σₛ gᵢ"),
        ),
        claim(
            "adain-dstyle",
            "The style's gradient: through its mean every element alike, through its deviation by its own x̂ₛ.",
            Equation(partial(adain_loss, style[k]), closed(partial(adain_loss, style[k]), BOTH), "s = μₛ + σₛ x̂ₛ"),
        ),
    ),
)
