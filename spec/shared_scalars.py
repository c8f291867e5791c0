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
from normspec.spec.implied import parts_of
from normspec.spec.question import Question

SOLVER_SLACK = 1e-6
"""HiGHS solves to 1e-7; what lies within that of the limit is not called broken."""


@dataclass(frozen=True)
class Explained:
    """How well shared errors explain one group.

    excess is the least factor by which all limits must grow together to explain every element: 1 or less where the
    contract may have been kept. mean_error and rstd_error are what the best explanation says of the statistics used:
    the mean's error in units of u A, where A is the mean magnitude; rstd's relative error in units of u, the
    accumulator's.
    """

    excess: float
    mean_error: float
    rstd_error: float

    @property
    def kept(self) -> bool:
        """Return whether the contract may have been kept."""
        return self.excess <= 1 + SOLVER_SLACK


def explain(question: Question, observed: Array) -> list[Explained | None]:
    """Return how shared errors explain y, as it was observed, for each group; None where nothing is demanded.

    question is a forward step that normalizes with the group's own statistics. The form is the contract's first, the
    centred one.
    """
    parts = parts_of(question, observed)
    unit = question.contract.accumulator.unit_roundoff
    found: list[Explained | None] = []
    for row, (error, limit) in enumerate(zip(parts.errors, parts.own, strict=True)):
        if not (np.all(np.isfinite(limit)) and np.all(np.isfinite(error))):
            found.append(None)
            continue
        excess, shared = _solved(error, limit, [symbol[row] for symbol in parts.shared.values()])
        (shift, stretch), *_ = np.linalg.lstsq(np.stack([parts.gamma[row], parts.slopes[row]], axis=1), shared)
        found.append(Explained(excess, float(-shift / parts.scale[row, 0]), float(stretch / unit)))
    return found


def _solved(error: Array, limit: Array, symbols: Sequence[Array]) -> tuple[float, Array]:
    """Return the least t, and the shared part C s, with |error - C s| <= t limit and |s| <= t."""
    shared, k = np.stack(symbols, axis=1), len(symbols)
    scaled, target = shared / limit[:, None], error / limit
    left = np.concatenate([scaled, -scaled, np.eye(k), -np.eye(k)])
    right = np.concatenate([target, -target, np.zeros(2 * k)])
    solution = linprog(
        np.append(np.zeros(k), 1.0),
        A_ub=np.hstack([left, -np.ones((len(left), 1))]),
        b_ub=right,
        bounds=(None, None),
        method="highs",
    )
    if solution.status != 0:
        raise RuntimeError(f"the linear program of {len(error)} elements was not solved: {solution.message}")
    return float(solution.x[-1]), np.asarray(shared @ solution.x[:-1])
