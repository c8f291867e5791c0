"""Folding: batch norm in inference absorbed by its neighbours, and what training makes of the weights before it.

A convolution is a linear map of each patch, so its claims are those of the linear layer.
"""

from dataclasses import replace

from sympy import Expr, Integer, sqrt

from normspec.derivations.deriving import derived
from normspec.derivations.language import (
    Definition,
    Index,
    Vector,
    define,
    indices,
    natural,
    partial,
    positive,
    scalar,
    total,
)
from normspec.derivations.proof import Chapter, Equation, claim
from normspec.derivations.quantities import beta, chart, epsilon, g, i, j, standardized, xhat
from normspec.derivations.quantities import x as u
from normspec.derivations.readback import closed, collected

F, C = natural("F C")
k, l = indices("k l", F)  # noqa: E741
o = indices("o", C)
W, b, x, gamma, mu_r = (Vector(name) for name in ("W", "b", "x", "gamma", "mu_r"))
v_r = Vector("v_r", positive=True)
a = positive("a")

z, c = Vector("z"), scalar("c")
linear = Definition("z", total(W[o, k] * x[k], k) + b[o], o)


def inference(z: Expr, at: Index) -> Expr:
    """Normalize a number with the running statistics of a channel."""
    return gamma[at] * (z - mu_r[at]) / sigma_r[at] + beta[at]


sigma_r = Definition("sigma_r", sqrt(v_r[o] + epsilon), o)
normalized = Definition("y", inference(linear[o], o), o)
scale = Definition("alpha", collected(inference(z[o], o), [z[o]], keep=[sigma_r])[0], o)
weight_after = Definition("W'", scale[o] * W[o, k], o, k)
bias_after = Definition("b'", inference(b[o], o), o)
shift = Definition("beta'", beta[o] - mu_r[o] * scale[o], o)

input_norm = Definition("h", inference(x[k], k), k)
weight_before = Definition("W'", W[o, k] * scale[k], o, k)
bias_before = Definition("b'", b[o] + total(W[o, k] * inference(Integer(0), k), k), o)

w = Vector("w")
layer = standardized(lambda i: total(w[k] * x[i, k], k))
scaled = standardized(lambda i: total(a * w[k] * x[i, k], k), a**2 * epsilon, mark="'")
loss = define("L", total(g[i] * layer.xhat[i], i))
scaled_loss = define("L'", total(g[i] * scaled.xhat[i], i))
SIZES = ({"m": 2, "F": 2}, {"m": 3, "F": 2}, {"m": 3, "F": 3})
ORTHOGONAL = Equation(
    total(w[k] * partial(loss, w[k]), k),
    closed(total(g[i] * partial(xhat[i], u[j]) * u[j], i, j), chart(names=layer)),
    "Euler's relation: L sees w only through u = Σ w x, and is of degree zero but for ε",
    sizes=SIZES,
)
eta, d = positive("eta"), Vector("d")
weights = standardized(lambda k: w[k], mark="_w", over=k)
moved = standardized(lambda k: w[k] + c, mark="_w'", over=k)

CHAPTER = Chapter(
    "folding",
    "Folding, and the weights before the layer",
    (
        claim(
            "fold-after",
            "Batch norm in inference after a linear layer or convolution is that layer with other weights.",
            Equation(
                normalized[o],
                total(weight_after[o, k] * x[k], k) + bias_after[o],
                "weights are scaled, the bias is normalized",
            ),
            Equation(bias_after[o], scale[o] * b[o] + shift[o], "or the bias is scaled too"),
        ),
        claim(
            "fold-before",
            "Before a linear layer it can be absorbed as well; before a convolution with zero padding it cannot.",
            Equation(
                total(W[o, k] * input_norm[k], k) + b[o],
                total(weight_before[o, k] * x[k], k) + bias_before[o],
                "collect x; a padded zero would have to become another number",
            ),
        ),
        claim(
            "weight-scale",
            "Scaling the weights before the layer, and epsilon with them, changes nothing.",
            Equation(scaled.xhat[i], layer.xhat[i], "the layer is invariant to the scale of its input", sizes=SIZES),
        ),
        claim(
            "weight-standardization",
            "Standardized weights see neither a constant added to them nor one added to all their inputs.",
            Equation(moved.xhat[k], weights.xhat[k], "a shift of the weights"),
            Equation(total(weights.xhat[k] * (z[k] + c), k), total(weights.xhat[k] * z[k], k), "their sum is zero"),
            source="Qiao et al. 2019",
        ),
        claim(
            "weight-gradient-orthogonal",
            "So the gradient of those weights is orthogonal to them, but for epsilon's share.",
            ORTHOGONAL,
            source="van Laarhoven 2017",
        ),
        claim(
            "effective-learning-rate",
            "Weights a times as large get a gradient a times smaller: their effective learning rate falls with a².",
            Equation(
                partial(scaled_loss, w[l]) / a,
                partial(loss, w[l]) / a,
                "L of a w",
                sizes=SIZES,
            ),
            source="van Laarhoven 2017; Hoffer et al. 2018",
        ),
        claim(
            "weight-growth",
            "A gradient step changes the squared norm of the weights by the step's own, where epsilon is zero.",
            derived(total((w[k] - eta * d[k]) ** 2, k), "for any step d"),
            replace(ORTHOGONAL, reason="for the gradient the last sum is epsilon's share"),
        ),
    ),
)
