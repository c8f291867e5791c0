"""The shared-scalar test: one mean and one rstd a group must explain all of the group's errors at once.

Within a group, the error of y is a combination of the contract's shared symbols, each in [-1, 1], and of an elementwise
part. Whether symbols exist that explain what was observed is a linear program. It is stronger than the tolerance, which
lets every element err on its own. SciPy is needed by this module alone, for the groups that need a program.
"""

from collections.abc import Sequence

import numpy as np

from normspec.spec.expectation import Expected
from normspec.spec.formats import Array
from normspec.spec.forms import forms_of
from normspec.spec.implied import parts_of
from normspec.spec.question import Question
from normspec.spec.rows import widened

ROUNDED = 1 + 2.0**-30
"""What float64 makes of a bound that is a sum of some thousand terms: an excess within it is not called broken."""


def excess_alone(observed: Array, expected: Expected) -> float:
    """Return the greatest error of y over what an element may be off on its own; infinite where that is not known.

    Up to 1, nothing shared needs to explain it.
    """
    if expected.own is None or not np.all(np.isfinite(expected.own) & (expected.own > 0)):
        return np.inf
    error = np.abs((widened(observed) - expected.high) - expected.low) + expected.radius
    return float(np.max(error / expected.own))


def excesses(question: Question, observed: Array) -> Array:
    """Return how well shared errors explain y, as it was observed, for each group; NaN where nothing is demanded.

    An excess is a lower bound of the least factor by which all limits must grow together to explain every element: up
    to `ROUNDED` the contract may have been kept. question is a forward step that normalizes with the group's own
    statistics. A group is explained if it is by one of the contract's forms: the others are tried where the first, the
    centred one, is not enough.
    """
    found = _excesses(question, observed, 0)
    for way in range(1, len(forms_of(question))):
        if not np.any(found > ROUNDED):
            break
        found = np.minimum(found, _excesses(question, observed, way))
    return found


def _excesses(question: Question, observed: Array, way: int) -> Array:
    parts = parts_of(question, observed, way)
    error, limit = parts.errors, parts.own
    judged = np.all(np.isfinite(error) & np.isfinite(limit) & (limit > 0), axis=1)
    with np.errstate(all="ignore"):
        found = np.where(judged, np.max(np.abs(error) / limit, axis=1), np.nan)  # with nothing shared at all
    for row in np.flatnonzero(found > 1):
        found[row] = _solved(error[row], limit[row], [symbol[row] for symbol in parts.shared.values()])
    return found


def _solved(error: Array, limit: Array, symbols: Sequence[Array]) -> float:
    """Return a lower bound of the least t for which some s has |error - C s| <= t limit and |s| <= t.

    Where least squares explain the errors within the limits, their t is returned: no program needs to be solved.
    """
    shared, k = np.stack(symbols, axis=1), len(symbols)
    scaled, target = shared / limit[:, None], error / limit
    guess, *_ = np.linalg.lstsq(scaled, target)
    enough = max(np.max(np.abs(target - scaled @ guess)), np.max(np.abs(guess), initial=0.0))
    return float(enough) if enough <= 1 else _programmed(scaled, target, k)


def _programmed(scaled: Array, target: Array, k: int) -> float:
    from scipy.optimize import linprog  # which takes a while to import

    left = np.concatenate([scaled, -scaled, np.eye(k), -np.eye(k)])
    left = np.hstack([left, -np.ones((len(left), 1))])
    right, cost = np.concatenate([target, -target, np.zeros(2 * k)]), np.append(np.zeros(k), 1.0)
    solution = linprog(cost, A_ub=left, b_ub=right, bounds=(None, None), method="highs")
    if solution.status != 0:  # far out of range the solver gives up, and shows nothing: 0 is a lower bound
        return 0.0
    return _certain(left, right, cost, solution.ineqlin.marginals)


def _certain(left: Array, right: Array, cost: Array, marginals: Array) -> float:
    """Return a lower bound of the least t that holds however well the program was solved, by weak duality.

    For weights w >= 0 and the residual r = cost + left^T w, every feasible (s, t) has t >= -right w + r (s, t), and no
    part of (s, t) is larger than t.
    """
    weights = np.maximum(-marginals, 0.0)
    residual = cost + left.T @ weights
    return float(-(right @ weights) / (1 + np.sum(np.abs(residual))))
