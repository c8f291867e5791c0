"""The errors of the mean and of rstd that a layer's output implies: measured from y alone, without a solver.

Within a group, y - exact = gamma (a + b t) + e: a and b are the same for the whole group, t is the normalized input,
and e is what elements may err by on their own. a and b are estimated by least squares, each element weighed by how
little it may err. What the elements' own errors can do to an estimate is taken off it, so that what is left was shared.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from normspec.spec.comparison import ROUNDED
from normspec.spec.environment import require_exact_arithmetic
from normspec.spec.formats import Array
from normspec.spec.forms import forms_of
from normspec.spec.numbers.computed import Computed
from normspec.spec.numbers.contract import ContractArithmetic
from normspec.spec.numbers.symbols import Coefficients, spread
from normspec.spec.question import Question
from normspec.spec.tolerance import fine_rung


@dataclass(frozen=True, eq=False)
class Parts:
    """The errors of y in a step that normalizes with the groups' own statistics, as (groups, members).

    errors: what was observed less what is exact. own: how much of it an element may have on its own, under the
    contract. shared: the contract's coefficients of what a group's elements have in common. gamma and slopes, which is
    gamma t, are what one unit of a and of b does to each element. mean and rstd, as (groups, 1): how far each may be
    off under the contract, in units of u A and of u rstd, where A is the mean magnitude and u the accumulator's, in
    whichever format the statistics are kept. scale: u A rstd. regular: whether A is a normal number, so that u A is no
    less than the spacing of numbers.
    """

    errors: Array
    own: Array
    shared: Coefficients
    gamma: Array
    slopes: Array
    mean: Array
    rstd: Array
    scale: Array
    regular: Array


def parts_of(question: Question, observed: Array, way: int = 0) -> Parts:
    """Return the errors of y as it was observed, taken apart, for y computed by the contract's form of that number.

    The first form, the centred one, is the one that mean and rstd are taken from. Raises PollutedEnvironmentError where
    floating point is not as the proofs assume.
    """
    require_exact_arithmetic()
    question = replace(question, state={})  # which y does not depend on
    arrays = question.arrays
    rung = fine_rung(arrays["x"].size)
    system = ContractArithmetic(question.contract, rung.engine, memory={})
    unit = question.contract.accumulator.unit_roundoff
    with np.errstate(all="ignore"), rung.context():
        forms = forms_of(question)
        centred = forms[0](system, arrays)
        (mean,), (variance,) = centred["mean"], centred["variance"]
        y = (forms[way](system, arrays) if way else centred)["y"][0]
        rstd = _rstd(system, variance, question)
        system.forget()
        exact = rung.engine.enclosure(y.exact)
        errors = (question.rows.of("y", observed) - exact.high) - exact.low
        own = system.tolerance(y) - spread(y.shared) + exact.radius + ROUNDED * np.abs(errors)
        gamma = np.broadcast_to(arrays.get("gamma", np.ones((1, 1))), errors.shape)
        magnitude = np.mean(np.abs(arrays["x"]), axis=1, keepdims=True)
        return Parts(
            errors=errors,
            own=np.broadcast_to(own, errors.shape),
            shared={symbol: np.broadcast_to(value, errors.shape) for symbol, value in y.shared.items()},
            gamma=gamma,
            slopes=gamma * (arrays["x"] - mean.value) * rstd.value,
            mean=mean.deviation / (unit * magnitude),
            rstd=rstd.deviation / (unit * rstd.value),
            scale=unit * magnitude * rstd.value,
            regular=magnitude >= 2.0**question.contract.accumulator.min_exponent,
        )


def _rstd(system: ContractArithmetic, variance: Computed, question: Question) -> Computed:
    """Return what the deviation is multiplied by."""
    epsilon = system.attribute(question.epsilon)
    if question.outside:
        return system.inverse(system.add(system.sqrt(variance), epsilon))
    return system.rsqrt(system.add(variance, epsilon))


@dataclass(frozen=True)
class Implied:
    """What y says of one group's statistics, beyond what its elements may err by on their own.

    errors: the least error of the mean, in units of u A, and of rstd, in units of u. proved: how large each can be
    under the contract.
    """

    errors: Mapping[str, float]
    proved: Mapping[str, float]


def implied(question: Question, observed: Array) -> list[Implied]:
    """Return what y, as it was observed, says of each group's statistics.

    Nothing of a group without a bound, or one of subnormal numbers, on which u A is no measure. question is a forward
    step that normalizes with the groups' own statistics.
    """
    parts = parts_of(question, observed)
    unit = question.contract.accumulator.unit_roundoff
    decided = np.isfinite(parts.own) & (parts.own > 0) & np.isfinite(parts.errors)
    found = []
    for row in np.flatnonzero(decided.all(axis=1) & parts.regular[:, 0]):
        shift, stretch = _shared(parts, row)
        errors = {"mean": shift / float(parts.scale[row, 0]), "rstd": stretch / unit}
        found.append(Implied(errors, {"mean": float(parts.mean[row, 0]), "rstd": float(parts.rstd[row, 0])}))
    return found


def _shared(parts: Parts, row: Any) -> tuple[float, float]:
    """Return the sizes of a and b, less what the elements' own errors may have made of them."""
    own = parts.own[row]
    columns = np.stack([parts.gamma[row], parts.slopes[row]], axis=1)
    ways = np.linalg.pinv(columns / own[:, None]) / own
    estimates = np.abs(ways @ parts.errors[row]) - np.abs(ways) @ own
    shift, stretch = np.maximum(estimates, 0.0)
    return float(shift), float(stretch)
