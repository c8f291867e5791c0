"""Forward mode: how y follows where x, gamma and beta all move at once.

u is the tangent of x, u_gamma and u_beta are those of gamma and beta: the same over the block that shares them.
"""

from sympy import Expr

from normspec.derivations.double_backward import T_BARE, T, u
from normspec.derivations.family import centred, uncentred
from normspec.derivations.language import Vector, partial, total
from normspec.derivations.proof import Chapter, Equation, claim
from normspec.derivations.quantities import Standardized, beta, gamma, j, k, sigma_r, x, xhat_r

u_gamma, u_beta = Vector("u_gamma"), Vector("u_beta")
SMALL = ({"m": 2}, {"m": 3}, {"m": 4})


def moved(y: Expr) -> Expr:
    """Move y along the tangents of all that it depends on."""
    own = partial(y, gamma[k]) * u_gamma[k] + partial(y, beta[k]) * u_beta[k]
    return total(partial(y, x[j]) * u[j], j) + own


def output(of: Standardized) -> Expr:
    """Scale and shift a member."""
    return gamma[k] * of.xhat[k] + beta[k]


CHAPTER = Chapter(
    "forward_mode",
    "Forward mode",
    (
        claim(
            "tangent-y",
            "In training: x̂ follows x by its Jacobian, which t is of u; gamma and beta enter as factor and summand.",
            Equation(
                moved(output(centred)),
                gamma[k] * T[k] + u_gamma[k] * centred.xhat[k] + u_beta[k],
                "product rule, t is u pushed forward",
                sizes=SMALL,
            ),
        ),
        claim(
            "rescale-tangent-y",
            "The same without centring.",
            Equation(
                moved(output(uncentred)),
                gamma[k] * T_BARE[k] + u_gamma[k] * uncentred.xhat[k] + u_beta[k],
                "product rule, t is u pushed forward",
                sizes=SMALL,
            ),
        ),
        claim(
            "inference-tangent-y",
            "In inference the statistics stand still: every element follows its own x alone.",
            Equation(
                moved(gamma[k] * xhat_r[k] + beta[k]),
                gamma[k] * u[k] / sigma_r + u_gamma[k] * xhat_r[k] + u_beta[k],
                "product rule",
                sizes=SMALL,
            ),
        ),
    ),
)
