"""One step of a case as numbers: what its answer depends on, in rows of groups."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from normspec.spec.case import Case, Step
from normspec.spec.contracts import Contract
from normspec.spec.formats import Array
from normspec.spec.operations import Operation
from normspec.spec.rows import Rows, rows_of

STATISTICS = {"running_mean": "mean", "running_var": "variance"}
"""The statistic that each running one follows."""


@dataclass(frozen=True, eq=False)
class Question:
    """A step of a case, the running statistics before its forward step, and the contract that it is held to."""

    operation: Operation
    case: Case
    index: int
    state: Mapping[str, Array]
    conventions: Mapping[str, str]
    contract: Contract

    @property
    def step(self) -> Step:
        """Return the step itself."""
        return self.case.script[self.index]

    @cached_property
    def forward(self) -> Step:
        """Return the forward step: the step itself, or the one that it is the backward of."""
        return self.case.forward_of(self.index) if self.step.verb == "backward" else self.step

    @cached_property
    def rows(self) -> Rows:
        """Return how the forward step's arrays lie in groups and blocks."""
        return rows_of(self.operation, self.forward.input.shape)

    @property
    def batch_statistics(self) -> bool:
        """Return whether the forward step normalizes with the statistics of its own input."""
        return self.forward.verb == "train" or not self.state

    @property
    def epsilon(self) -> float:
        """Return epsilon as it was given."""
        return float(self.case.attributes["epsilon"])

    @cached_property
    def arrays(self) -> dict[str, Array]:
        """Return the exact inputs of the formulas by their names there, as float64 rows."""
        rows = self.rows
        found = {"x": rows.of(self.forward.input)}
        if self.step.cotangent is not None:
            found["dy"] = rows.of(self.step.cotangent)
        found |= {name: rows.parameter(values) for name, values in self.case.parameters.items()}
        return found | {name: rows.statistic(values) for name, values in self.state.items()}

    @property
    def trainings(self) -> int:
        """Return the number of training steps on some element up to this one, counting it."""
        script = self.case.script[: self.index + 1]
        return sum(step.verb == "train" and step.input.size > 0 for step in script)


def largest_output(question: Question) -> Array:
    """Return how large |y| can be at all in a group of m elements: |gamma| sqrt(m - 1) + |beta|."""
    spread = np.sqrt(question.rows.members - 1.0)
    gamma, beta = question.arrays.get("gamma", np.ones(1)), question.arrays.get("beta", np.zeros(1))
    return np.asarray(np.abs(gamma) * spread + np.abs(beta))


def largest_gradient(question: Question) -> Array:
    """Return how large |dx| can be at all: rstd times the norm of gamma dy, for dx is a projection of that."""
    x, g = question.arrays["x"], question.arrays.get("gamma", np.ones(1)) * question.arrays["dy"]
    variance = np.var(x, axis=-1, keepdims=True)
    norm = np.sqrt(np.sum(np.square(g), axis=-1, keepdims=True))
    return np.asarray(norm / np.sqrt(variance + question.epsilon))
