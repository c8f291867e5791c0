"""The running statistics after a step, in every way that a contract allows: averaged, or pooled."""

from collections.abc import Mapping

import numpy as np

from normspec.spec.functions import NORMALIZE, oracle_function
from normspec.spec.inputs import Inputs
from normspec.spec.numbers.computed import Computed
from normspec.spec.numbers.contract import ContractArithmetic
from normspec.spec.question import STATISTICS, Question
from normspec.spec.rows import widened


def averaged(
    question: Question, system: ContractArithmetic, inputs: Inputs, statistics: Mapping[str, Computed]
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


def pooled(question: Question, system: ContractArithmetic, inputs: Inputs) -> dict[str, tuple[Computed, ...]]:
    """Return the statistics of all that was seen after a step that fits; mean and variance become these."""
    kept = {name: system.given(inputs.arrays[name]) for name in question.state}
    if "running_min" in kept:
        return {"running_min": (inputs["low"],), "running_max": (inputs["high"],)}
    count, m = kept["running_count"], question.rows.members
    new = oracle_function(NORMALIZE, "statistics")(system, inputs["x"], m, question.divisor)
    given = (system, count, kept["running_mean"], kept["running_var"], m, new["mean"], new["variance"])
    together, weighted = (oracle_function(NORMALIZE, name)(*given) for name in ("pool", "pool_weighted"))
    inputs |= {name: system.kept(together[name]) for name in ("mean", "variance")}
    return {
        "running_count": (together["count"],),
        "running_mean": (together["mean"], weighted["mean"]),
        "running_var": (together["variance"],),
    }


def _running_before(question: Question, system: ContractArithmetic, inputs: Inputs, running: str) -> Computed:
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
