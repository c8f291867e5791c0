"""The functions of the oracles with epsilon outside the root: which claim is printed under which name."""

from normspec.derivations.family_functions import (
    BACKWARD,
    INFERENCE,
    INFERENCE_BACKWARD,
    PARAMETERS,
    SQUARE,
    STATISTICS,
    TRAINING,
    WHOLE_TRAINING,
    Opened,
)
from normspec.derivations.outside import bare, one_pass, outside, xhat_given
from normspec.derivations.printing import Formula
from normspec.derivations.quantities import mu
from normspec.derivations.sides import left, right

NAMES = {"s": "deviation", "t": "divisor", "u": "unit", "xhat_t": "xhat", "t_r": "divisor", "c": "centred"}
BARE = {"s_w": "root", "t_w": "divisor", "u_w": "unit", "xhat_w": "xhat"}
GIVEN = {"xhat": Opened(xhat_given)}

OUTSIDE = (
    Formula("forward", TRAINING, "The layer in training: y, with the statistics of the group itself.",
            {"y": right("outside-y", 0), **STATISTICS}, ("outside-y", "mean", "family-statistics"), names=NAMES),
    Formula("forward_apart", TRAINING, "The same y as a difference of quotients.",
            {"y": right("outside-y", 1)}, ("outside-y",), names=NAMES),
    Formula("forward_folded", TRAINING, "The same y as one multiplication and one addition.",
            {"y": right("outside-y", 2), **STATISTICS}, ("outside-y",), names=NAMES),
    Formula("forward_one_pass", WHOLE_TRAINING, "The same y by the variance E[x²] - E[x]².",
            {"y": left("outside-one-pass", 0), "mean": mu, "variance": one_pass}, ("outside-one-pass",), names=NAMES),
    Formula("forward_one_pass_folded", WHOLE_TRAINING, "That as one multiplication and one addition.",
            {"y": left("outside-one-pass"), "mean": mu, "variance": one_pass}, ("outside-one-pass",), names=NAMES),
    Formula("backward", BACKWARD, "The cotangents of x, gamma and beta for the layer in training.",
            {"dx": right("outside-dx"), **PARAMETERS}, ("outside-dx", "dgamma", "dbeta"),
            {"xhat": Opened(outside.xhat)}, NAMES),
    Formula("backward_still", BACKWARD, "The cotangent of x where the group has no spread.",
            {"dx": right("outside-dx-still")}, ("outside-dx-still",)),
    Formula("inference", INFERENCE, "The layer in inference: y, with given statistics.",
            {"y": right("outside-inference", 0)}, ("outside-inference",), names=NAMES),
    Formula("inference_apart", INFERENCE, "The same y as a difference of quotients.",
            {"y": right("outside-inference", 1)}, ("outside-inference",), names=NAMES),
    Formula("inference_folded", INFERENCE, "The same y as one multiplication and one addition.",
            {"y": right("outside-inference", 2)}, ("outside-inference",), names=NAMES),
    Formula("inference_backward", INFERENCE_BACKWARD, "The cotangents of x, gamma and beta for the layer in inference.",
            {"dx": right("outside-inference", 4), **PARAMETERS}, ("outside-inference", "dgamma", "dbeta"), GIVEN,
            NAMES),
)  # fmt: skip

OUTSIDE_RESCALE = (
    Formula("forward", TRAINING, "The layer: y, with the square whose root it divides by.",
            {"y": right("outside-rescale", 0), **SQUARE}, ("outside-rescale", "family-statistics"), names=BARE),
    Formula("backward", BACKWARD, "The cotangents of x, gamma and beta.",
            {"dx": right("outside-rescale-dx"), **PARAMETERS}, ("outside-rescale-dx", "dgamma", "dbeta"),
            {"xhat": Opened(bare.xhat)}, BARE),
    Formula("backward_still", BACKWARD, "The cotangent of x where the group is zero.",
            {"dx": right("outside-rescale-dx-still")}, ("outside-rescale-dx-still",)),
)  # fmt: skip
