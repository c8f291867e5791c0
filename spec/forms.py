"""The formulas of a step, as the generated code has them: each in every form that a contract allows."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from inspect import signature
from types import MappingProxyType
from typing import Any

import numpy as np

from normspec.spec.branches import Branch
from normspec.spec.derived import DERIVED
from normspec.spec.formats import Array
from normspec.spec.numbers.computed import Computed
from normspec.spec.numbers.contract import ContractArithmetic
from normspec.spec.question import STATISTICS, Question
from normspec.spec.rows import widened
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
        "forward": ("forward", "forward_one_pass", "forward_one_pass_folded"),
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
    if question.alone and direction != "forward":
        names = names[:1]
    oracle = branch.oracle if branch else question.operation.oracle
    suffix, constants = (branch.suffix, branch.constants) if branch else ("", {})
    oracle = oracle if own else NORMALIZE
    if question.outside:
        oracle = OUTSIDE[oracle]
    allowed = [name for name in names if _applies(name, question)]
    functions = [found for name in allowed if (found := _function(oracle, name + suffix)) is not None]
    return tuple(_form(question, function, constants) for function in functions if _holds(function, question))


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
    names = _names(function)
    return "d" in names or "m" not in names or question.divisor == question.rows.members


ALIASES = MappingProxyType({"weight": "x"})
RENAMED = MappingProxyType({"weight": "y", "bias": "new_bias"})
"""What a weight that batch norm is folded into is called here: x before, and y after."""

SECOND_NAMES = MappingProxyType({"ddy": "ddy", "dx": "ddx", "dgamma": "ddgamma"})
"""The names of the results of a double backward, by those in the oracles."""

NORMALIZE = "normalize"
"""The oracle of inference and of running statistics, whatever the operation."""

OUTSIDE = MappingProxyType({NORMALIZE: "outside", "rescale": "outside_rescale"})
"""The oracles with epsilon outside the root, by those with it under the root."""

RUNNING = MappingProxyType({name: running for running, name in STATISTICS.items()})


@cache
def _function(oracle: str, name: str) -> Callable[..., dict[str, Any]] | None:
    return getattr(import_module(f"normspec.spec.oracles.{oracle}"), name, None)


@cache
def _names(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(signature(function).parameters)[1:]


def _form(question: Question, function: Callable[..., dict[str, Any]], constants: Mapping[str, float]) -> Form:
    whole = question.rows.aligned or function.__name__ not in CONSTANT

    def form(system: ContractArithmetic, arrays: Mapping[str, Array]) -> Mapping[str, tuple[Computed, ...]]:
        inputs = _Inputs(question, system, arrays, constants)
        pooled = _pooled(question, system, inputs) if question.fitting else {}
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
            found |= _running(question, system, inputs, outputs)
        return found | pooled

    return form


def _evaluated(function: Callable[..., dict[str, Any]], inputs: "_Inputs") -> dict[str, Any]:
    tangent = bool(inputs.question.step.tangents)  # how a tangent is rounded on the way is no convention's business
    if inputs.question.conventions.get("cast_order") == "before_scale" and not tangent:
        return _cast_before_scaled(function, inputs)
    outputs: dict[str, Any] = function(inputs.system, *(inputs[name] for name in _names(function)))
    return outputs


def _cast_before_scaled(function: Callable[..., dict[str, Any]], inputs: "_Inputs") -> dict[str, Any]:
    """Evaluate a formula where xhat is rounded to the output's format, and multiplied by gamma in that format."""
    system, gamma = inputs.system, inputs["gamma"]

    def evaluated(function: Callable[..., dict[str, Any]], **changed: Any) -> dict[str, Any]:
        outputs: dict[str, Any] = function(system, *(changed.get(n, inputs[n]) for n in _names(function)))
        return outputs

    if inputs.question.step.verb != "backward":
        outputs = evaluated(function, gamma=1)
        return {**outputs, "y": system.multiply(system.stored(outputs["y"]), gamma)}
    dy, outputs = inputs["dy"], evaluated(function)
    through = system.stored(dy if isinstance(gamma, int) else system.multiply(dy, gamma))
    found = {**outputs, "dx": evaluated(function, dy=through, gamma=1)["dx"]} if "dx" in outputs else outputs
    if "dgamma" not in found:
        return found
    forward = oracle_function(function.__module__.rpartition(".")[2], "forward")
    xhat = system.stored(evaluated(forward, gamma=1, beta=0)["y"])
    return {**found, "dgamma": system.block_total(system.stored(system.multiply(dy, xhat)))}


class _Inputs(dict[str, Any]):
    """The arguments of a formula, lifted when they are asked for. What is not given is exactly 1 or 0."""

    def __init__(
        self,
        question: Question,
        system: ContractArithmetic,
        arrays: Mapping[str, Array],
        constants: Mapping[str, float],
    ) -> None:
        self.question, self.system, self.arrays, self.constants = question, system, arrays, constants
        sizes = {"m": question.rows.members, "d": question.divisor}
        super().__init__(sizes | ({"n": arrays["style"].shape[-1]} if "style" in arrays else {}))

    def __missing__(self, name: str) -> Any:
        arrays, system = self.arrays, self.system
        source = RUNNING.get(name, ALIASES.get(name, name))
        value: Any
        if name in self.constants:
            constant = self.constants[name]
            value = constant if isinstance(constant, int) else system.attribute(constant)
        elif name == "epsilon":
            value = system.attribute(self.question.epsilon) if self.question.operation.has_epsilon else 0
        elif name == "x" and "residual" in arrays:
            value = self._sum()
        elif source in arrays:
            value = system.given(arrays[source], "data" if name in ("x", "style", "magnitude") else "value")
            if name == "gamma" and self.question.conventions.get("scale_form") == "offset":
                value = system.add(value, 1)
        else:
            value = {"gamma": 1, "beta": 0, "bias": 0, "u_gamma": 0, "u_beta": 0}[name]
        self[name] = value
        return value

    def _sum(self) -> Computed:
        """Return x plus what is added to it, rounded where the convention says so."""
        total = self.system.summed(self.arrays["x"], self.arrays["residual"])
        return self.system.stored(total) if self.question.conventions["residual_sum"] == "input" else total


def _running(
    question: Question, system: ContractArithmetic, inputs: "_Inputs", statistics: Mapping[str, Computed]
) -> dict[str, tuple[Computed, ...]]:
    """Return the running statistics after a training step, in both forms of a weighted mean.

    The unbiased variance of a single element is undefined: it is left out.
    """
    m, ways = question.rows.members, _weights(question, system)
    found: dict[str, tuple[Computed, ...]] = {}
    for running, name in STATISTICS.items():
        if running not in question.state:
            continue
        new, old = statistics[name], _running_before(question, system, inputs, running)
        if not question.rows.aligned:
            new = _block_mean(question, system, new)
        if name == "variance" and question.conventions.get("running_variance") == "unbiased":
            if m == 1:
                continue
            new = system.kept(oracle_function(NORMALIZE, "unbias")(new, m)["unbiased"])
        found[running] = tuple(
            each
            for kept, weight in ways
            for each in (
                oracle_function(NORMALIZE, "blend")(old, new, weight)["running"],
                oracle_function(NORMALIZE, "blend_weighted")(old, new, kept, weight)["running"],
            )
        )
    return found


def _pooled(question: Question, system: ContractArithmetic, inputs: "_Inputs") -> dict[str, tuple[Computed, ...]]:
    """Return the statistics of all that was seen after a step that fits; mean and variance become these."""
    kept = {name: system.given(inputs.arrays[name]) for name in question.state}
    if "running_min" in kept:
        return {"running_min": (inputs["low"],), "running_max": (inputs["high"],)}
    count, m = kept["running_count"], question.rows.members
    new = oracle_function(NORMALIZE, "statistics")(system, inputs["x"], m, question.divisor)
    given = (system, count, kept["running_mean"], kept["running_var"], m, new["mean"], new["variance"])
    pooled, weighted = (oracle_function(NORMALIZE, name)(*given) for name in ("pool", "pool_weighted"))
    inputs |= {name: system.kept(pooled[name]) for name in ("mean", "variance")}
    return {
        "running_count": (pooled["count"],),
        "running_mean": (pooled["mean"], weighted["mean"]),
        "running_var": (pooled["variance"],),
    }


def _running_before(question: Question, system: ContractArithmetic, inputs: "_Inputs", running: str) -> Computed:
    rows = question.rows
    given = inputs.arrays[running] if rows.aligned else rows.blocks.spread(widened(question.state[running]))
    return system.given(given)


def _block_mean(question: Question, system: ContractArithmetic, statistic: Computed) -> Computed:
    """Return the mean of the groups' statistics over each block: what a tracked instance norm remembers."""
    blocks = question.rows.groups_in_blocks
    return system.across(statistic, lambda rows: blocks.split(rows.reshape(blocks.shape))) / blocks.members


def _weights(question: Question, system: ContractArithmetic) -> tuple[tuple[Computed, Computed], ...]:
    """Return the weights of the old and the new value of a running statistic, in each way to find them."""
    momentum = question.case.attributes["momentum"]
    if momentum is None:
        new = system.given(np.ones((1, 1))) / question.trainings
        return ((1 - new, new),)
    weight = system.attribute(float(momentum))
    other = 1 - weight
    old, new = (other, weight) if question.conventions.get("momentum") == "weighs_new" else (weight, other)
    if question.conventions.get("initial_value") == "debiased":
        return _debiased(question.trainings, old, new)
    return ((old, new),)


def _debiased(trainings: int, old: Computed, new: Computed) -> tuple[tuple[Computed, Computed], ...]:
    """Return weights over their sum in this training, 1 - old^t: of the average, or of the sums that it is made from.

    Before the first training that sum is 0, and the initial value has no weight.
    """
    before: Computed | int = 0
    for _ in range(trainings - 1):
        before = before * old + new
    whole = before * old + new
    return (1 - new / whole, new / whole), (before * old / whole, new / whole)


def oracle_function(oracle: str, name: str) -> Callable[..., dict[str, Any]]:
    """Return a generated function. Raises ValueError for one that was never printed."""
    function = _function(oracle, name)
    if function is None:
        raise ValueError(f"oracle {oracle!r} has no {name!r}: print it from the derivations")
    return function
