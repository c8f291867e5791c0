"""Batch renormalization: the batch's statistics, corrected to the running ones by factors without a gradient.

The correction is r x̂ + d with r = σ/σᵣ and d = (μ − μᵣ)/σᵣ, each perhaps clipped to a range.
"""

from normspec.derivations.language import Definition, define, partial, scalar, substitute, total
from normspec.derivations.proof import Chapter, Equation, Witness, chain, claim, entries
from normspec.derivations.quantities import (
    beta,
    g,
    gamma,
    ghat,
    i,
    j,
    mu,
    mu_r,
    sigma,
    sigma_r,
    standard,
    x,
    xhat,
    xhat_r,
)
from normspec.derivations.readback import closed

G, r, d = scalar("gamma"), scalar("r"), scalar("d")
ratio, distance = define("r", sigma / sigma_r), define("d", (mu - mu_r) / sigma_r)
corrected = Definition("z", r * xhat[i] + d, i)
Y = gamma[j] * corrected[j] + beta[j]
loss = define("L", total(g[i] * (gamma[i] * corrected[i] + beta[i]), i))
uniform = define("L'", total(g[i] * G * corrected[i], i))
frozen = define("L", total(g[i] * (gamma[i] * xhat_r[i] + beta[i]), i))
through_xhat = total(ghat[i] * r * partial(xhat[i], x[j]), i)
DX = closed(through_xhat, standard, [ghat])
scaled = Definition("f", r * ghat[i], i)
through_scaled = total(scaled[i] * partial(xhat[i], x[j]), i)

CHAPTER = Chapter(
    "renormalize",
    "Batch renormalization",
    (
        claim(
            "batch-renorm",
            "Corrected without clipping, training gives exactly what inference gives.",
            Equation(ratio * xhat[j] + distance, xhat_r[j], "σ cancels, and so does μ"),
            source="Ioffe 2017",
        ),
        claim(
            "batch-renorm-y",
            "So its output in training is that of inference with the running statistics.",
            Equation(
                gamma[j] * (ratio * xhat[j] + distance) + beta[j],
                gamma[j] * (x[j] - mu_r) / sigma_r + beta[j],
                "without clipping",
            ),
        ),
        claim(
            "batch-renorm-dx",
            "The gradient takes r and d for constants: it is batch norm's, r times.",
            chain(
                partial(loss, x[j]),
                (through_xhat, "chain rule through r x̂ᵢ + d"),
                (DX, "in the coordinates x = μ + σ x̂, where Σ x̂ = 0 and Σ x̂² = m (1 − ε/σ²)"),
            ),
            source="Ioffe 2017",
        ),
        claim(
            "batch-renorm-dx-scaled",
            "Or r goes into the cotangent first.",
            Equation(partial(loss, x[j]), closed(through_scaled, standard, [scaled]), "fᵢ = r ĝᵢ"),
        ),
        claim(
            "batch-renorm-unclipped",
            "Without clipping σᵣ stands for σ in batch norm's gradient; still it is not the gradient of inference.",
            Equation(
                substitute(DX, {r: ratio}),
                closed(substitute(DX, {r: ratio}), keep=[ghat, xhat, sigma, sigma_r]),
                "r/σ = 1/σᵣ",
            ),
            Witness(
                substitute(DX, {r: ratio}),
                partial(frozen, x[j]),
                "the gradient sums to zero, that of inference need not",
                {"m": 2},
                {
                    **entries("x", 0, 2),
                    **entries("g", 1, 0),
                    **entries("gamma", 1, 1),
                    "epsilon": 3,
                    "mu_r": 0,
                    "v_r": 1,
                },
                {j: 1},
            ),
        ),
        claim(
            "batch-renorm-dgamma",
            "The gradient of gamma weighs the cotangent by what gamma multiplies.",
            Equation(partial(uniform, G), total(g[i] * corrected[i], i), "each output is linear in γ"),
        ),
    ),
)
