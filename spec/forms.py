"""The formulas of a step, as the generated code has them: each in every form that a contract allows."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from normspec.spec.branches import Branch
from normspec.spec.derived import DERIVED
from normspec.spec.formats import Array
from normspec.spec.functions import NORMALIZE, argument_names, found_function, oracle_function
from normspec.spec.inputs import Inputs
from normspec.spec.numbers.computed import Computed
from normspec.spec.numbers.contract import ContractArithmetic
from normspec.spec.question import Question
from normspec.spec.running import averaged, pooled
from normspec.spec.tolerance import Form

FORMS: Mapping[tuple[str, bool], tuple[str, ...]] = MappingProxyType(
    {
        ("forward", True): (
            "forward",
            "forward_folded",
            "forward_apart",
            "forward_divided",
            "forward_one_root",
            "fold",
            "fold_apart",
        ),
        ("forward", False): ("inference", "inference_folded", "inference_apart"),
        ("backward", True): (
            "backward",
            "backward_projected",
            "backward_gathered",
            "backward_folded",
            "backward_apart",
            "backward_summed",
            "backward_blocks_apart",
            "backward_divided",
            "backward_scaled",
        ),
        ("double", True): ("double_backward", "double_backward_projected", "double_backward_apart"),
        ("tangent", True): ("tangent", "tangent_apart"),
        ("tangent", False): ("inference_tangent",),
        ("backward", False): ("inference_backward", "inference_backward_apart"),
    }
)
"""The functions of an oracle, by direction and by whether the group's own statistics normalize it.

The first gives every output, the others what they compute in another way.
"""

ONE_PASS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "forward": ("forward", "forward_one_pass", "forward_one_pass_folded", "fold", "fold_apart"),
        "backward": (*FORMS["backward", True], "backward_one_pass", "backward_one_pass_folded"),
    }
)
"""The functions where the variance is found in one pass: gradients have its error, too."""

CONSTANT = frozenset({"backward_projected", "backward_gathered", "backward_apart", "inference_backward_apart"})
"""What takes gamma to be constant in each group; its sums over groups are those over blocks where both are the same."""


def forms_of(question: Question, branch: Branch | None = None) -> tuple[Form, ...]:
    """Return the formulas of a step on contract arithmetic. The first is the one that the exact result comes from.

    branch says which of several formulas the groups at hand follow.
    """
    direction = {"backward": "backward", "jvp": "tangent"}.get(question.step.verb, "forward")
    direction = direction if question.step.direction is None else "double"
    own = question.batch_statistics or question.operation.oracle in DERIVED  # statistics that are given exactly
    names = FORMS[direction, own]
    if question.contract.algorithm == "one_pass" and question.batch_statistics:
        names = ONE_PASS.get(direction, names)
    oracle = branch.oracle if branch else question.operation.oracle
    suffix, constants = (branch.suffix, branch.constants) if branch else ("", {})
    oracle = oracle if own else NORMALIZE
    if question.outside:
        oracle = OUTSIDE[oracle]
    allowed = [name for name in names if _applies(name, question)]
    functions = [found for name in allowed if (found := found_function(oracle, name + suffix)) is not None]
    true = [function for function in functions if _holds(function, question)]
    return tuple(_form(question, function, constants) for function in true[: 1 if question.alone else None])


def still_form(question: Question) -> Form:
    """Return the formula of dx where epsilon is outside the root and the root is of 0."""
    return _form(question, oracle_function(OUTSIDE[question.operation.oracle], "backward_still"), {})


def _applies(name: str, question: Question) -> bool:
    """Return whether the contract and the groups allow a form. Folded and apart, it rounds x itself, not x - mean."""
    if name.endswith(("_folded", "_apart")) and not question.contract.folded:
        return False
    return question.rows.constant or name not in CONSTANT


def _holds(function: Callable[..., Any], question: Question) -> bool:
    """Return whether a formula is true here: one without the divisor d is so where d = m."""
    names = argument_names(function)
    return "d" in names or "m" not in names or question.divisor == question.rows.members


RENAMED = MappingProxyType({"weight": "y", "bias": "new_bias"})
"""What a weight that batch norm is folded into is called here: x before, and y after."""

SECOND_NAMES = MappingProxyType({"ddy": "ddy", "dx": "ddx", "dgamma": "ddgamma"})
"""The names of the results of a double backward, by those in the oracles."""

OUTSIDE = MappingProxyType({NORMALIZE: "outside", "rescale": "outside_rescale"})
"""The oracles with epsilon outside the root, by those with it under the root."""


def _form(question: Question, function: Callable[..., dict[str, Any]], constants: Mapping[str, float]) -> Form:
    whole = question.rows.aligned or function.__name__ not in CONSTANT

    def form(system: ContractArithmetic, arrays: Mapping[str, Array]) -> Mapping[str, tuple[Computed, ...]]:
        inputs = Inputs(question, system, arrays, constants)
        fitted = pooled(question, system, inputs) if question.fitting else {}
        outputs = _evaluated(function, inputs)
        if question.operation.further:
            outputs = {RENAMED[name]: value for name, value in outputs.items()}
        if question.step.direction is not None:
            outputs = {SECOND_NAMES[name]: value for name, value in outputs.items()}
        if "dx" in outputs and "residual" in arrays:
            outputs = {**outputs, "dresidual": outputs["dx"]}
        found: dict[str, tuple[Computed, ...]] = {
            name: (number,) for name, number in outputs.items() if whole or name in ("dx", "dresidual")
        }
        if question.step.verb == "train" and question.operation.averages and question.state and "mean" in outputs:
            found |= averaged(question, system, inputs, outputs)
        return found | fitted

    return form


def _evaluated(function: Callable[..., dict[str, Any]], inputs: Inputs) -> dict[str, Any]:
    tangent = bool(inputs.question.step.tangents)  # how a tangent is rounded on the way is no convention's business
    if inputs.question.conventions.get("cast_order") == "before_scale" and not tangent:
        return _cast_before_scaled(function, inputs)
    outputs: dict[str, Any] = function(inputs.system, *(inputs[name] for name in argument_names(function)))
    return outputs


def _cast_before_scaled(function: Callable[..., dict[str, Any]], inputs: Inputs) -> dict[str, Any]:
    """Evaluate a formula where xhat is rounded to the output's format, and multiplied by gamma in that format."""
    system, gamma = inputs.system, inputs["gamma"]

    def evaluated(function: Callable[..., dict[str, Any]], **changed: Any) -> dict[str, Any]:
        outputs: dict[str, Any] = function(system, *(changed.get(n, inputs[n]) for n in argument_names(function)))
        return outputs

    if inputs.question.step.verb != "backward":
        outputs = evaluated(function, gamma=1)
        return {**outputs, "y": system.multiply(system.stored(outputs["y"]), gamma)}
    dy, twice = inputs["dy"], inputs.question.step.direction is not None
    through = system.stored(dy if isinstance(gamma, int) else system.multiply(dy, gamma))
    found = evaluated(function, dy=system.stored(dy)) if twice else evaluated(function)
    if "dx" in found:
        found = {**found, "dx": evaluated(function, dy=through, gamma=1)["dx"]}
    if twice or "dgamma" not in found:
        return found
    forward = oracle_function(function.__module__.rpartition(".")[2], "forward")
    xhat = system.stored(evaluated(forward, gamma=1, beta=0)["y"])
    return {**found, "dgamma": system.block_total(system.stored(system.multiply(dy, xhat)))}
