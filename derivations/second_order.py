"""Second order: the backward of the backward, forward mode, and the third derivative.

u is the cotangent of dx; the double backward differentiates S = sum u[j] dx[j] once more.
"""

from sympy import Expr

from normspec.derivations.gradients import dx
from normspec.derivations.language import Definition, Index, Vector, define, partial, total
from normspec.derivations.proof import Chapter, Equation, claim
from normspec.derivations.quantities import i, j, k, l, loss, m, sigma, standard, x, xhat
from normspec.derivations.readback import closed

u, t, w = Vector("u"), Vector("t"), Vector("w")
S = define("S", total(u[j] * dx[j], j))
SMALL = ({"m": 2}, {"m": 3}, {"m": 4}, {"m": 5})


def pushed(tangent: Vector, at: Index) -> Expr:
    """Push a tangent forward through the standardization."""
    return total(partial(xhat[at], x[j]) * tangent[j], j)


def pulled(cotangent: Vector, at: Index) -> Expr:
    """Pull a cotangent back."""
    return total(cotangent[i] * partial(xhat[i], x[at]), i)


JVP = closed(pushed(t, i), standard)
H = Definition("H", closed(partial(xhat[i], x[j], x[k]), standard, over=m**2 * sigma**2), i, j, k)
THIRD = closed(partial(H[i, j, k], x[l]), standard, over=m**3 * sigma**3)

CHAPTER = Chapter(
    "second_order",
    "Second order",
    (
        claim(
            "jvp",
            "Forward mode: the tangent less its mean and less its component along x̂, divided by σ.",
            Equation(pushed(t, i), JVP, "in the coordinates x = μ + σ x̂"),
        ),
        claim(
            "jvp-transpose",
            "Forward mode and backward are transposes.",
            Equation(
                total(w[i] * pushed(t, i), i), total(pulled(w, j) * t[j], j), "exchange the sums", sizes=SMALL[:3]
            ),
        ),
        claim(
            "hessian",
            "The second derivative of a normalized element.",
            Equation(partial(xhat[i], x[j], x[k]), H[i, j, k].body, "differentiate the Jacobian", sizes=SMALL[:3]),
        ),
        claim(
            "xhat-is-gradient",
            "The normalized elements are the gradient of m σ: so no order of places or derivatives matters.",
            Equation(partial(m * sigma, x[i]), xhat[i], "∂σ/∂xᵢ = x̂ᵢ/m"),
            Equation(partial(m * sigma, x[i], x[j]), partial(xhat[i], x[j]), "so J is m times the Hessian of σ"),
        ),
        claim(
            "hessian-symmetric",
            "Mixed second derivatives agree.",
            Equation(
                partial(loss, x[j], x[k]), partial(loss, x[k], x[j]), "Schwarz's theorem, and a check", sizes=SMALL[:2]
            ),
        ),
        claim(
            "double-backward-sum",
            "The double backward sums to zero over the group, as the backward does.",
            Equation(total(partial(S, x[k]), k), 0, "shifting the group changes no dx", sizes=SMALL[:3]),
        ),
        claim(
            "third-derivative",
            "The third derivative of a normalized element, symmetric in all four places, which may coincide.",
            Equation(partial(H[i, j, k], x[l]), THIRD, "H is the second; differentiate it", sizes=SMALL[:2]),
        ),
        claim(
            "third-derivative-sum",
            "So does the third derivative, in each of its arguments.",
            Equation(total(partial(S, x[k], x[l]), l), 0, "shifting the group changes no derivative", sizes=SMALL[:2]),
        ),
    ),
)
