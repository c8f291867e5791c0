"""The table of rounding bounds to print: which side of which claim of the rounding chapter is which function."""

from __future__ import annotations

from sympy import sqrt

from normspec.derivations.language import define, positive, substitute
from normspec.derivations.printing import Formula
from normspec.derivations.quantities import m, v
from normspec.derivations.readback import closed
from normspec.derivations.recurrences import ANY_ORDER, ERROR, LOST, TREE, lost, reach
from normspec.derivations.rounding import D, change, d, growth, k, kappa, w
from normspec.derivations.sides import left, right

NAMES = {
    "mu": "mean",
    "D": "mean_error",
    "rho": "rstd_error",
    "r": "rstd",
    "w": "square",
    "u": "unit",
    "T": "growth",
    "E": "unit",
    "A": "other",
    "B": "projection_error",
    "F": "f",
    "g": "g",
    "c": "centred",
    "r_0": "old",
    "M": "new",
    "a_n": "weight",
    "kappa": "slack",
    "Delta": "moved",
    "rho_3": "cubed",
    "y": "y",
}
above, below = positive("above"), positive("below")
factor = right("rounding-rstd", 0) * sqrt(w)
highest = substitute(factor, {change: -below})
lowest = substitute(factor, {change: above, kappa: 1 / (1 + kappa) - 1})
variance_above = closed(substitute(right("rounding-variance", 1), {d: D}) - v, keep=[v])
variance_below = closed(v - left("rounding-variance", 2), keep=[v])
MERGES = {"M": "squares", "Q": "raw", "D": "reach", "E": "underflow", "T": "growth"}
reached = substitute(reach, {lost: define("lost", LOST)})
SHARED = ("mean", "rstd", "mean_error", "rstd_error")


ROUNDING = (
    Formula("growth", ("k", "unit"), "What k roundings of a unit come to.", {"growth": growth(k)}, ("rounding-growth",),
            names=NAMES),
    Formula("mean", ("S", "x", "m", "growth"), "The error of the mean, before it is stored.",
            {"mean_error": right("rounding-mean")}, ("rounding-mean",), names=NAMES),
    Formula("variance", ("variance", "mean_error", "growth"), "How far a two-pass variance lies above or below.",
            {"above": variance_above, "below": variance_below}, ("rounding-variance",), names=NAMES),
    Formula("one_pass", ("S", "x", "mean", "m", "mean_error", "growth", "unit"), "The error of a one-pass variance.",
            {"variance_error": right("rounding-one-pass")}, ("rounding-one-pass",), names=NAMES),
    Formula("merge_underflow", ("m", "h", "growth", "underflow"),
            "What merges h deep lose to underflow, in m times the mean and in the sum of squared deviations.",
            {"mean_lost": LOST * m, "squares_lost": 2 * LOST * m}, ("rounding-merge-underflow",), names=MERGES),
    Formula("reach_any_order", ("S", "raw", "m", "h", "growth", "underflow"),
            "D for merges in any order, h = m - 1 deep at the most; raw is the sum of the squared data.",
            {"reach": sqrt(define("part", ANY_ORDER)) * reached},
            ("rounding-merge-any-order", "rounding-merge-element"), names=MERGES),
    Formula("reach_tree", ("S", "raw", "m", "h", "growth", "underflow"), "D for merges in a tree of height h.",
            {"reach": sqrt(define("part", TREE)) * reached},
            ("rounding-merge-height", "rounding-merge-element"), names=MERGES),
    Formula("merges", ("S", "squares", "reach", "growth"),
            "What the errors of the means make of a sum of squared deviations; reach is D.",
            {"squares_error": ERROR}, ("rounding-merge",), names=MERGES),
    Formula("rstd", ("S", "square", "above", "below", "slack"),
            "The relative error of rstd for the square variance + epsilon: the larger of the two, each way.",
            {"high": highest - 1, "low": 1 - lowest}, ("rounding-rstd",), names=NAMES),
    Formula("y", ("S", "x", "gamma", "beta", *SHARED, "growth", "unit"), "The error of y, before it is stored.",
            {"y_error": right("rounding-y")}, ("rounding-y",), names=NAMES),
    Formula("y_folded", ("S", "x", "gamma", "beta", *SHARED, "growth", "other", "unit"),
            "The same where gamma and beta are folded; other bounds the roundings of the shift.",
            {"y_error": right("rounding-y-folded")}, ("rounding-y-folded",), names=NAMES),
    Formula("projection", ("S", "x", "g", "mean", "m", "mean_error", "growth"), "The error of mean(g * (x - mean)).",
            {"projection_error": right("rounding-projection")}, ("rounding-projection",), names=NAMES),
    Formula("dx", ("S", "x", "g", "gbar", "q", *SHARED, "gbar_error", "projection_error", "growth"),
            "The error of dx, before it is stored, by statistics and sums, and by its own roundings; gbar = mean(g).",
            {"shared_error": right("rounding-dx", 1), "own_error": right("rounding-dx", 3)}, ("rounding-dx",),
            names=NAMES | {"A": "gbar_error"}),
    Formula("dgamma", ("S", "g", "xhat", "f", "growth"), "The error of dgamma; f is that of xhat, g the cotangent.",
            {"dgamma_error": right("rounding-parameters", 1)}, ("rounding-parameters",), names=NAMES, block=True),
    Formula("dbeta", ("S", "g", "growth"), "The error of dbeta.",
            {"dbeta_error": right("rounding-parameters", 2)}, ("rounding-parameters",), names=NAMES, block=True),
    Formula("blend", ("S", "old", "new", "weight", "mean_error", "growth", "unit"),
            "The error of a running statistic; mean_error is that of the new one.",
            {"running_error": right("rounding-blend")}, ("rounding-blend",), names=NAMES),
    Formula("store", ("S", "y", "y_error", "unit", "underflow"),
            "The error of a stored result that was off by y_error; underflow is half a subnormal.",
            {"stored_error": right("rounding-store")}, ("rounding-store",),
            names=NAMES | {"A": "y_error", "B": "underflow"}),
)  # fmt: skip
