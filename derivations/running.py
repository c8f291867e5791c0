"""Running statistics: one step and t steps of the moving average, in both momentum conventions.

M[k] is the statistic of batch k. The weight of the old value is q; some frameworks name that of the new, a = 1 - q.
"""

from typing import Any

from sympy import Expr

from normspec.derivations.deriving import derived
from normspec.derivations.expect import expected, variance_of
from normspec.derivations.language import Index, Vector, define, natural, scalar, total
from normspec.derivations.proof import Chapter, Equation, Induction, Witness, chain, claim
from normspec.derivations.readback import Chart
from normspec.derivations.schemes import Independent, theta

t = natural("t")
q, a, r, r_0, new = (scalar(name) for name in ("q", "a", "r", "r_0", "M"))
M = Vector("M")
old = define("q", 1 - a)
batches = Independent(M.head, t)
R = Vector("r")
STEPS = ({"t": 1}, {"t": 2}, {"t": 3}, {"t": 4})


def moving(t: Any, q: Any = q) -> Expr:
    """Weigh the statistics of t batches by the powers of q."""
    k = Index("k", t)
    return q**t * r_0 + (1 - q) * total(q ** (t - k) * M[k], k)


def geometric(t: Any) -> Expr:
    """Sum the weights, but for the factor 1 - q."""
    k = Index("k", t)
    return total(q ** (t - k), k)


def geometric_squared(t: Any) -> Expr:
    """Sum the squared weights, but for the factor (1 - q)**2."""
    k = Index("k", t)
    return total(q ** (2 * t - 2 * k), k)


def cumulative(t: Any) -> Expr:
    """Average the statistics of t batches."""
    k = Index("k", t)
    return total(M[k], k) / t


weights = Induction(
    geometric, lambda t: (1 - q**t) / (1 - q), 0 * q, lambda w, t: q * w + 1, t, "the geometric series", sizes=STEPS
)
squares = Induction(
    geometric_squared,
    lambda t: (1 - q ** (2 * t)) / (1 - q**2),
    0 * q,
    lambda w, t: q**2 * w + 1,
    t,
    "the geometric series of q²",
    sizes=STEPS,
)

CHAPTER = Chapter(
    "running",
    "Running statistics",
    (
        claim(
            "running-step",
            "One step: the old value moves towards the batch's by the weight of the new one.",
            chain(
                r + a * (new - r),
                ((1 - a) * r + a * new, "momentum weighs the new value"),
                (old * r + (1 - old) * new, "momentum q = 1 − a"),
                (old * r + a * new, "two weights that sum to one"),
            ),
        ),
        claim(
            "running-steps",
            "After t steps the batches are weighed by powers of q, the weight of the old value; q = 1 − a.",
            Induction(
                lambda t: R[t], moving, r_0, lambda value, t: q * value + (1 - q) * M[t + 1], t, "q weighs the old"
            ),
            Induction(
                lambda t: R[t],
                lambda t: moving(t, 1 - a),
                r_0,
                lambda value, t: value + a * (M[t + 1] - value),
                t,
                "a = 1 − q weighs the new",
            ),
        ),
        claim(
            "running-expectation",
            "With independent batches of mean θ, the average forgets its start geometrically.",
            weights,
            derived(
                expected(moving(t), batches),
                "linearity, and the geometric series",
                Chart({}, (weights.rule,)),
                by=[r_0, theta],
                sizes=STEPS,
                given=(weights,),
            ),
        ),
        claim(
            "running-variance",
            "Its variance settles at (1 − q)/(1 + q) of one batch's.",
            squares,
            derived(
                variance_of(moving(t), batches),
                "independent batches, and the geometric series of q²",
                Chart({}, (squares.rule,)),
                sizes=STEPS,
                given=(squares,),
            ),
        ),
        claim(
            "initial-bias",
            "The initial value biases the average by qᵗ; an average from zero, divided by 1 − qᵗ, is unbiased.",
            derived(
                expected(moving(t), batches) - theta,
                "what is left of the start",
                Chart({}, (weights.rule,)),
                sizes=STEPS,
                given=(weights,),
            ),
            Equation(
                expected((moving(t) - q**t * r_0) / (1 - q**t), batches),
                theta,
                "zero-debiased",
                sizes=STEPS,
                given=(weights,),
            ),
        ),
        claim(
            "debiased-step",
            "Divided by 1 − qᵗ, the average moves by the weight (1 − q)/(1 − qᵗ): wholly in the first step, t = 1.",
            Equation(
                (q * (1 - q**t) * r + (1 - q) * new) / (1 - q ** (t + 1)),
                r + (1 - q) / (1 - q ** (t + 1)) * (new - r),
                "r(1 − qᵗ) is the average from zero, before",
            ),
        ),
        claim(
            "cumulative-average",
            "With weight 1/(t + 1) for the next batch, the average is that of all batches (momentum none).",
            Induction(
                lambda t: R[t],
                cumulative,
                M[1],
                lambda value, t: value + (M[t + 1] - value) / (t + 1),
                t,
                "each batch weighs the same",
                start=1,
            ),
        ),
        claim(
            "momentum-swap",
            "Reading one convention's momentum as the other's gives another average.",
            Witness(q * r + (1 - q) * new, (1 - q) * r + q * new, "0.9 read as 0.1", {}, {"q": "9/10", "r": 0, "M": 1}),
        ),
    ),
)
