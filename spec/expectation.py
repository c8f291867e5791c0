"""What a step of a case must give: a certified enclosure of the exact result, and the tolerance around it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from normspec.spec.case import Case
from normspec.spec.contracts import contract_of
from normspec.spec.formats import Array
from normspec.spec.forms import forms_of
from normspec.spec.operations import Operation
from normspec.spec.question import Question, largest_gradient, largest_output
from normspec.spec.rows import widened
from normspec.spec.tolerance import Bounded, bounded

LARGEST: Mapping[str, Callable[[Question], Array]] = MappingProxyType({"y": largest_output, "dx": largest_gradient})
"""How large an output can be at all, whatever the values, where a group's own statistics normalize it."""


@dataclass(frozen=True, eq=False)
class Expected:
    """The exact result lies within radius of high + low; an observed one may be off by tolerance.

    All are float64 arrays of the output's shape. tolerance is infinite where nothing is demanded; bound is what the
    contract says before that is asked, infinite outside the safe domain alone.
    """

    high: Array
    low: Array
    radius: Array
    tolerance: Array
    bound: Array | None = None


def expect(
    operation: Operation,
    case: Case,
    index: int,
    state: Mapping[str, Array],
    conventions: Mapping[str, str],
    *,
    grade: str = "B1",
) -> Mapping[str, Expected]:
    """Return what step `index` of the script must give, by the name of the output.

    state holds the running statistics as they were observed before the step; for a backward step, before the forward
    step that it belongs to. grade names the accuracy contract that sets the tolerance.
    """
    question = Question(operation, case, index, state, conventions, contract_of(grade, case.dtype, conventions))
    return _backward(question) if question.step.verb == "backward" else _forward(question)


def expect_statistics(
    operation: Operation, case: Case, index: int, conventions: Mapping[str, str], *, grade: str = "B1"
) -> Mapping[str, Expected]:
    """Return the mean and the biased variance of each group in forward step `index`, though no layer returns them."""
    question = Question(operation, case, index, {}, conventions, contract_of(grade, case.dtype, conventions))
    return _found(question, ("mean", "variance"))


def _forward(question: Question) -> dict[str, Expected]:
    if question.forward.input.size == 0:
        return {"y": _exactly(question.forward.input)} | _unchanged(question)
    found = _found(question, ("y", *question.state))
    if question.step.verb == "train":
        return found | {name: _undefined(old) for name, old in question.state.items() if name not in found}
    return found | _unchanged(question)


def _backward(question: Question) -> dict[str, Expected]:
    wanted = [name for name in question.step.wanted if name == "dx" or name[1:] in question.case.parameters]
    if question.forward.input.size == 0:
        inputs = {"x": question.forward.input, **question.case.parameters}
        return {name: _exactly(np.zeros_like(inputs[name[1:]])) for name in wanted}
    return _found(question, wanted)


def _found(question: Question, wanted: Sequence[str]) -> dict[str, Expected]:
    """Return outputs of a step's formulas. A tolerance wider than the trivial answer's error demands nothing."""
    outputs = bounded(forms_of(question), question.arrays, question.contract, question.rows.regroup, wanted)
    return {name: _expected(question, name, output) for name, output in outputs.items()}


def _expected(question: Question, name: str, output: Bounded) -> Expected:
    exact, tolerance, back = output.exact, output.tolerance, question.rows.back
    if question.batch_statistics and name in LARGEST:
        largest = LARGEST[name](question)
        tolerance = np.where((largest > 0) & (tolerance > largest), np.inf, tolerance)
    return Expected(*(back(name, rows) for rows in (exact.high, exact.low, exact.radius, tolerance, output.tolerance)))


def _exactly(values: Array) -> Expected:
    """Return the demand for these very values."""
    high = widened(values)
    return Expected(high, *(np.zeros(high.shape) for _ in range(3)))


def _undefined(values: Array) -> Expected:
    """Return the demand for nothing, in the shape of these values."""
    nothing = np.zeros(np.shape(values))
    return Expected(nothing, nothing, nothing, np.full(nothing.shape, np.inf))


def _unchanged(question: Question) -> dict[str, Expected]:
    return {name: _exactly(values) for name, values in question.state.items()}
