"""Lp normalization: a vector over its norm, for every whole p, and for p = 1 and p = ∞ by themselves.

Away from kinks the norm is Σ oᵢ xᵢ, o its slope: for p = 1 the signs, for p = ∞ the sign of the greatest magnitude
at its place and zero elsewhere, which are constants. For p = 2 it is the direction: the family's, with d = 1
and no epsilon. For every other whole p the norm r is known by rᵖ = R, the sum of the powers.
"""

from sympy import Expr, Integer, Symbol, sqrt, sympify

from normspec.derivations.deriving import derived
from normspec.derivations.family import length, unit_loss
from normspec.derivations.language import (
    Definition,
    Delta,
    Vector,
    define,
    indices,
    natural,
    partial,
    positive,
    scalar,
    substitute,
    total,
)
from normspec.derivations.proof import Chapter, Equation, Witness, chain, claim, entries
from normspec.derivations.quantities import epsilon, g, i, j, m, x
from normspec.derivations.readback import Chart, closed
from normspec.derivations.rewriting import replace_entries

a = positive("a")
sign, s, top = Vector("s"), scalar("s"), indices("a", m)
magnitude = Definition("a", sign[i] * x[i], i)
signed = Definition("o", s * Delta(i, top), i)


class Normalized:
    """A vector over a norm, the chart of its direction, and the gradient of sum g y."""

    def __init__(self, norm: object, slopes: Vector | Definition) -> None:
        self.norm = define("r", norm)
        self.y = Definition("y", x[i] / self.norm, i)
        self.loss = define("L", total(g[i] * self.y[i], i))
        length, h, o = Symbol("r", positive=True), Vector("h"), Vector("o" if slopes is signed else "s")
        direction = Chart(
            {x.head: lambda i: length * h[i]}, ((total(o[i] * h[i], i), 1),), {length: self.norm, h.head: self.y}
        )
        kept = [slopes] if isinstance(slopes, Definition) else []
        self.dx = closed(partial(self.loss, x[j]), direction, kept)


order = natural("p")
powers = define("R", total(magnitude[i] ** order, i))
r, h = positive("r"), Vector("h")
slope = Definition("o", closed(r / (order * powers) * partial(powers, x[j]), keep=[powers]), j)
by_power = define("L", total(g[i] * x[i] / r, i))
through_norm = partial(by_power, x[j]) + partial(by_power, r) * slope[j]
over_norm = Chart({x.head: lambda i: r * h[i]}, (), {h.head: Definition("y", x[i] / r, i)})
DX_POWER = closed(through_norm, over_norm, [slope])


one = Normalized(total(magnitude[i], i), sign)
most = Normalized(total(signed[i] * x[i], i), signed)


def of_order(p: int, norm: Expr, gradient: Expr = DX_POWER) -> Expr:
    """Take the gradient for one p, with the norm itself for r."""
    return sympify(substitute(gradient, {order: Integer(p), r: norm}))


clamped = Definition("y", x[i] / epsilon, i)
clamped_loss = define("L", total(g[i] * clamped[i], i))

CHAPTER = Chapter(
    "lp_norm",
    "Lp norms",
    (
        claim(
            "l1-y",
            "L1 normalization: the magnitudes of the result sum to one.",
            Equation(one.y[j], x[j] / total(magnitude[i], i), "aᵢ = sᵢ xᵢ is the magnitude, sᵢ the sign"),
            Equation(total(sign[i] * one.y[i], i), 1, "each magnitude is a share of their sum"),
            Equation(a * x[j] / total(sign[i] * (a * x[i]), i), one.y[j], "the length does not matter"),
        ),
        claim(
            "l1-dx",
            "Its gradient, where no element is zero: the sign takes the place that the direction has for p = 2.",
            Equation(partial(one.loss, x[j]), one.dx, "in the coordinates x = r y, where Σ s y = 1"),
            Equation(total(partial(one.loss, x[j]) * x[j], j), 0, "so it is orthogonal to x"),
        ),
        claim(
            "max-norm",
            "The greatest magnitude is a sum too, of which one term is not zero.",
            Equation(most.norm, s * x[top], "xₐ has the greatest magnitude, s is its sign"),
            Equation(most.y[j], x[j] / most.norm, "definition"),
            Equation(a * x[j] / total(signed[i] * (a * x[i]), i), most.y[j], "the length does not matter"),
        ),
        claim(
            "max-dx",
            "Its gradient, where the greatest magnitude is unique: all that is taken out returns to that place.",
            Equation(partial(most.loss, x[j]), most.dx, "in the coordinates x = r y, where Σ o y = 1"),
            Equation(total(partial(most.loss, x[j]) * x[j], j), 0, "orthogonal to x"),
        ),
        claim(
            "lp-slope",
            "The slope of the Lp norm, for every whole p: an element's share of the powers, by the norm over it.",
            Equation(
                r / (order * powers) * partial(powers, x[j]),
                slope[j],
                "r is the p-th root of R, so ∂r/∂xⱼ is r/(p R) times ∂R/∂xⱼ",
            ),
            derived(total(slope[j] * x[j], j), "Euler's relation: the norm is of degree one"),
        ),
        claim(
            "lp-dx",
            "Its gradient, for every whole p: the slope takes the place that the direction has for p = 2.",
            Equation(through_norm, DX_POWER, "each element acts by itself, and through the norm by its slope"),
            Equation(total(DX_POWER * x[j], j), 0, "so it is orthogonal to x"),
        ),
        claim(
            "lp-is-l1",
            "For p = 1 that is the gradient of L1 normalization.",
            Equation(of_order(1, one.norm), partial(one.loss, x[j]), "the powers are the magnitudes"),
        ),
        claim(
            "lp-is-l2",
            "For p = 2 it is the gradient of L2 normalization.",
            Equation(
                of_order(2, length, replace_entries(DX_POWER, {sign.head: lambda i: Integer(1)})),
                partial(unit_loss, x[j]),
                "the squares need no sign",
            ),
        ),
        claim(
            "clamped",
            "Where the norm lies below epsilon, epsilon stands for it: the map is linear, and so is its gradient.",
            chain(partial(clamped_loss, x[j]), (closed(partial(clamped_loss, x[j])), "ε is a constant")),
            Witness(
                clamped[j],
                x[j] / (sqrt(total(x[i] ** 2, i)) + epsilon),
                "epsilon is not added to the norm but replaces it",
                {"m": 1},
                {**entries("x", 1), "epsilon": 2},
                {j: 1},
            ),
        ),
    ),
)
