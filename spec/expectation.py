"""What a step of a case must give: a certified enclosure of the exact result, and the tolerance around it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from normspec.spec.branches import BRANCHES, Branch, branches
from normspec.spec.case import SECOND, Case
from normspec.spec.contracts import contract_of
from normspec.spec.derived import undefined_gradients
from normspec.spec.formats import Array
from normspec.spec.forms import forms_of, still_form
from normspec.spec.numbers.engine import Enclosure
from normspec.spec.operations import Operation
from normspec.spec.operations.fitting import nothing_like
from normspec.spec.question import Question, largest_gradient, largest_output
from normspec.spec.rows import widened
from normspec.spec.tolerance import Bounded, bounded
from normspec.spec.workspace import Workspace

LARGEST: Mapping[str, Callable[[Question], Array]] = MappingProxyType({"y": largest_output, "dx": largest_gradient})
"""How large an output can be at all, whatever the values, where a group's own statistics normalize it."""


@dataclass(frozen=True, eq=False)
class Expected:
    """The exact result lies within radius of high + low; an observed one may be off by tolerance.

    All are float64 arrays of the output's shape. tolerance is infinite where nothing is demanded; bound is what the
    contract says before that is asked, infinite outside the safe domain alone. own is what an element of y may be off
    on its own, for the first formula: the rest is shared by its group.
    """

    high: Array
    low: Array
    radius: Array
    tolerance: Array
    bound: Array | None = None
    own: Array | None = None


def expect(
    operation: Operation,
    case: Case,
    index: int,
    state: Mapping[str, Array],
    conventions: Mapping[str, str],
    *,
    grade: str = "B1",
    alone: bool = False,
    workspace: Workspace | None = None,
) -> Mapping[str, Expected]:
    """Return what step `index` of the script must give, by the name of the output.

    state holds the running statistics as they were observed before the step; for a backward step, before the forward
    step that it belongs to. grade names the accuracy contract that sets the tolerance. alone: the tolerance is that of
    the first formula alone, which is no larger than that of all, and is found sooner. workspace has what was made for
    other steps of the case, or for variants of it.
    """
    contract = contract_of(grade, case.dtype, conventions)
    before = _before(case, index, state)
    question = Question(operation, case, index, before, conventions, contract, alone, workspace or Workspace())
    return {"backward": _backward, "jvp": _tangent}.get(question.step.verb, _forward)(question)


def expect_running(
    operation: Operation,
    case: Case,
    index: int,
    state: Mapping[str, Array],
    conventions: Mapping[str, str],
    *,
    grade: str = "B1",
) -> Mapping[str, Expected]:
    """Return what the running statistics alone must be after training step `index`, as `expect` does."""
    contract = contract_of(grade, case.dtype, conventions)
    return _trained(Question(operation, case, index, _before(case, index, state), conventions, contract), ())


def _before(case: Case, index: int, state: Mapping[str, Array]) -> Mapping[str, Array]:
    """Return the running statistics that a step starts from: none where it fits anew."""
    anew = case.attributes.get("refit") and case.script[index].verb == "train"
    return nothing_like(state) if anew else state


def expect_statistics(
    operation: Operation, case: Case, index: int, conventions: Mapping[str, str], *, grade: str = "B1"
) -> Mapping[str, Expected]:
    """Return the mean and the biased variance of each group in forward step `index`, though no layer returns them."""
    question = Question(operation, case, index, {}, conventions, contract_of(grade, case.dtype, conventions))
    return _found(question, ("mean", "variance"))


def _forward(question: Question) -> dict[str, Expected]:
    if question.forward.input.size == 0:
        return {"y": _exactly(question.forward.input)} | _unchanged(question)
    outputs = ("y", *question.operation.further)
    if question.step.verb == "train":
        return _trained(question, outputs)
    return _found(question, (*outputs, *question.state)) | _unchanged(question)


def _trained(question: Question, outputs: tuple[str, ...]) -> dict[str, Expected]:
    """Return these outputs and the running statistics after a training step."""
    found = _found(question, (*outputs, *question.state))
    return found | {name: _undefined(old) for name, old in question.state.items() if name not in found}


def _backward(question: Question) -> dict[str, Expected]:
    wanted = [name for name in question.step.wanted if _has(question, name)]
    if question.forward.input.size == 0:
        inputs = {"x": question.forward.input, "y": question.step.cotangent, **question.case.parameters}
        return {name: _exactly(np.zeros_like(inputs[name.lstrip("d")])) for name in wanted}
    return _found(question, wanted)


def _tangent(question: Question) -> dict[str, Expected]:
    if question.forward.input.size == 0:
        return {"ty": _exactly(question.forward.input)}
    return _found(question, ("ty",))


def _has(question: Question, name: str) -> bool:
    """Return whether there is what a gradient of this name is the gradient of."""
    return (
        name in ("dx", "ddx", "ddy") or name.removeprefix("dd" if name in SECOND else "d") in question.case.parameters
    )


def _found(question: Question, wanted: Sequence[str]) -> dict[str, Expected]:
    """Return outputs of a step's formulas. A tolerance wider than the trivial answer's error demands nothing."""
    if question.outside and (question.step.direction is not None or question.step.verb == "jvp"):
        return {name: _undefined(np.zeros(_shape(question, name))) for name in wanted}  # which is not derived
    found = list(branches(question))
    outputs = _of_branch(question, found[0], wanted) if len(found) == 1 else _of_branches(question, found, wanted)
    if question.outside and "dx" in outputs and (still := question.still).any():
        _put_still(question, still, outputs)
    return {name: _expected(question, name, output) for name, output in outputs.items()}


def _put_still(question: Question, still: Array, outputs: Mapping[str, Bounded]) -> None:
    """Put in what dx is in groups without spread: the other formula divides by the root alone, and demands nothing."""
    rows = {name: array[still] for name, array in question.arrays.items()}
    found = bounded((still_form(question),), rows, question.contract, wanted=outputs)
    for name, part in found.items():
        _put(outputs[name], still, part)


def _shape(question: Question, name: str) -> tuple[int, ...]:
    return question.operation.shape_of(name, question.forward.input.shape, question.case.attributes)


def _of_branch(question: Question, branch: Branch, wanted: Sequence[str]) -> dict[str, Bounded]:
    arrays = question.arrays
    if not branch.groups.all():
        arrays = {name: _chosen(question, rows, branch.groups) for name, rows in arrays.items()}
    forms = forms_of(question, branch)
    return bounded(forms, arrays, question.contract, question.rows.regroup, wanted, question.workspace)


def _chosen(question: Question, rows: Array, groups: Array) -> Array:
    return question.workspace.of(rows, groups.tobytes(), lambda: rows[groups])


def _of_branches(question: Question, found: Sequence[Branch], wanted: Sequence[str]) -> dict[str, Bounded]:
    """Return the outputs, each group's from the branch that it follows; nothing is demanded of a group without one.

    Groups are blocks in an operation with branches.
    """
    parts = [(branch.groups, _of_branch(question, branch, wanted)) for branch in found if branch.groups.any()]
    groups, members = question.arrays["x"].shape
    outputs = {}
    for name in {name: None for _, part in parts for name in part} or dict.fromkeys(wanted):
        wide = members if question.operation.role(name) == "elements" else 1
        high, low, radius, unknown, own = (np.full((groups, wide), each) for each in (0.0, 0.0, *(3 * [np.inf])))
        whole = Bounded(Enclosure(high, low, radius), unknown, own)
        for chosen, part in parts:
            if name in part:
                _put(whole, chosen, part[name])
        outputs[name] = whole
    return outputs


def _put(whole: Bounded, chosen: Array, part: Bounded) -> None:
    to, of = whole.exact, part.exact
    pairs = ((to.high, of.high), (to.low, of.low), (to.radius, of.radius), (whole.tolerance, part.tolerance))
    for rows, values in (*pairs, (whole.own, part.own)):
        rows[chosen] = values


def _expected(question: Question, name: str, output: Bounded) -> Expected:
    exact, tolerance, back = output.exact, output.tolerance, question.rows.back
    if name == "dx" and (undefined := undefined_gradients(question.operation.oracle, question.arrays["x"])).any():
        tolerance = np.where(undefined[:, None], np.inf, tolerance)
    if name == "dbeta" and (spreadless := _without_spread(question)).any():
        tolerance = np.where(question.rows.regroup(spreadless).any(axis=-1, keepdims=True), np.inf, tolerance)
    if question.batch_statistics and name in LARGEST and projects(question.operation):
        largest = LARGEST[name](question)
        tolerance = np.where((largest > 0) & (tolerance > largest), np.inf, tolerance)
    found = (exact.high, exact.low, exact.radius, tolerance, output.tolerance, *((output.own,) if name == "y" else ()))
    return Expected(*(back(name, rows) for rows in found))


def _without_spread(question: Question) -> Array:
    """Return the elements whose y is undefined, divided by their group's spread of 0: dbeta is then of nothing."""
    x = question.arrays["x"]
    constant = np.all(x == x[:, :1], axis=-1, keepdims=True) & (question.batch_statistics and not question.epsilon)
    return np.broadcast_to(constant, x.shape)


def projects(operation: Operation) -> bool:
    """Return whether every group's dx is a projection of gamma dy times rstd, with one epsilon under the root."""
    return operation.oracle in ("normalize", "rescale") and operation.name not in BRANCHES


def _exactly(values: Array) -> Expected:
    """Return the demand for these very values."""
    high = widened(values)
    return Expected(high, *(np.zeros(high.shape) for _ in range(3)))


def _undefined(values: Array) -> Expected:
    """Return the demand for nothing, in the shape of these values."""
    nothing, unknown = np.zeros(np.shape(values)), np.full(np.shape(values), np.inf)
    return Expected(nothing, nothing, unknown, unknown)


def _unchanged(question: Question) -> dict[str, Expected]:
    return {name: _exactly(values) for name, values in question.state.items()}
