"""Cosine norm: the cosine of the angle between weights and input, instead of their product."""

from sympy import sqrt

from normspec.derivations.language import Definition, Vector, define, partial, positive, total
from normspec.derivations.proof import Bound, Chapter, Equation, claim
from normspec.derivations.quantities import i, j, standardized, x
from normspec.derivations.readback import Chart, closed

w = Vector("w")
a, b = positive("a b")
norm_w = define("r_w", sqrt(total(w[i] ** 2, i)))
norm_x = define("r_x", sqrt(total(x[i] ** 2, i)))
cos = define("cos", total(w[i] * x[i], i) / (norm_w * norm_x))
e, f = Definition("e", x[i] / norm_x, i), Definition("f", w[i] / norm_w, i)
polar = Chart(
    {x.head: lambda i: positive("r_x") * Vector("e")[i], w.head: lambda i: positive("r_w") * Vector("f")[i]},
    ((total(Vector("e")[i] ** 2, i), 1), (total(Vector("f")[i] ** 2, i), 1)),
    {positive("r_x"): norm_x, positive("r_w"): norm_w, Vector("e").head: e, Vector("f").head: f},
)
DX = closed(partial(cos, x[j]), polar)
scaled = total(a * w[i] * (b * x[i]), i) / (sqrt(total((a * w[i]) ** 2, i)) * sqrt(total((b * x[i]) ** 2, i)))

group_w = standardized(lambda i: w[i], 0, "_w")
group_x = standardized(lambda i: x[i], 0, "_x")

CHAPTER = Chapter(
    "cosine",
    "Cosine norm",
    (
        claim(
            "cosine-scale",
            "The cosine depends on neither length.",
            Equation(scaled, cos, "both factors leave their roots"),
        ),
        claim(
            "cosine-range",
            "It lies between −1 and 1 (Cauchy and Schwarz).",
            Bound(
                total(w[i] * x[i], i) ** 2,
                total(w[i] ** 2, i) * total(x[i] ** 2, i),
                total((w[i] * x[j] - w[j] * x[i]) ** 2, i, j) / 2,
                "Lagrange's identity",
            ),
        ),
        claim(
            "cosine-dx",
            "The gradient of the cosine: the other direction, less what of it lies along this one.",
            Equation(partial(cos, x[j]), DX, "in the coordinates x = rₓ e and w = r_w f, where Σ e² = Σ f² = 1"),
            Equation(partial(cos, x[j]), (w[j] / norm_w - cos * x[j] / norm_x) / norm_x, "in terms of x and w"),
            Equation(partial(cos, w[j]), (x[j] / norm_x - cos * w[j] / norm_w) / norm_w, "by symmetry"),
        ),
        claim(
            "cosine-orthogonal",
            "It is orthogonal to the vector itself: a change of length changes nothing.",
            Equation(total(x[j] * partial(cos, x[j]), j), 0, "Euler's relation for degree zero"),
        ),
        claim(
            "cosine-self",
            "A vector has cosine one with itself.",
            Equation(total(x[i] * x[i], i) / (norm_x * norm_x), 1, "the root squared"),
        ),
        claim(
            "cosine-centred",
            "Centred first, it is Pearson's correlation: the mean product of the two normalized vectors.",
            Equation(
                total((w[i] - group_w.mu) * (x[i] - group_x.mu), i)
                / (sqrt(total((w[i] - group_w.mu) ** 2, i)) * sqrt(total((x[i] - group_x.mu) ** 2, i))),
                total(group_w.xhat[i] * group_x.xhat[i], i) / i.size,
                "both deviations are roots of mean squares",
            ),
            source="Luo et al. 2017",
        ),
    ),
)
