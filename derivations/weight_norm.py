"""Weight norm: a weight vector as a length G and a direction w / ‖w‖, and the gradients of both."""

from sympy import Symbol, sqrt

from normspec.derivations.deriving import derived
from normspec.derivations.language import Definition, Vector, define, partial, positive, scalar, total
from normspec.derivations.proof import Chapter, Equation, Witness, claim, entries
from normspec.derivations.quantities import g, i, j, k
from normspec.derivations.readback import Chart, closed

G, a = scalar("G"), positive("a")
v = Vector("v")
norm = define("r", sqrt(total(v[i] ** 2, i)))
direction = Definition("e", v[i] / norm, i)
w = Definition("w", G * direction[i], i)
loss = define("L", total(g[i] * w[i], i))

length, e = Symbol("r", positive=True), Vector("e")
polar = Chart(
    {v.head: lambda i: length * e[i]},
    ((total(e[i] ** 2, i), 1),),
    {length: norm, e.head: direction},
)
DG = define("dG", closed(partial(loss, G), polar))
DV = Definition("dv", closed(partial(loss, v[j]), polar), j)
along = Symbol("dG")
plain = Chart(
    {},
    ((total(v[i] ** 2, i), length**2), (total(v[i] * g[i], i), along * length)),
    {length: norm, along: DG},
)
u, c = Vector("u"), scalar("c")
S = define("S", c * DG + total(u[j] * DV[j], j))
eta = positive("eta")

CHAPTER = Chapter(
    "weight_norm",
    "Weight norm",
    (
        claim(
            "weight-norm-length",
            "The weight has length G, whatever v.",
            derived(total(w[i] ** 2, i), "Σ e² = 1", polar),
        ),
        claim(
            "weight-norm-scale",
            "The length of v does not matter.",
            Equation(G * (a * v[j]) / sqrt(total((a * v[i]) ** 2, i)), w[j], "the factor leaves the root"),
        ),
        claim(
            "weight-norm-dG",
            "The gradient of the length is the cotangent's component along v.",
            Equation(partial(loss, G), DG.body, "L is linear in G"),
            source="Salimans and Kingma 2016, equation 3",
        ),
        claim(
            "weight-norm-dv",
            "The gradient of v is the rest of the cotangent, times G over the norm.",
            Equation(partial(loss, v[j]), DV[j].body, "in the coordinates v = r e, where Σ e² = 1"),
            Equation(partial(loss, v[j]), closed(partial(loss, v[j]), plain), "in terms of v and dG"),
            source="Salimans and Kingma 2016, equation 3",
        ),
        claim(
            "weight-norm-orthogonal",
            "The gradient of v is orthogonal to v.",
            Equation(total(partial(loss, v[j]) * v[j], j), 0, "the length of v does not matter"),
        ),
        claim(
            "weight-norm-growth",
            "So every gradient step lengthens v.",
            Equation(
                total((v[k] - eta * partial(loss, v[k])) ** 2, k),
                norm**2 + eta**2 * total(partial(loss, v[k]) ** 2, k),
                "Pythagoras",
                sizes=({"m": 2}, {"m": 3}),
            ),
            source="Salimans and Kingma 2016, section 2.1",
        ),
        claim(
            "weight-norm-double-backward",
            "The double backward, with cotangents c of dG and u of dv; the norm is a function of v here too.",
            Equation(partial(S, v[k]), closed(partial(S, v[k]), polar), "differentiate dG and dv"),
            Equation(partial(S, g[k]), closed(partial(S, g[k]), polar), "both are linear in g"),
            Equation(partial(S, G), closed(partial(S, G), polar), "only dv depends on G"),
        ),
        claim(
            "weight-norm-detached",
            "A backward that takes the norm for a constant is another gradient.",
            Witness(
                partial(loss, v[j]),
                G / norm * g[j],
                "without the component along v",
                {"m": 2},
                {**entries("v", 3, 4), **entries("g", 1, 0), "G": 1},
                {j: 1},
            ),
        ),
    ),
)
