"""The backward of the backward, for every member of the family: d divides the sum of squares.

u is the cotangent of dx; the double backward differentiates S = Σ u dx once more.
"""

from sympy import Expr, Symbol

from normspec.derivations.family import centred, d, gradient, loss, uncentred
from normspec.derivations.gradients import ELEMENTS, block, c, e
from normspec.derivations.language import Defined, Definition, Vector, define, partial, total
from normspec.derivations.proof import Chapter, Equation, claim
from normspec.derivations.quantities import (
    Standardized,
    chart,
    chart_of_deviations,
    g,
    gamma,
    ghat,
    i,
    j,
    k,
    x,
)
from normspec.derivations.readback import Chart, closed, collected

u, h = Vector("u"), Vector("h")
SMALL = ({"m": 2}, {"m": 3}, {"m": 4})


def weighed(of: Standardized, with_mean: bool) -> Defined:
    """Weigh the gradient by u."""
    dx = gradient(of, d, with_mean)
    return define("S", total(u[j] * dx[j], j))


CENTRED, UNCENTRED = weighed(centred, True), weighed(uncentred, False)


def by_element(S: Expr, chart: Chart, over: Expr) -> Expr:
    """Compute the derivative by an element, the terms of the element and of each of two sums together."""
    cotangent, element, P, Q = Vector("ghat"), chart.names[h.head], Symbol("P"), Symbol("Q")
    sums = define("P", total(ghat[i] * element[i], i)), define("Q", total(u[i] * element[i], i))
    rules = (*chart.rules, (total(cotangent[i] * h[i], i), P), (total(u[i] * h[i], i), Q))
    named = Chart(chart.entries, rules, {**chart.names, P: sums[0], Q: sums[1]})
    own, rest = collected(partial(S, x[k]) * over, [h[k]], named, [ghat])
    by_p, by_q, _ = collected(rest, [P, Q], keep=[*sums, ghat])
    return (element[k] * define("A", own) + sums[0] * by_p + sums[1] * by_q) / over


def weighing(of: Standardized, S: Defined) -> Equation:
    """State what S weighs."""
    return Equation(total(u[j] * partial(loss(of), x[j]), j), S.body, "S weighs the gradient by u", sizes=SMALL)


def second(S: Expr, chart: Chart, over: Expr) -> Equation:
    """State the derivative of S by an element."""
    return Equation(partial(S, x[k]), by_element(S, chart, over), "in coordinates of the group", sizes=SMALL)


pushed = Vector("t")
shared = define("S'", total(g[e] * gamma[block(e)] * pushed[e], e))


def tangent(of: Standardized, chart: Chart) -> Definition:
    """Compute what u becomes when it is pushed forward: the factor of g and gamma in S."""
    return Definition("t", closed(total(partial(of.xhat[k], x[j]) * u[j], j), chart), k)


standard, deviations = chart(d, True, centred), chart_of_deviations(d, True, centred)
bare, plain = chart(d, False, uncentred), chart_of_deviations(d, False, uncentred)
T, T_BARE = tangent(centred, standard), tangent(uncentred, bare)

CHAPTER = Chapter(
    "double_backward",
    "The double backward",
    (
        claim(
            "double-backward-x",
            "The double backward with respect to the input, from four sums over the group.",
            weighing(centred, CENTRED),
            second(CENTRED, standard, d * centred.sigma**2),
        ),
        claim(
            "double-backward-x-projected",
            "The same with sums over the deviations, and σ in front.",
            second(CENTRED, deviations, d * centred.sigma**3),
        ),
        claim(
            "double-backward-g",
            "With respect to the cotangent: the backward is linear in it, and symmetric, so this is forward mode.",
            Equation(partial(CENTRED, g[k]), gamma[k] * T[k], "t is u pushed forward", sizes=SMALL),
        ),
        claim(
            "double-backward-gamma",
            "With respect to gamma, element by element; a shared gamma sums this over its block.",
            Equation(partial(CENTRED, gamma[k]), g[k] * T[k], "t is u pushed forward", sizes=SMALL),
            Equation(
                partial(shared, gamma[c]),
                closed(partial(shared, gamma[c])),
                "one on block c, else zero",
                sizes=ELEMENTS,
            ),
        ),
        claim(
            "rescale-double-backward-x",
            "Without centring, with respect to the input.",
            weighing(uncentred, UNCENTRED),
            second(UNCENTRED, bare, d * uncentred.sigma**2),
        ),
        claim(
            "rescale-double-backward-x-projected",
            "The same with sums over the elements, and σ in front.",
            second(UNCENTRED, plain, d * uncentred.sigma**3),
        ),
        claim(
            "rescale-double-backward-g",
            "Without centring, with respect to the cotangent and to gamma.",
            Equation(partial(UNCENTRED, g[k]), gamma[k] * T_BARE[k], "t is u pushed forward", sizes=SMALL),
            Equation(partial(UNCENTRED, gamma[k]), g[k] * T_BARE[k], "γ and g enter as their product", sizes=SMALL),
        ),
    ),
)
