"""Scaling of data and style: z-scores, min-max scaling, adaptive instance norm."""

from typing import Any

from sympy import Symbol, sqrt

from normspec.derivations.language import Definition, Delta, Vector, define, indices, mean, natural, partial, total
from normspec.derivations.proof import Chapter, Equation, claim
from normspec.derivations.quantities import epsilon, g, i, j, m, mu, v, x, xhat
from normspec.derivations.readback import Chart, closed

low, high = indices("a b", m)
y = Definition("y", (x[i] - x[low]) / (x[high] - x[low]), i)
loss = define("L", total(g[i] * y[i], i))
below = define("A", total(g[i] * (1 - y[i]), i))
above = define("B", total(g[i] * y[i], i))
span, least, h = Symbol("span", positive=True), Symbol("least"), Vector("h")
unit = Chart(
    {x.head: lambda i: least + span * h[i]},
    ((h[low], 0), (h[high], 1)),
    {span: define("r", x[high] - x[low]), least: x[low], h.head: y},
)
DX = closed(partial(loss, x[j]), unit)
SIZES = ({"m": 2}, {"m": 3}, {"m": 4})
SPECIAL: dict[str, Any] = {"distinct": (low, high), "sizes": SIZES}

p = natural("p")
e = indices("e", p)
style = Vector("s")
mu_s = define("mu_s", mean(style[e], e))
v_s = define("v_s", mean((style[e] - mu_s) ** 2, e))
adain = Definition("y", sqrt(v_s + epsilon) * xhat[i] + mu_s, i)
mean_y = define("mu_y", mean(adain[i], i))

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
            Equation(total(score[i] ** 2, i), m - 1, "s² = m v/(m − 1)"),
            Equation(total(((x[i] - mu) / sqrt(v)) ** 2, i), m, "σ² = v"),
        ),
        claim(
            "min-max-range",
            "Min-max scaling sends the least element to 0 and the greatest to 1.",
            Equation(y[low], 0, "xₐ is the least element"),
            Equation(y[high], 1, "x_b is the greatest", **SPECIAL),
        ),
        claim(
            "min-max-dx",
            "Its gradient, where least and greatest element are unique: theirs carry what the others' changes undo.",
            Equation(partial(loss, x[j]), DX, "in the coordinates x = xₐ + r y, y = 0 and 1 at the ends", **SPECIAL),
            Equation(
                partial(loss, x[j]),
                (g[j] - Delta(j, low) * below - Delta(j, high) * above) / (x[high] - x[low]),
                "collect what the two ends carry",
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
            Equation(
                mean((adain[i] - mean_y) ** 2, i),
                (v_s + epsilon) * v / (v + epsilon),
                "the second moment of x̂",
            ),
            source="Huang and Belongie 2017, equation 8",
        ),
    ),
)
