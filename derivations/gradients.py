"""Gradients of a normalization layer in training and in inference, for every size of the group.

L = sum g[i] y[i] stands for any loss: g is the cotangent that arrives at the output.
"""

from normspec.derivations.language import (
    Definition,
    Vector,
    define,
    indices,
    labelling,
    mean,
    natural,
    partial,
    permutation,
    scalar,
    total,
)
from normspec.derivations.proof import Chapter, Equation, Witness, chain, claim, entries
from normspec.derivations.quantities import (
    beta,
    chart_of_deviations,
    g,
    gamma,
    ghat,
    i,
    j,
    loss,
    mu,
    mu_r,
    sigma,
    sigma_r,
    standard,
    standardized,
    v,
    x,
    xhat,
    xhat_r,
)
from normspec.derivations.readback import Chart, closed

through_xhat = total(ghat[i] * partial(xhat[i], x[j]), i)
DX = closed(through_xhat, standard, [ghat])
dx = Definition("dx", DX, j)

e = indices("e", natural("n"))
c = indices("c", natural("C"))
block = labelling("b", c.size)
xhat_e = Vector("xhat")
layer = define("L", total(g[e] * (gamma[block(e)] * xhat_e[e] + beta[block(e)]), e))
DGAMMA, DBETA = closed(partial(layer, gamma[c])), closed(partial(layer, beta[c]))
ELEMENTS = ({"n": 1, "C": 2}, {"n": 4, "C": 2}, {"n": 7, "C": 3})

frozen = define("L", total(g[i] * (gamma[i] * xhat_r[i] + beta[i]), i))
DX_INFERENCE = closed(partial(frozen, x[j]), keep=[sigma_r])

G = scalar("gamma")
uniform = define("L'", total(g[i] * G * xhat[i], i))
frozen_uniform = define("L'", total(g[i] * G * xhat_r[i], i))
mean_only = define("L", total(g[i] * (x[i] - mu), i))
c_r = Vector("c")
around_given = Chart({x.head: lambda i: mu_r + c_r[i]}, (), {c_r.head: Definition("c", x[i] - mu_r, i)})

a, b_, h, pi = scalar("a"), scalar("b"), Vector("h"), permutation("pi")
other_loss = define("H", total(h[i] * (gamma[i] * xhat[i] + beta[i]), i))
combined = define("K", total((a * g[i] + b_ * h[i]) * (gamma[i] * xhat[i] + beta[i]), i))
moved = standardized(lambda i: x[pi(i)], mark="'")
moved_ghat = Definition("ghat'", gamma[pi(i)] * g[pi(i)], i)

mean_cut = closed(through_xhat, standard, [ghat]) + mean(ghat[i], i) / sigma
variance_cut = (ghat[j] - mean(ghat[i], i)) / sigma
EXAMPLE = {**entries("x", 0, 2), **entries("g", 1, 0), **entries("gamma", 1, 1), **entries("beta", 0, 0), "epsilon": 3}

CHAPTER = Chapter(
    "gradients",
    "Gradients",
    (
        claim(
            "dmu",
            "Every element moves the mean alike.",
            Equation(partial(mu, x[j]), closed(partial(mu, x[j])), "μ is a sum over m"),
        ),
        claim(
            "dv",
            "An element moves the variance by its own deviation: the path through the mean cancels.",
            Equation(partial(v, x[j]), closed(partial(v, x[j]), chart_of_deviations()), "Σ (x − μ) = 0"),
            Equation(partial(v, x[j]), closed(partial(v, x[j]), standard), "in the coordinates of the group"),
        ),
        claim(
            "dsigma",
            "And σ by its normalized value.",
            Equation(partial(sigma, x[j]), closed(partial(sigma, x[j]), standard), "dσ = dv/(2 σ)"),
        ),
        claim(
            "dx",
            "The gradient of the input: the cotangent less its mean and less its component along x̂, divided by σ.",
            chain(
                partial(loss, x[j]),
                (through_xhat, "chain rule through yᵢ = γᵢ x̂ᵢ + βᵢ"),
                (DX, "in the coordinates x = μ + σ x̂, where Σ x̂ = 0 and Σ x̂² = m (1 − ε/σ²)"),
            ),
            source="Ioffe and Szegedy 2015, section 3",
        ),
        claim(
            "dgamma",
            "The gradient of gamma sums over the block of elements that share it.",
            Equation(partial(layer, gamma[c]), DGAMMA, "∂γ_b(e)/∂γ_c is one on block c, else zero", sizes=ELEMENTS),
        ),
        claim(
            "dbeta",
            "The gradient of beta is the sum of the cotangents over the block that shares it.",
            Equation(partial(layer, beta[c]), DBETA, "∂β_b(e)/∂β_c is one on block c, else zero", sizes=ELEMENTS),
        ),
        claim(
            "dx-linearity",
            "The backward is linear in the cotangent.",
            Equation(
                partial(combined, x[j]),
                a * partial(loss, x[j]) + b_ * partial(other_loss, x[j]),
                "the loss is linear in g",
                sizes=({"m": 2}, {"m": 3}, {"m": 5}),
            ),
        ),
        claim(
            "dx-permutation",
            "Reordering the group, its cotangents and its gammas reorders the gradient in the same way.",
            Equation(
                (moved_ghat[j] - mean(moved_ghat[i], i) - moved.xhat[j] * mean(moved_ghat[i] * moved.xhat[i], i))
                / moved.sigma,
                dx[pi(j)],
                "the formula of dx for the reordered group; sums do not depend on order",
            ),
        ),
        claim(
            "sum-dx",
            "The gradient of the input sums to zero over the group, whatever the cotangent.",
            Equation(total(partial(loss, x[j]), j), 0, "shifting the group does not change the loss"),
        ),
        claim(
            "dx-orthogonality",
            "The gradient is nearly orthogonal to x̂: what remains is epsilon's share.",
            Equation(
                total(partial(loss, x[j]) * xhat[j], j),
                closed(total(dx[j] * xhat[j], j), standard, [ghat]),
                "Σ x̂² = m (1 − ε/σ²)",
            ),
            Equation(
                total(partial(uniform, x[j]) * xhat[j], j),
                closed(total(partial(uniform, x[j]) * xhat[j], j), standard),
                "for one gamma in the group, where Σ g x̂ is its gradient",
            ),
        ),
        claim(
            "dx-euler",
            "Along the group itself the gradient is epsilon's share too: scaling the input nearly keeps the loss.",
            Equation(
                total(partial(loss, x[j]) * x[j], j),
                closed(total(dx[j] * x[j], j), standard, [ghat]),
                "x = μ + σ x̂, and the gradient sums to zero",
            ),
        ),
        claim(
            "mean-only-dx",
            "Where only the mean is subtracted, only the mean of the cotangents is taken out.",
            Equation(
                partial(mean_only, x[j]), closed(partial(mean_only, x[j])), "each output falls by 1/m of each input"
            ),
            source="Salimans and Kingma 2016, section 3",
        ),
        claim(
            "inference-dx",
            "In inference the statistics are constants, and the gradient is a scaling.",
            Equation(partial(frozen, x[j]), DX_INFERENCE, "each output depends on its own input alone"),
        ),
        claim(
            "inference-dgamma",
            "The gradient of gamma in inference, where a block is one group: σᵣ leaves the sum, and so may μᵣ.",
            chain(
                partial(frozen_uniform, G),
                (closed(partial(frozen_uniform, G), keep=[xhat_r]), "each output is linear in γ"),
                (closed(partial(frozen_uniform, G), around_given, [sigma_r]), "σᵣ is common to the group"),
                (closed(partial(frozen_uniform, G), keep=[sigma_r]), "so is μᵣ"),
            ),
        ),
        claim(
            "detached-mean",
            "Treating the mean as a constant in the backward gives another gradient.",
            Witness(partial(loss, x[j]), mean_cut, "without the mean of ĝ", {"m": 2}, EXAMPLE, {j: 1}),
        ),
        claim(
            "detached-variance",
            "Treating the variance as a constant in the backward gives another gradient.",
            Witness(partial(loss, x[j]), variance_cut, "without the term along x̂", {"m": 2}, EXAMPLE, {j: 1}),
        ),
    ),
)
