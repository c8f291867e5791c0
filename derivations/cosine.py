"""Cosine norm: the cosine of the angle between weights and input, instead of their product.

Where a norm lies below epsilon, implementations put epsilon in its place, and take it for a constant.
"""

from dataclasses import dataclass

from sympy import Expr, Symbol, sqrt

from normspec.derivations.deriving import derived
from normspec.derivations.language import Defined, Definition, Vector, define, partial, positive, total
from normspec.derivations.proof import Bound, Chapter, Equation, Step, chain, claim
from normspec.derivations.quantities import epsilon, i, j, k, standardized, x
from normspec.derivations.readback import Chart, closed

w = Vector("w")
a, b = positive("a b")
dot = total(w[i] * x[i], i)


@dataclass(frozen=True)
class Side:
    """One of the two vectors, and the name of its direction; its norm is epsilon where it is clamped."""

    vector: Vector
    named: str
    clamped: bool

    @property
    def norm(self) -> Expr:
        """What the vector is divided by."""
        return epsilon if self.clamped else define(f"r_{self.vector.head}", sqrt(total(self.vector[i] ** 2, i)))

    @property
    def length(self) -> Expr:
        """The coordinate that stands for the norm."""
        return epsilon if self.clamped else Symbol(f"r_{self.vector.head}", positive=True)

    @property
    def direction(self) -> Definition:
        """The vector over its norm."""
        return Definition(self.named, self.vector[i] / self.norm, i)

    def polar(self) -> Chart:
        """Coordinates: length and direction."""
        e = Vector(self.named)
        rules = () if self.clamped else ((total(e[i] ** 2, i), 1),)
        entries = {self.vector.head: lambda i: self.length * e[i]}
        return Chart(entries, rules, {self.length: self.norm, e.head: self.direction})

    def plain(self) -> Chart:
        """No other coordinates; but the norm keeps its name."""
        rules = () if self.clamped else ((total(self.vector[i] ** 2, i), self.length**2),)
        return Chart({}, rules, {self.length: self.norm})


@dataclass(frozen=True)
class Pair:
    """The cosine of two vectors."""

    x: Side
    w: Side

    @property
    def cos(self) -> Defined:
        """The inner product over both norms."""
        return define("cos", dot / (self.x.norm * self.w.norm))

    def polar(self) -> Chart:
        """Both in lengths and directions."""
        return _both(self.x.polar(), self.w.polar())

    def plain(self) -> Chart:
        """Both as they are, their inner product by the cosine."""
        cosine = Symbol("cos")
        chart = _both(self.x.plain(), self.w.plain())
        inner = (dot, cosine * self.x.length * self.w.length)
        return Chart({}, (*chart.rules, inner), {**chart.names, cosine: self.cos})

    def gradients(self, side: Side) -> list[Step]:
        """State the gradient of one vector: in directions, and in terms of both vectors and the cosine."""
        return chain(
            partial(self.cos, side.vector[j]),
            (closed(partial(self.cos, side.vector[j]), self.polar()), "in lengths and directions"),
            (closed(partial(self.cos, side.vector[j]), self.plain()), "in x, w and the cosine"),
        )


def _both(first: Chart, second: Chart) -> Chart:
    return Chart({**first.entries, **second.entries}, (*first.rules, *second.rules), {**first.names, **second.names})


def pair(x_clamped: bool = False, w_clamped: bool = False) -> Pair:
    """Take the cosine of x and w; a clamped norm is epsilon."""
    return Pair(Side(x, "e", x_clamped), Side(w, "f", w_clamped))


free, x_clamped, w_clamped, both_clamped = pair(), pair(True), pair(False, True), pair(True, True)
norm_x, norm_w, cos, e, f = free.x.norm, free.w.norm, free.cos, free.x.direction, free.w.direction
scaled = total(a * w[i] * (b * x[i]), i) / (sqrt(total((a * w[i]) ** 2, i)) * sqrt(total((b * x[i]) ** 2, i)))

group_w = standardized(lambda i: w[i], 0, "_w")
group_x = standardized(lambda i: x[i], 0, "_x")


u, t = Vector("u"), Vector("t")
dx, dw = (Definition(f"d{vector.head}", closed(partial(cos, vector[j]), free.polar()), j) for vector in (x, w))
by_dx, by_dw = define("S", total(u[j] * dx[j], j)), define("T", total(t[j] * dw[j], j))
SMALL = ({"m": 2}, {"m": 3}, {"m": 4})


def second(S: Expr) -> Equation:
    """State the derivative by x of weighed gradients, in directions and the cosine."""
    cosine, chart = Symbol("cos"), free.polar()
    inner = (total(Vector("e")[i] * Vector("f")[i], i), cosine)
    named = Chart(chart.entries, (*chart.rules, inner), {**chart.names, cosine: cos})
    return derived(partial(S, x[k]), "in directions, with the cosine for their product", named, sizes=SMALL)


def clamped(which: Pair) -> list[Step]:
    """State what a clamped cosine is, and its gradients."""
    return [
        Equation(total(which.x.direction[i] * which.w.direction[i], i), which.cos, "a clamped norm is ε"),
        *which.gradients(which.x),
        *which.gradients(which.w),
    ]


CHAPTER = Chapter(
    "cosine",
    "Cosine norm",
    (
        claim(
            "cosine-y",
            "The inner product over both norms, or the inner product of the directions, or one root for both norms.",
            chain(
                cos,
                (total(e[i] * f[i], i), "both norms are common to the sum"),
                (
                    dot / sqrt(total(x[i] ** 2, i) * total(w[i] ** 2, i)),
                    "the root of a product of positives",
                ),
                positives=(total(x[i] ** 2, i), total(w[i] ** 2, i)),
            ),
        ),
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
                "Lagrange's identity",
                total((w[i] * x[j] - w[j] * x[i]) ** 2, i, j) / 2,
            ),
        ),
        claim(
            "cosine-dx",
            "The gradient of the cosine: the other direction, less what of it lies along this one.",
            free.gradients(free.x),
        ),
        claim("cosine-dw", "The same for the other vector, by symmetry.", free.gradients(free.w)),
        claim(
            "cosine-double-backward",
            "The backward of the backward, for x: of what u weighs its own gradient with, and of what t weighs that of "
            "w with. For w the same, by symmetry.",
            second(by_dx),
            second(by_dw),
        ),
        claim(
            "cosine-orthogonal",
            "It is orthogonal to the vector itself: a change of length changes nothing.",
            Equation(total(x[j] * partial(cos, x[j]), j), 0, "Euler's relation for degree zero"),
        ),
        claim(
            "cosine-gradient-norm",
            "So it vanishes where the vectors are parallel, and is longest, 1/rₓ, where they are orthogonal.",
            Equation(
                total(partial(cos, x[j]) ** 2, j),
                closed(total(partial(cos, x[j]) ** 2, j), free.polar()),
                "in lengths and directions",
            ),
        ),
        claim(
            "cosine-x-clamped",
            "With the norm of x clamped the cosine is linear in x: nothing is taken out of its gradient.",
            clamped(x_clamped),
        ),
        claim("cosine-w-clamped", "With the norm of w clamped it is linear in w.", clamped(w_clamped)),
        claim("cosine-both-clamped", "With both clamped it is the inner product over ε².", clamped(both_clamped)),
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
