"""Gradients where a norm is clamped to epsilon from below: what is asked, and what denies each way to go on there.

The norm of x is a quarter of epsilon, and x has one element: dx of the others is the same whichever way, and that of
this one a known part of what it is where the divisor counts as a constant.
"""

from collections.abc import Iterator

import numpy as np

from normspec.properties.cases.shapes import Extent
from normspec.properties.identification.cases import asked, built
from normspec.properties.identification.denials import Test, Tried, denied, failed
from normspec.properties.laws.judging import wide
from normspec.spec.case import Case
from normspec.spec.expectation import Expected

SMOOTH = ("l2_normalize", "cosine_similarity")  # the other norms have no gradient where elements are 0
SHARE = 2.0**-2  # of epsilon that is the norm of x
ROUNDED = 2.0**-50  # a product of float64 numbers is no further off, relative to it


def _short(extent: Extent, share: float) -> Iterator[Case]:
    """Yield a backward of vectors whose one element is this share of epsilon, the others 0."""
    epsilon = float(extent.claims.fixed.get("epsilon", 1.0))
    for geometry in asked(extent) if extent.operation.name in SMOOTH and epsilon else ():
        groups = extent.operation.groups(geometry.shape, geometry.attributes)
        rows = np.zeros((groups.parts, groups.members))
        rows[:, 0] = share * epsilon
        case = built(extent, geometry, groups.join(rows), epsilon, back=True)
        if case is not None and case.script[-1].verb == "backward":
            yield case


def short_vectors(extent: Extent) -> Iterator[Case]:
    """Yield a backward of vectors shorter than epsilon."""
    return _short(extent, SHARE)


def zero_vectors(extent: Extent) -> Iterator[Case]:
    """Yield a backward of vectors of zeros."""
    return _short(extent, 0.0)


def gradient_times(factor: float, others: float = 1.0) -> Test:
    """Return the test that denies a dx that is not so many times what it is where the divisor is a constant.

    factor is that of the element of x that is not 0.
    """

    def denial(tried: Tried) -> str:
        if why := failed(tried):
            return why
        trial = tried.trial
        constant = trial.expected(1)["dx"]
        factors = np.where(wide(trial.case.script[0].input) != 0, factor, others)
        high = factors * constant.high
        radius = np.abs(factors) * constant.radius + ROUNDED * np.abs(high)
        return denied("dx", trial.steps[1]["dx"], [Expected(high, 0 * high, radius, constant.tolerance)])

    return denial


def gradient_a_number(tried: Tried) -> str:
    """Return what denies that dx is NaN: that some element is a number."""
    if why := failed(tried):
        return why
    values = wide(tried.trial.steps[1]["dx"])
    return "" if np.isnan(values).any() else f"dx is {values.reshape(-1)[:4].tolist()}, not NaN"
