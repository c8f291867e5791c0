"""The functions of the family's oracles: which claim is printed under which name.

Where a function takes the divisor d it holds for every divisor; a training function without it holds for d = m.
"""

from typing import Any

from sympy import Expr

from normspec.derivations import affine, double_backward, family, merging, orders
from normspec.derivations.language import Defined, Definition
from normspec.derivations.printing import Formula
from normspec.derivations.quantities import mu, xhat_r
from normspec.derivations.sides import left, right


class Opened:
    """The entries of a named array as what they stand for, so that a product goes through them."""

    def __init__(self, array: Definition) -> None:
        self.array = array

    def __getitem__(self, at: Any) -> Expr:
        return self.array[at].body


def apart(expr: Expr) -> Expr:
    """Take the deviation after the division, wherever xhat stands."""
    return expr.replace(
        lambda part: isinstance(part, Defined) and part.name == "xhat", lambda part: orders.xhat_apart[part.index[0]]
    )


PARAMETERS = {"dgamma": right("dgamma"), "dbeta": right("dbeta")}
WHOLE_TRAINING, WHOLE_BACKWARD = ("S", "x", "gamma", "beta", "epsilon", "m"), ("S", "x", "dy", "gamma", "epsilon", "m")
TRAINING, BACKWARD = (*WHOLE_TRAINING, "d"), (*WHOLE_BACKWARD, "d")
INFERENCE = ("S", "x", "gamma", "beta", "mean", "variance", "epsilon")
INFERENCE_BACKWARD = ("S", "x", "dy", "gamma", "mean", "variance", "epsilon")
SECOND = ("S", "x", "dy", "gamma", "u", "epsilon", "m", "d")
TANGENTS = ("S", "x", "gamma", "u", "u_gamma", "u_beta", "epsilon", "m", "d")
INFERENCE_TANGENTS = ("S", "x", "gamma", "u", "u_gamma", "u_beta", "mean", "variance", "epsilon")
STATISTICS = {"mean": mu, "variance": family.centred.v}
TANGENT = {"t": "tangent", "P": "p", "Q": "q", "A": "own"}
PROJECTED = {"c": "centred", **TANGENT}
POOL = ("S", "count", "old_mean", "old_variance", "m", "mean", "variance")
POOLED = {"n": "count", "p": "m", "N": "whole", "mu_x": "old_mean", "mu_y": "mean", "v_x": "old_variance",
          "v_y": "variance"}  # fmt: skip
SQUARE = {"mean_square": family.uncentred.v}

NORMALIZE = (
    Formula("statistics", ("S", "x", "m", "d"), "Mean and variance of each group; biased for d = m.", STATISTICS,
            ("mean", "family-statistics")),
    Formula("forward", TRAINING, "The layer in training: y, with the statistics of the group itself.",
            {"y": right("family-y", 0), **STATISTICS}, ("family-y", "mean", "family-statistics")),
    Formula("forward_apart", TRAINING, "The same y as a difference of quotients.",
            {"y": right("family-y")}, ("family-y",)),
    Formula("forward_folded", TRAINING, "The same y as one multiplication and one addition.",
            {"y": left("family-y-folded"), **STATISTICS}, ("family-y-folded",)),
    Formula("forward_one_pass", WHOLE_TRAINING,
            "The same y by the variance E[x²] - E[x]², which cancels in floating point.",
            {"y": left("one-pass-output"), "mean": mu, "variance": affine.single.v}, ("one-pass-output",)),
    Formula("forward_one_pass_folded", WHOLE_TRAINING, "That as one multiplication and one addition.",
            {"y": left("one-pass-folded"), "mean": mu, "variance": affine.single.v}, ("one-pass-folded",)),
    Formula("backward", BACKWARD, "The cotangents of x, gamma and beta for the layer in training.",
            {"dx": right("family-dx"), **PARAMETERS}, ("family-dx", "dgamma", "dbeta"),
            {"xhat": Opened(family.centred.xhat)}),
    Formula("backward_one_pass", WHOLE_BACKWARD, "The same with the variance E[x²] - E[x]².",
            {"dx": right("one-pass-dx", 1), "dgamma": right("dgamma")}, ("one-pass-dx", "dgamma", "one-pass-output"),
            {"xhat": Opened(affine.single.xhat)}),
    Formula("backward_one_pass_folded", WHOLE_BACKWARD, "That with dx as a combination, dgamma with a difference.",
            {"dx": right("one-pass-dx"), "dgamma": right("dgamma")}, ("one-pass-dx", "dgamma", "one-pass-folded"),
            {"xhat": Opened(orders.single_apart)}),
    Formula("backward_projected", BACKWARD, "The same for a gamma that is constant in each group: one projection.",
            {"dx": right("family-dx-projected"), "dgamma": right("family-dgamma-projected", 1)},
            ("family-dx-projected", "family-dgamma-projected"), names={"c": "centred"}),
    Formula("backward_folded", BACKWARD, "The same with dx as a combination of the cotangent, x and one.",
            {"dx": right("family-dx-folded")}, ("family-dx-folded",)),
    Formula("backward_summed", WHOLE_BACKWARD, "The same dx with sums for means.",
            {"dx": right("dx-summed", 0)}, ("dx-summed",)),
    Formula("backward_gathered", WHOLE_BACKWARD, "The same dx with sums for means, and what is common in front.",
            {"dx": right("dx-summed")}, ("dx-summed",)),
    Formula("backward_apart", BACKWARD, "The same dgamma with rstd and the mean out of the sum.",
            {"dgamma": right("family-dgamma-projected")}, ("family-dgamma-projected",)),
    Formula("backward_blocks_apart", BACKWARD, "The same dgamma with the deviation taken after the division.",
            {"dgamma": right("dgamma")}, ("dgamma", "family-y"), {"xhat": Opened(orders.xhat_apart)}),
    Formula("inference", INFERENCE, "The layer in inference: y, with given statistics.",
            {"y": right("inference-y", 0)}, ("inference-y",)),
    Formula("inference_apart", INFERENCE, "The same y as a difference of quotients.",
            {"y": right("inference-y")}, ("inference-y",)),
    Formula("inference_folded", INFERENCE, "The same y as one multiplication and one addition.",
            {"y": left("folded-inference")}, ("folded-inference",)),
    Formula("inference_backward", INFERENCE_BACKWARD, "The cotangents of x, gamma and beta for the layer in inference.",
            {"dx": right("inference-dx"), **PARAMETERS}, ("inference-dx", "dgamma", "dbeta"), {"xhat": Opened(xhat_r)}),
    Formula("inference_backward_apart", INFERENCE_BACKWARD, "The same dgamma with rstd and the mean out of the sum.",
            {"dgamma": right("inference-dgamma")}, ("inference-dgamma",)),
    Formula("blend", ("old", "new", "weight"), "One step of a running statistic; weight is that of the new value.",
            {"running": left("running-step", 0)}, ("running-step",)),
    Formula("blend_weighted", ("old", "new", "kept", "weight"), "The same as a weighted mean: kept + weight = 1.",
            {"running": right("running-step")}, ("running-step",), names={"q": "kept"}),
    Formula("double_backward", SECOND, "The cotangents of dy, x and gamma where u is the cotangent of dx.",
            {"ddy": right("double-backward-g"), "dx": right("double-backward-x"),
             "dgamma": right("double-backward-gamma")},
            ("double-backward-g", "double-backward-x", "double-backward-gamma"), {"t": double_backward.T}, TANGENT),
    Formula("double_backward_projected", SECOND, "The same dx with sums over the deviations.",
            {"dx": right("double-backward-x-projected")}, ("double-backward-x-projected",), names=PROJECTED),
    Formula("pool", POOL, "Count, mean and variance of count elements and m more together, from those of both parts.",
            {"count": merging.N, "mean": right("pooled-mean", 0), "variance": right("pooled-variance", 0)},
            ("pooled-mean", "pooled-variance"), names=POOLED),
    Formula("pool_weighted", POOL, "The same mean as a weighted one.", {"mean": right("pooled-mean", 1)},
            ("pooled-mean",), names=POOLED),
    Formula("double_backward_apart", SECOND, "The same with the deviation taken after the division.",
            {"ddy": apart(right("double-backward-g")), "dx": apart(right("double-backward-x")),
             "dgamma": apart(right("double-backward-gamma"))},
            ("double-backward-g", "double-backward-x", "double-backward-gamma", "family-y"),
            names=TANGENT),
    Formula("tangent_apart", TANGENTS, "The same as tangent, with the deviation taken after the division.",
            {"ty": apart(right("tangent-y"))}, ("tangent-y", "family-y"), names=TANGENT),
    Formula("tangent", TANGENTS, "How y follows in training where x, gamma and beta move along u, u_gamma and u_beta.",
            {"ty": right("tangent-y")}, ("tangent-y",),
            {"t": double_backward.T, "xhat": Opened(family.centred.xhat)}, TANGENT),
    Formula("inference_tangent", INFERENCE_TANGENTS, "The same in inference, with given statistics.",
            {"ty": right("inference-tangent-y")}, ("inference-tangent-y",), {"xhat": Opened(xhat_r)}),
    Formula("unbias", ("variance", "m"), "The unbiased variance from the biased one: m / (m - 1).",
            {"unbiased": left("bessel", 0).args[0]}, ("bessel",)),
)  # fmt: skip

RESCALE = (
    Formula("statistics", ("S", "x", "m", "d"), "Sum of squares of each group over d: the mean square for d = m.",
            SQUARE, ("family-statistics",)),
    Formula("forward", TRAINING, "The layer: y, with the square that it divides by.",
            {"y": right("rescale-y"), **SQUARE}, ("rescale-y", "family-statistics")),
    Formula("backward", BACKWARD, "The cotangents of x, gamma and beta.", {"dx": right("rescale-dx"), **PARAMETERS},
            ("rescale-dx", "dgamma", "dbeta"), {"xhat": Opened(family.uncentred.xhat)}),
    Formula("backward_projected", BACKWARD, "The same for a gamma that is constant in each group: one projection.",
            {"dx": right("rescale-dx-projected"), "dgamma": right("rescale-dgamma-projected")},
            ("rescale-dx-projected", "rescale-dgamma-projected")),
    Formula("backward_folded", BACKWARD, "The same with dx as a combination of the cotangent and x.",
            {"dx": right("rescale-dx-folded")}, ("rescale-dx-folded",)),
    Formula("backward_summed", BACKWARD, "The same dx with sums for quotients.",
            {"dx": right("rescale-dx-summed", 0)}, ("rescale-dx-summed",)),
    Formula("backward_gathered", BACKWARD, "The same dx with sums for quotients, and what is common in front.",
            {"dx": right("rescale-dx-summed")}, ("rescale-dx-summed",)),
    Formula("double_backward", SECOND, "The cotangents of dy, x and gamma where u is the cotangent of dx.",
            {"ddy": right("rescale-double-backward-g", 0), "dx": right("rescale-double-backward-x"),
             "dgamma": right("double-backward-gamma")},
            ("rescale-double-backward-g", "rescale-double-backward-x", "double-backward-gamma"),
            {"t": double_backward.T_BARE}, TANGENT),
    Formula("double_backward_projected", SECOND, "The same dx with sums over the elements.",
            {"dx": right("rescale-double-backward-x-projected")}, ("rescale-double-backward-x-projected",),
            names=PROJECTED),
    Formula("tangent", TANGENTS, "How y follows where x, gamma and beta move along u, u_gamma and u_beta.",
            {"ty": right("rescale-tangent-y")}, ("rescale-tangent-y",),
            {"t": double_backward.T_BARE, "xhat": Opened(family.uncentred.xhat)}, TANGENT),
)  # fmt: skip
