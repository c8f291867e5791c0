"""Whether an observed array keeps what is expected of it, decided for the exact real result."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from normspec.spec.expectation import Expected
from normspec.spec.formats import Array
from normspec.spec.rows import widened

Verdict = Literal["kept", "broken", "vacuous"]

ROUNDED = 2.0**-51
"""What finding an error in float64 adds to it, relative to it."""


@dataclass(frozen=True)
class Comparison:
    """The worst element of an array against its tolerance.

    ratio is its error over its tolerance, 0 where nothing is off and infinite where the tolerance is 0 or what was
    observed is not finite. vacuous: no element has a finite tolerance, or the enclosure is too coarse to decide.
    demanded counts the elements with a finite tolerance.
    """

    verdict: Verdict
    index: tuple[int, ...] = ()
    observed: float = 0.0
    exact: float = 0.0
    tolerance: float = np.inf
    ratio: float = 0.0
    demanded: int = 0


def compare(observed: Array, expected: Expected) -> Comparison:
    """Return how an observed array stands to what is expected.

    Broken only if some error certainly exceeds its tolerance; kept only if none can. Raises ValueError for an array of
    another shape.
    """
    seen = widened(observed)
    if seen.shape != expected.high.shape:
        raise ValueError(f"observed.shape={seen.shape} against {expected.high.shape}: compare arrays of one shape")
    tolerance = expected.tolerance
    demanded = np.isfinite(tolerance)
    count = int(np.count_nonzero(demanded))
    if not count:
        return Comparison("vacuous")
    with np.errstate(all="ignore"):
        error, radius, ratio = errors_of(seen, expected, demanded)
        worst = int(np.argmax(ratio))
        kept = error + radius <= tolerance
        verdict: Verdict = "kept"
        if not kept.all() and not (kept | ~demanded).all():
            verdict = "broken" if (demanded & ~(error - radius <= tolerance)).any() else "vacuous"
    return Comparison(
        verdict,
        tuple(int(i) for i in np.unravel_index(worst, seen.shape)),
        float(seen.flat[worst]),
        float(expected.high.flat[worst]),
        float(tolerance.flat[worst]),
        float(ratio.flat[worst]),
        count,
    )


def errors_of(seen: Array, expected: Expected, demanded: Array) -> tuple[Array, Array, Array]:
    """Return distances from the enclosure's middle, radii with the distances' rounding, ratios to tolerances."""
    error = np.abs((seen - expected.high) - expected.low)
    if np.isfinite(error).all() and expected.tolerance.all():
        finite, ratio = error, error / expected.tolerance
    else:
        copied = (expected.tolerance == 0) & ((seen == expected.high) | (np.isnan(seen) & np.isnan(expected.high)))
        error = np.where(np.isfinite(seen), error, np.where(copied, 0.0, np.inf))
        finite = np.where(np.isfinite(error), error, 0.0)
        ratio = np.where(error > 0, error / expected.tolerance, 0.0)
    return error, expected.radius + ROUNDED * finite, np.where(demanded, ratio, -1.0)
