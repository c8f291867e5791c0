"""The affine map after normalization: gamma and beta, what they can restore and what they make redundant."""

from sympy import sqrt

from normspec.derivations.deriving import derived
from normspec.derivations.language import Definition, Index, define, mean, natural, scalar, total
from normspec.derivations.proof import Chapter, Equation, chain, claim
from normspec.derivations.quantities import (
    Standardized,
    beta,
    epsilon,
    gamma,
    i,
    j,
    moments,
    mu,
    mu_r,
    sigma,
    sigma_r,
    standardized,
    v_r,
    x,
    xhat,
    xhat_r,
    y,
)
from normspec.derivations.readback import collected

G, B, c = scalar("gamma"), scalar("beta"), scalar("c")
uniform = Definition("y", G * xhat[i] + B, i)
mean_y = define("mu_y", mean(uniform[i], i))
biased_input = standardized(lambda i: x[i] + c, mark="'")
C = natural("C")


def line(of: Standardized) -> tuple[Definition, Definition]:
    """Compute the layer's output as one multiplication and one addition: slope and intercept."""
    output = gamma[i] * (x[i] - of.mu) / of.sigma + beta[i]
    slope = Definition("alpha", collected(output, [x[i]], keep=[of.mu, of.sigma])[0], i)
    intercept = collected(slope[i] * (x[i] - of.mu) + beta[i], [x[i]], keep=[slope, of.mu])[-1]
    return slope, Definition("beta'", intercept, i)


given = Standardized(mu_r, v_r, sigma_r, xhat_r)
alpha_r, shift_r = line(given)


def one_pass() -> Standardized:
    """The group's quantities with the variance as E[x²] - E[x]²."""
    v = define("v", mean(x[i] ** 2, i) - mu**2)
    sigma = define("sigma", sqrt(v + epsilon))
    return Standardized(mu, v, sigma, Definition("xhat", (x[i] - mu) / sigma, i))


single = one_pass()
alpha_s, shift_s = line(single)

CHAPTER = Chapter(
    "affine",
    "The affine map",
    (
        claim(
            "y",
            "The layer's output scales and shifts the normalized element.",
            Equation(y[j], gamma[j] * xhat[j] + beta[j], "definition"),
        ),
        claim(
            "identity-recovery",
            "With gamma = σ and beta = μ the layer returns its input.",
            Equation(sigma * xhat[j] + mu, x[j], "x̂ is the deviation in units of σ"),
        ),
        claim(
            "affine-moments",
            "With one gamma and beta for the group, the output has mean beta and variance gamma² v/(v + ε).",
            derived(mean(uniform[i], i), "Σ x̂ = 0", moments),
            derived(mean((uniform[i] - mean_y) ** 2, i), "the second moment of x̂", moments),
        ),
        claim(
            "bias-redundant",
            "A bias added before the layer has no effect in training: the mean takes it out again.",
            Equation(
                gamma[j] * biased_input.xhat[j] + beta[j],
                gamma[j] * xhat[j] + beta[j],
                "standardization is invariant to a shift",
            ),
        ),
        claim(
            "inference-y",
            "In inference the statistics are given, and each element is mapped on its own.",
            chain(
                gamma[j] * xhat_r[j] + beta[j],
                (gamma[j] * (x[j] - mu_r) / sigma_r + beta[j], "definition of x̂ᵣ"),
                (gamma[j] * (x[j] / sigma_r - mu_r / sigma_r) + beta[j], "or the deviation after the division"),
            ),
        ),
        claim(
            "folded-inference",
            "So the layer in inference is one multiplication and one addition a parameter.",
            Equation(alpha_r[j] * x[j] + shift_r[j], gamma[j] * xhat_r[j] + beta[j], "collect x"),
        ),
        claim(
            "one-pass-output",
            "The one-pass variance gives the same output in exact arithmetic, and only there.",
            Equation(
                gamma[j] * single.xhat[j] + beta[j],
                gamma[j] * (x[j] - mu) / sqrt(mean((x[i] - mu) ** 2, i) + epsilon) + beta[j],
                "v = E[x²] − E[x]²",
            ),
        ),
        claim(
            "one-pass-folded",
            "With the one-pass variance, too, the layer is one multiplication and one addition.",
            Equation(alpha_s[j] * x[j] + shift_s[j], gamma[j] * single.xhat[j] + beta[j], "collect x"),
        ),
        claim(
            "parameter-count",
            "C channels have 2C trainable parameters.",
            derived(total(2, Index("k", C)), "one gamma and one beta a channel"),
        ),
    ),
)
