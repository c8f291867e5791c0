"""One step of a case as numbers: what its answer depends on, in rows of groups."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from normspec.spec.case import Case, Step
from normspec.spec.contracts import Contract
from normspec.spec.derived import derived, widest
from normspec.spec.epsilon import outside, sigma
from normspec.spec.formats import Array
from normspec.spec.operations import Operation
from normspec.spec.rows import Rows, rows_of
from normspec.spec.workspace import Workspace

STATISTICS = {"running_mean": "mean", "running_var": "variance"}
"""The statistic that each running one follows."""


TANGENTS = {"x": "u", "gamma": "u_gamma", "beta": "u_beta"}
"""The names that tangents have in the formulas."""


@dataclass(frozen=True, eq=False)
class Question:
    """A step of a case, the running statistics before its forward step, and the contract that it is held to.

    alone says that the step is asked of the first formula alone. workspace has what was made for other steps.
    """

    operation: Operation
    case: Case
    index: int
    state: Mapping[str, Array]
    conventions: Mapping[str, str]
    contract: Contract
    alone: bool = False
    workspace: Workspace = field(default_factory=Workspace)

    @property
    def step(self) -> Step:
        """Return the step itself."""
        return self.case.script[self.index]

    @cached_property
    def forward(self) -> Step:
        """Return the forward step: the step itself, or the one that it is the backward of."""
        return self.step if self.step.of is None else self.case.forward_of(self.index)

    @cached_property
    def rows(self) -> Rows:
        """Return how the forward step's arrays lie in groups and blocks."""
        style = self.case.parameters.get("style")
        shape = None if style is None else style.shape
        return rows_of(self.operation, self.forward.input.shape, self.case.attributes, shape)

    @property
    def batch_statistics(self) -> bool:
        """Return whether the forward step normalizes with the statistics of its own input."""
        return (self.forward.verb == "train" or not self.state) and not self.operation.pooled

    @property
    def epsilon(self) -> float:
        """Return epsilon as it was given, or as the operation has it."""
        return float({**self.case.attributes, **self.operation.constants}["epsilon"])

    @property
    def outside(self) -> bool:
        """Return whether epsilon is added to the root, and not under it."""
        return outside(self.conventions)

    @property
    def still(self) -> Array:
        """Return which groups are all zeros: whatever the layer computes, they have exactly no spread."""
        whole = self.arrays["x"] + self.arrays.get("residual", np.zeros((1, 1)))
        return np.asarray(np.all(whole == 0, axis=1))

    @property
    def divisor(self) -> int:
        """Return what the sum of squares is divided by."""
        fewer = self.conventions.get("deviation") == "sample"
        return self.operation.divisor(self.rows.members) - fewer

    @cached_property
    def arrays(self) -> dict[str, Array]:
        """Return the exact inputs of the formulas by their names there, as float64 rows."""
        found = {"x": self._rows("x", self.forward.input)}
        if self.step.cotangent is not None:
            found["dy"] = self._rows("y", self.step.cotangent)
        if self.step.direction is not None:
            found["u"] = self._rows("x", self.step.direction)
        found |= {TANGENTS[name]: self._rows(name, values) for name, values in self.step.tangents.items()}
        given = {**self.case.parameters, **self.state}
        found |= {name: self._rows(name, values) for name, values in given.items()}
        oracle, x = self.operation.oracle, found["x"]
        found |= self.workspace.of(x, oracle, lambda: derived(oracle, x))
        return found | (widest(found, fitting=self.fitting) if self.operation.pooled else {})

    def _rows(self, name: str, values: Array) -> Array:
        rows, role = self.rows, self.operation.role(name)
        how = (role, rows.groups, rows.blocks, rows.style)
        return self.workspace.of(values, how, lambda: rows.of(name, values))

    @property
    def fitting(self) -> bool:
        """Return whether the step pools what it is given with what was seen before."""
        return self.operation.pooled and self.step.verb == "train"

    @property
    def trainings(self) -> int:
        """Return the number of training steps on some element up to this one, counting it."""
        script = self.case.script[: self.index + 1]
        return sum(step.verb == "train" and step.input.size > 0 for step in script)


def largest_output(question: Question) -> Array:
    """Return how large |y| can be at all: |gamma| times the largest |xhat|, and |beta|."""
    beta = question.arrays.get("beta", np.zeros(1))
    return np.asarray(np.abs(_scale(question)) * _largest_normalized(question) + np.abs(beta))


def _largest_normalized(question: Question) -> float:
    """Return the root of d, the sum of squares of xhat; where the mean is subtracted, of d (m - 1)/m."""
    m, d = question.rows.members, question.divisor
    return float(np.sqrt(d * (m - 1) / m if centres(question.operation) else d))


def centres(operation: Operation) -> bool:
    """Return whether the operation subtracts the mean."""
    return operation.oracle == "normalize"


def largest_gradient(question: Question) -> Array:
    """Return how large |dx| can be at all: rstd times the norm of gamma dy, for dx is a projection of that."""
    return _norm(_scale(question) * question.arrays["dy"]) * _rstd(question)


def largest_tangent(question: Question) -> Array:
    """Return how large the tangent of y can be at all: a projection of u, scaled, and gamma and beta moved."""
    arrays, rstd = question.arrays, _rstd(question)
    moved = np.abs(_scale(question)) * _norm(arrays["u"]) * rstd if "u" in arrays else np.zeros_like(rstd)
    of_gamma = np.abs(arrays.get("u_gamma", np.zeros(1))) * _largest_normalized(question)
    return np.asarray(moved + of_gamma + np.abs(arrays.get("u_beta", np.zeros(1))))


def largest_second(question: Question) -> Array:
    """Return how large |ddx| can be at all: three terms of at most rstd² times the norms of gamma dy and u."""
    norms = _norm(_scale(question) * question.arrays["dy"]) * _norm(question.arrays["u"])
    return np.asarray(3 * norms * np.square(_rstd(question)))


def _scale(question: Question) -> Array:
    """Return what the normalized input is multiplied by."""
    gamma, style = question.arrays.get("gamma"), question.arrays.get("style")
    if style is not None:
        return sigma(np.var(style, axis=-1, keepdims=True), question.epsilon, question.conventions)
    if gamma is None:
        return np.ones(1)
    return gamma + 1 if question.conventions.get("scale_form") == "offset" else gamma


def _norm(rows: Array) -> Array:
    return np.asarray(np.sqrt(np.sum(np.square(rows), axis=-1, keepdims=True)))


def _rstd(question: Question) -> Array:
    """Return 1 / sigma in float64; infinity without spread and epsilon, 0 where squares overflow."""
    x = question.arrays["x"]
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        centred = x - np.mean(x, axis=-1, keepdims=True) if centres(question.operation) else x
        moment = np.sum(np.square(centred), axis=-1, keepdims=True) / question.divisor
        return np.asarray(1 / sigma(moment, question.epsilon, question.conventions))
