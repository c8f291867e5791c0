"""Invariances: what can be done to the weights and the data of a layer without changing what the norm after it gives.

The layer before is z = W x, with cases n and units o. Batch norm takes a unit over all cases, layer norm a case over
all units. Epsilon is scaled with the data; where it is left alone, a change of scale is undone only nearly.
"""

from collections.abc import Callable
from typing import Any

from sympy import Expr, Integer, sqrt

from normspec.derivations.language import Index, Vector, indices, mean, natural, partial, positive, total
from normspec.derivations.proof import Chapter, Equation, Witness, claim
from normspec.derivations.quantities import (
    deviation,
    epsilon,
    g,
    gamma,
    i,
    j,
    m,
    standardized,
    x,
    xhat,
)

n, k = indices("n", natural("N")), indices("k", natural("F"))
o, l = indices("o l", natural("O"))  # noqa: E741 - another unit
W, X, c, s = Vector("W"), Vector("X"), Vector("c"), Vector("s")
a = positive("a")
Layer = Callable[[Index, Index], Expr]


def linear(weight: Callable[..., Any] = lambda o, k: W[o, k], data: Callable[..., Any] = lambda n, k: X[n, k]) -> Layer:
    """Make the layer before, from an entry of its weights and one of its data."""
    return lambda n, o: total(weight(o, k) * data(n, k), k)


def over_cases(z: Layer, epsilon: Expr = epsilon, mark: str = "") -> Expr:
    """Standardize a unit over the cases, as batch norm does."""
    return standardized(lambda n: z(n, o), epsilon, mark, n).xhat[n]


def over_units(z: Layer, epsilon: Expr = epsilon, mark: str = "") -> Expr:
    """Standardize a case over the units, as layer norm does."""
    return standardized(lambda o: z(n, o), epsilon, mark, o).xhat[o]


def over_root(z: Layer, epsilon: Expr = epsilon, _mark: str = "") -> Expr:
    """Divide a case by its root mean square over the units, as RMS norm does."""
    return z(n, o) / sqrt(mean(z(n, l) ** 2, l) + epsilon)


plain, scaled = linear(), a**2 * epsilon
data_scaled = case_scaled_alone = linear(data=lambda n, k: a * X[n, k])
weights_shifted, data_shifted = linear(weight=lambda o, k: W[o, k] + c[k]), linear(data=lambda n, k: X[n, k] + c[k])
unit_scaled, case_scaled = linear(weight=lambda o, k: s[o] * W[o, k]), linear(data=lambda n, k: s[n] * X[n, k])
BA = "Ba, Kiros and Hinton 2016, table 1"
SIZES = ({"N": 2, "O": 3, "F": 2}, {"N": 3, "O": 2, "F": 2})
EXAMPLE: dict[Any, Any] = {
    **{("W", o, k): w for o, row in enumerate(((1, 0), (0, 1), (1, 2)), 1) for k, w in enumerate(row, 1)},
    **{("X", n, k): w for n, row in enumerate(((1, 0), (0, 1), (2, 1)), 1) for k, w in enumerate(row, 1)},
    **{("s", 1): 1, ("s", 2): 2, ("s", 3): 1, ("c", 1): 1, ("c", 2): 0, "epsilon": 0},
}
THREE = {"N": 3, "O": 3, "F": 2}


def same(norm: Callable[..., Expr], changed: Layer, of_epsilon: Expr, reason: str) -> Equation:
    """State that a change of the layer before changes nothing."""
    return Equation(norm(changed, of_epsilon, "'"), norm(plain), reason, sizes=SIZES)


def differs(norm: Callable[..., Expr], changed: Layer) -> Witness:
    """State that a change of the layer before does matter."""
    return Witness(norm(changed, epsilon, "'"), norm(plain), "even for ε = 0", THREE, EXAMPLE, {n: 3, o: 3})


slope, z = Vector("s"), Vector("z")
bent = standardized(lambda i: slope[i] * z[i])
bent_scaled = standardized(lambda i: slope[i] * (a * z[i]), scaled, "'")
t = Vector("t")
one, two = standardized(lambda i: x[i], Integer(0), "_x"), standardized(lambda i: t[i], Integer(0), "_t")
offset = total(g[i] * (1 + gamma[i]) * xhat[i], i)
centred_norm = sqrt(total(deviation[i] ** 2, i))

CHAPTER = Chapter(
    "invariances",
    "Invariances",
    (
        claim(
            "batch-norm-scale",
            "Batch norm does not see the scale of all weights, of one unit's weights, or of all data.",
            same(over_cases, data_scaled, scaled, "z = Σ W x is a times as large"),
            source=BA,
        ),
        claim(
            "batch-norm-data-shift",
            "Nor a shift of all data: each unit's z moves alike in all cases.",
            same(over_cases, data_shifted, epsilon, "shift invariance"),
            source=BA,
        ),
        claim(
            "batch-norm-weight-shift",
            "A shift of its weights it does see, for cases differ.",
            differs(over_cases, weights_shifted),
            source=BA,
        ),
        claim("batch-norm-case-scale", "And the scale of one case, too.", differs(over_cases, case_scaled), source=BA),
        claim(
            "layer-norm-scale",
            "Layer norm does not see the scale of all weights, of all data, or of one case by itself.",
            same(over_units, case_scaled_alone, scaled, "z = Σ W x is a times as large, in this case"),
            source=BA,
        ),
        claim(
            "layer-norm-weight-shift",
            "Nor a shift of the weights that all units share: each case's z moves alike in all units.",
            same(over_units, weights_shifted, epsilon, "shift invariance"),
            source=BA,
        ),
        claim(
            "layer-norm-data-shift",
            "A shift of all data it does see, for units differ.",
            differs(over_units, data_shifted),
            source=BA,
        ),
        claim(
            "layer-norm-unit-scale",
            "And the scale of one unit's weights, too.",
            differs(over_units, unit_scaled),
            source=BA,
        ),
        claim(
            "rms-norm-scale",
            "RMS norm sees no scale of all weights, of all data, or of one case either.",
            same(over_root, case_scaled_alone, scaled, "the root is a times as large"),
            source="Zhang and Sennrich 2019, table 1",
        ),
        claim(
            "rms-norm-weight-shift",
            "But a shift of the weights it does see.",
            differs(over_root, weights_shifted),
            source="Zhang and Sennrich 2019, table 1",
        ),
        claim(
            "positive-homogeneity",
            "ReLU and PReLU pass a positive scale on, for it keeps signs: so a norm after them does not see it either.",
            Equation(bent_scaled.xhat[j], bent.xhat[j], "the slope sᵢ of element i depends on its sign alone"),
            source="Neyshabur, Salakhutdinov and Srebro 2015",
        ),
        claim(
            "geometry",
            "Standardizing is projecting onto what is orthogonal to 1, and giving that the length √m, for ε = 0.",
            Equation(one.xhat[j], sqrt(m) * deviation[j] / centred_norm, "σ is the length over √m"),
            Equation(total(deviation[i], i), 0, "deviations are orthogonal to 1"),
            source="Brody, Alon and Yahav 2023",
        ),
        claim(
            "whitening",
            "Each unit is whitened, but not their correlations: the product of two is still Pearson's coefficient.",
            Equation(mean(one.xhat[i] ** 2, i), 1, "the diagonal of the covariance matrix, for ε = 0"),
            Equation(
                mean(one.xhat[i] * two.xhat[i], i),
                mean((x[i] - one.mu) * (t[i] - two.mu), i) / (one.sigma * two.sigma),
                "beside the diagonal",
            ),
            source="Ioffe and Szegedy 2015, section 3; Huang et al. 2018",
        ),
        claim(
            "scale-offset",
            "A scale 1 + γ gives the same gradient of γ as a scale γ; that of the input has 1 + γ in its place.",
            Equation(partial(offset, gamma[j]), g[j] * xhat[j], "one is a constant"),
            Equation(
                partial(offset, x[j]),
                total((1 + gamma[i]) * g[i] * partial(xhat[i], x[j]), i),
                "chain rule",
            ),
        ),
    ),
)
