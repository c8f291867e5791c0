"""The functions of the oracles beside the family's: which claim is printed under which name."""

from collections.abc import Mapping
from typing import Any

from normspec.derivations import cosine, folding, lp_norm, renormalize, scaling
from normspec.derivations.family_functions import PARAMETERS
from normspec.derivations.language import Definition, scalar, substitute
from normspec.derivations.printing import Formula
from normspec.derivations.quantities import i, j, mu, v
from normspec.derivations.sides import left, right

L1, MAX = {"a": "magnitude", "s": "sign", "r": "length"}, {"r": "largest", "o": "signed"}
LP_ONE = (
    Formula("forward", ("S", "x", "magnitude"), "x over the sum of its magnitudes.", {"y": right("l1-y", 0)}, ("l1-y",),
            names=L1),
    Formula("backward", ("S", "x", "dy", "magnitude", "sign"), "The cotangent of x, where no element is zero.",
            {"dx": right("l1-dx", 0)}, ("l1-dx",), names=L1),
)  # fmt: skip
LP_MAX = (
    Formula("forward", ("S", "x", "largest"), "x over its greatest magnitude, which is given.",
            {"y": right("max-norm", 1)}, ("max-norm",), names=MAX),
    Formula("backward", ("S", "x", "dy", "largest", "signed"),
            "The cotangent of x; signed has the sign of the greatest magnitude at its place, and 0 elsewhere.",
            {"dx": right("max-dx", 0)}, ("max-dx",), names=MAX),
)  # fmt: skip
CLAMPED = (
    Formula("forward", ("S", "x", "epsilon"), "x over epsilon, where that is above the norm.",
            {"y": lp_norm.clamped[j].body}, ("clamped",)),
    Formula("backward", ("S", "dy", "epsilon"), "The cotangent of x there.", {"dx": right("clamped", 0)}, ("clamped",)),
)  # fmt: skip

G = scalar("g")
SIDES = {"e": "x_direction", "f": "w_direction", "r_x": "x_length", "r_w": "w_length", "cos": "cosine", "w": "w"}


def cosines(suffix: str, pair: cosine.Pair, name: str) -> tuple[Formula, ...]:
    """Table the functions of one way of clamping."""
    clamped = bool(suffix)
    vectors = ("S", "x", "w") + ("epsilon",) * clamped
    given = ("S", "x", "dy", "w") + ("epsilon",) * clamped
    claims = (name,) if clamped else ("cosine-dx", "cosine-dw")
    firsts = (right(name, 1), right(name, 3)) if clamped else (right("cosine-dx", 0), right("cosine-dw", 0))
    others = (right(name, 2), right(name, 4)) if clamped else (right("cosine-dx"), right("cosine-dw"))
    of = "" if not clamped else f", with {suffix[1:].replace('_', ' ')}"
    y = ("cosine-y",) if not clamped else (name,)
    directions = left(name, 0) if clamped else right("cosine-y", 0)
    return (
        Formula(f"forward{suffix}", vectors, f"The cosine of x and w{of}: of directions.", {"y": directions}, y,
                names=SIDES),
        Formula(f"forward_divided{suffix}", vectors, f"The cosine of x and w{of}: the product over the norms.",
                {"y": pair.cos.body}, y, names=SIDES),
        Formula(f"backward{suffix}", given, f"The cotangents of x and w{of}, by directions.",
                {"dx": G * firsts[0], "dw": G * firsts[1]}, claims, names=SIDES),
        Formula(f"backward_divided{suffix}", given, f"The cotangents of x and w{of}, by the cosine.",
                {"dx": G * others[0], "dw": G * others[1]}, claims, names=SIDES),
    )  # fmt: skip


COSINE = (
    *cosines("", cosine.free, "cosine-y"),
    Formula("forward_one_root", ("S", "x", "w"), "The same cosine with one root for both norms.",
            {"y": right("cosine-y")}, ("cosine-y",), names=SIDES),
    *cosines("_x_clamped", cosine.x_clamped, "cosine-x-clamped"),
    *cosines("_w_clamped", cosine.w_clamped, "cosine-w-clamped"),
    *cosines("_both_clamped", cosine.both_clamped, "cosine-both-clamped"),
)  # fmt: skip

STYLE = {
    "s": "style",
    "mu_s": "style_mean",
    "v_s": "style_variance",
    "sigma_s": "style_deviation",
    "xhat_s": "style_xhat",
    "b": "shift",
    "f": "scaled",
}
STYLED = ("S", "x", "style", "epsilon", "m", "n")
ADAIN = (
    Formula("forward", STYLED, "The content with the style's mean and deviation.",
            {"y": scaling.adain[j].body}, ("adain",), names=STYLE),
    Formula("forward_folded", STYLED, "The same as one multiplication and one addition.",
            {"y": left("adain-y")}, ("adain-y",), names=STYLE),
    Formula("backward", ("S", "x", "dy", "style", "epsilon", "m", "n"), "The cotangents of content and style.",
            {"dx": right("adain-dx"), "dstyle": right("adain-dstyle")}, ("adain-dx", "adain-dstyle"), names=STYLE),
    Formula("backward_scaled", ("S", "x", "dy", "style", "epsilon", "m", "n"), "The same dx, the style in dy first.",
            {"dx": right("adain-dx-scaled")}, ("adain-dx-scaled",), names=STYLE),
)  # fmt: skip

RANGE = {"r": "span", "p": "at_low", "q": "at_high", "y": "scaled", "A": "below", "B": "above"}
MIN_MAX = (
    Formula("forward", ("S", "x", "low", "high", "gamma", "beta"), "x from its own range to beta, beta + gamma.",
            {"y": right("min-max-y")}, ("min-max-y",), names=RANGE),
    Formula("forward_folded", ("S", "x", "low", "high", "gamma", "beta"), "The same as one product and one sum.",
            {"y": left("min-max-y")}, ("min-max-y",), names=RANGE),
    Formula("backward", ("S", "x", "dy", "low", "high", "at_low", "at_high", "gamma"),
            "The cotangents; at_low and at_high are 1 where x is least and greatest, each at one place, and else 0.",
            {"dx": right("min-max-dx"), **PARAMETERS}, ("min-max-dx", "dgamma", "dbeta"), {"xhat": scaling.y}, RANGE),
    Formula("backward_gathered", ("S", "x", "dy", "low", "high", "at_low", "at_high", "gamma"),
            "The same dx for a gamma that is constant in each group, and comes last.",
            {"dx": right("min-max-dx-gathered")}, ("min-max-dx-gathered",), names=RANGE),
)  # fmt: skip

CORRECTED = {
    "mu": "batch_mean",
    "v": "batch_variance",
    "sigma": "batch_deviation",
    "1/sigma": "batch_rstd",
    "r": "r",
    "d": "shift",
    "z": "corrected",
    "f": "scaled",
}
R, SHIFT = {renormalize.r: renormalize.ratio}, {renormalize.d: renormalize.distance}


def renormalized(suffix: str, given: tuple[str, ...], free: Mapping[Any, Any]) -> tuple[Formula, ...]:
    """Table the functions of one way of clipping: what is clipped is given, the rest computed."""
    statistics = ("mean", "variance") if SHIFT.items() <= free.items() else ("variance",) if free else ()
    corrected = Definition("z", substitute(renormalize.corrected.body, free), i)
    rest = (*statistics, *given, "epsilon", "m")
    of = f", {' and '.join(given)} given" if given else ""
    return (
        Formula(f"forward{suffix}", ("S", "x", "gamma", "beta", *rest), f"The layer in training{of}.",
                {"y": substitute(renormalize.Y, free), "mean": mu, "variance": v},
                ("batch-renorm", "mean", "biased-variance"), names=CORRECTED),
        Formula(f"backward{suffix}", ("S", "x", "dy", "gamma", *rest), f"The cotangents of x, gamma and beta{of}.",
                {"dx": substitute(right("batch-renorm-dx"), free), **PARAMETERS},
                ("batch-renorm-dx", "batch-renorm-dgamma", "dgamma", "dbeta"), {"xhat": corrected}, CORRECTED),
        Formula(f"backward_scaled{suffix}", ("S", "x", "dy", "gamma", *rest), f"The same dx, r in dy first{of}.",
                {"dx": substitute(right("batch-renorm-dx-scaled"), free)}, ("batch-renorm-dx-scaled",),
                names=CORRECTED),
    )  # fmt: skip


RENORMALIZE = (
    *renormalized("", (), {**R, **SHIFT}),
    *renormalized("_r_clipped", ("r",), SHIFT),
    *renormalized("_shift_clipped", ("shift",), R),
    *renormalized("_both_clipped", ("r", "shift"), {}),
)

LAYER = {"W": "weight", "b": "bias"}
FOLD = ("S", "weight", "bias", "gamma", "beta", "mean", "variance", "epsilon")
FOLDING = (
    Formula("fold", FOLD, "Weight and bias of the layer that does both: rows of weight are output channels.",
            {"weight": folding.weight_after.body, "bias": folding.bias_after.body}, ("fold-after",), names=LAYER),
    Formula("fold_apart", FOLD, "The same bias, scaled and shifted.", {"bias": right("fold-after", 1)}, ("fold-after",),
            names=LAYER),
)  # fmt: skip
