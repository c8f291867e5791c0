"""Standardization: subtract the mean, divide by the deviation, and what the result does not depend on."""

from sympy import Symbol, sqrt

from normspec.derivations.deriving import derived
from normspec.derivations.language import Definition, Index, define, mean, partial, permutation, positive, scalar, total
from normspec.derivations.proof import Chapter, Equation, Witness, chain, claim, entries
from normspec.derivations.quantities import (
    Standardized,
    by_mean,
    epsilon,
    i,
    j,
    moments,
    mu,
    sigma,
    standard,
    standardized,
    v,
    x,
    xhat,
)
from normspec.derivations.readback import closed

a, c = positive("a"), scalar("c")
pi = permutation("pi")

shifted = standardized(lambda i: x[i] + c, mark="'")
rescaled = standardized(lambda i: a * x[i], a**2 * epsilon, mark="'")
stretched = standardized(lambda i: a * x[i], mark="''")
mirrored = standardized(lambda i: -x[i], mark="'")
permuted = standardized(lambda i: x[pi(i)], mark="'")
twice = standardized(lambda i: xhat[i], mark="'")
one = Index("j", 1)
alone = Standardized(
    mean_1 := define("mu", mean(x[one], one)),
    v_1 := define("v", mean((x[one] - mean_1) ** 2, one)),
    sigma_1 := define("sigma", sqrt(v_1 + epsilon)),
    Definition("xhat", (x[one] - mean_1) / sigma_1, one),
)

CHAPTER = Chapter(
    "standardize",
    "Standardization",
    (
        claim(
            "xhat",
            "The normalized element is the deviation in units of σ; mean and deviation give the element back.",
            chain(xhat[j], ((x[j] - mu) / sigma, "definition"), ((x[j] - mu) / sqrt(v + epsilon), "definition of σ")),
            Equation(mu + sigma * xhat[j], x[j], "solve for the element"),
        ),
        claim(
            "zero-mean",
            "The normalized elements of a group sum to zero.",
            chain(
                total(xhat[i], i),
                (closed(total(xhat[i], i), keep=[mu, sigma]), "σ is common to the group"),
                (0, "deviations from the mean cancel"),
            ),
        ),
        claim(
            "second-moment",
            "Their second moment is v/(v + ε): less than one, by what epsilon takes.",
            chain(
                mean(xhat[i] ** 2, i),
                (closed(mean(xhat[i] ** 2, i), moments), "Σ (x − μ)² = m v, and σ² = v + ε"),
                (closed(mean(xhat[i] ** 2, i), standard), "so one is reached only at ε = 0"),
            ),
        ),
        claim(
            "shift-invariance",
            "Adding a constant to the group changes nothing.",
            derived(shifted.mu, "the mean moves along", by_mean, by=[Symbol("mu")]),
            Equation(shifted.v, v, "deviations stay"),
            Equation(shifted.xhat[j], xhat[j], "so does their ratio"),
        ),
        claim(
            "scale-covariance",
            "Multiplying the group by a > 0 and epsilon by a² changes nothing; with epsilon left alone it does.",
            derived(rescaled.v, "variance is quadratic", moments),
            derived(rescaled.sigma, "√(a² v + a² ε) = a √(v + ε) for a > 0", standard),
            Equation(rescaled.xhat[j], xhat[j], "the factor cancels"),
            Witness(
                stretched.xhat[j],
                xhat[j],
                "epsilon not rescaled",
                {"m": 2},
                {**entries("x", 0, 6), "epsilon": 16, "a": "16/9"},
                {j: 2},
            ),
        ),
        claim(
            "sign",
            "Changing the sign of the group changes the sign of the result.",
            Equation(mirrored.v, v, "squares keep no sign"),
            derived(mirrored.xhat[j], "numerators change sign, σ does not", standard),
        ),
        claim(
            "permutation-equivariance",
            "Reordering the group reorders the result in the same way.",
            Equation(permuted.mu, mu, "a sum does not depend on order"),
            Equation(permuted.v, v, "nor does this one"),
            Equation(permuted.xhat[j], xhat[pi(j)], "element by element"),
        ),
        claim(
            "epsilon-place",
            "Epsilon under the root is not epsilon beside it.",
            Witness(
                (x[j] - mu) / (sqrt(v) + epsilon),
                xhat[j],
                "epsilon added to the deviation",
                {"m": 2},
                {**entries("x", 0, 6), "epsilon": 16},
                {j: 2},
            ),
        ),
        claim(
            "single-element",
            "A group of one element is sent to zero, and so is its gradient.",
            Equation(alone.xhat[one], 0, "an only element is its own mean"),
            Equation(partial(alone.xhat[one], x[one]), 0, "for any element"),
        ),
        claim(
            "not-idempotent",
            "Standardizing twice is not standardizing once, unless epsilon is zero.",
            derived(twice.mu, "x̂ has mean 0", moments),
            derived(twice.v, "and the variance that is its second moment", moments),
            Equation(twice.xhat[j], xhat[j] / sqrt(closed(twice.v, moments) + epsilon), "by that it is divided again"),
            Witness(
                twice.xhat[j],
                xhat[j],
                "standardized twice",
                {"m": 2},
                {**entries("x", 0, 2), "epsilon": 3},
                {j: 2},
            ),
        ),
    ),
)
