"""The shared-scalar test: one mean and one rstd a group must explain all of the group's errors at once.

Within a group, the error of y is a combination of the contract's shared symbols, each in [-1, 1], and of an elementwise
part. Whether symbols exist that explain what was observed is a linear program; its solution measures the statistics
that a black box used, from y alone. It is stronger than the tolerance, which lets every element err on its own.
SciPy is needed by this module alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from normspec.spec.formats import Array
from normspec.spec.forms import forms_of
from normspec.spec.implied import parts_of
from normspec.spec.question import Question

ROUNDED = 1 + 2.0**-30
"""What float64 makes of a bound that is a sum of some thousand terms: an excess within it is not called broken."""


@dataclass(frozen=True)
class Explained:
    """How well shared errors explain one group.

    excess is a lower bound of the least factor by which all limits must grow together to explain every element: 1 or
    less where the contract may have been kept. mean_error and rstd_error are what the best explanation says of the
    statistics used: the mean's error in units of u A, where A is the mean magnitude; rstd's relative error in units of
    u, the accumulator's.
    """

    excess: float
    mean_error: float
    rstd_error: float

    @property
    def kept(self) -> bool:
        """Return whether the contract may have been kept."""
        return self.excess <= ROUNDED


def explain(question: Question, observed: Array) -> list[Explained | None]:
    """Return how shared errors explain y, as it was observed, for each group; None where nothing is demanded.

    question is a forward step that normalizes with the group's own statistics. A group is explained if it is by one of
    the contract's forms: the others are tried where the first, the centred one, is not enough.
    """
    found = _explained(question, observed, 0)
    for way in range(1, len(forms_of(question))):
        if all(group is None or group.kept for group in found):
            break
        pairs = zip(found, _explained(question, observed, way), strict=True)
        found = [None if a is None or b is None else min(a, b, key=lambda each: each.excess) for a, b in pairs]
    return found


def _explained(question: Question, observed: Array, way: int) -> list[Explained | None]:
    parts = parts_of(question, observed, way)
    unit = question.contract.accumulator.unit_roundoff
    found: list[Explained | None] = []
    for row, (error, limit) in enumerate(zip(parts.errors, parts.own, strict=True)):
        if not (np.all(np.isfinite(limit)) and np.all(limit > 0) and np.all(np.isfinite(error))):
            found.append(None)
            continue
        excess, shared = _solved(error, limit, [symbol[row] for symbol in parts.shared.values()])
        (shift, stretch), *_ = np.linalg.lstsq(np.stack([parts.gamma[row], parts.slopes[row]], axis=1), shared)
        found.append(Explained(excess, float(-shift / parts.scale[row, 0]), float(stretch / unit)))
    return found


def _solved(error: Array, limit: Array, symbols: Sequence[Array]) -> tuple[float, Array]:
    """Return a lower bound of the least t, and the shared part C s, with |error - C s| <= t limit and |s| <= t.

    Where least squares explain the errors within the limits, their t is returned: no program needs to be solved.
    """
    shared, k = np.stack(symbols, axis=1), len(symbols)
    scaled, target = shared / limit[:, None], error / limit
    guess, *_ = np.linalg.lstsq(scaled, target)
    enough = max(np.max(np.abs(target - scaled @ guess)), np.max(np.abs(guess), initial=0.0))
    if enough <= 1:
        return float(enough), np.asarray(shared @ guess)
    left = np.concatenate([scaled, -scaled, np.eye(k), -np.eye(k)])
    left = np.hstack([left, -np.ones((len(left), 1))])
    right, cost = np.concatenate([target, -target, np.zeros(2 * k)]), np.append(np.zeros(k), 1.0)
    solution = linprog(cost, A_ub=left, b_ub=right, bounds=(None, None), method="highs")
    if solution.status != 0:  # far out of range the solver gives up, and shows nothing: 0 is a lower bound
        return 0.0, np.asarray(shared @ guess)
    return _certain(left, right, cost, solution.ineqlin.marginals), np.asarray(shared @ solution.x[:-1])


def _certain(left: Array, right: Array, cost: Array, marginals: Array) -> float:
    """Return a lower bound of the least t that holds however well the program was solved, by weak duality.

    For weights w >= 0 and the residual r = cost + left^T w, every feasible (s, t) has t >= -right w + r (s, t), and no
    part of (s, t) is larger than t.
    """
    weights = np.maximum(-marginals, 0.0)
    residual = cost + left.T @ weights
    return float(-(right @ weights) / (1 + np.sum(np.abs(residual))))
