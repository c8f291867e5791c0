"""The law of sums out of range: an answer may be wrong there, but not silently."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import numpy as np

from normspec.implementations.contract import Fact
from normspec.properties.features import squares_overflow
from normspec.properties.law import Law
from normspec.properties.laws.judging import times, wide, within, worst
from normspec.properties.trial import Trial
from normspec.properties.verdict import Judgement, Kept
from normspec.spec.case import LIFE
from normspec.spec.expectation import projects
from normspec.spec.formats import Array
from normspec.spec.operations import Operation
from normspec.spec.question import Question, centres, largest_gradient, largest_second, largest_tangent

BIT = 2.0**-6
"""What cancels to less than this part of what it is made of has no bits that could be right."""

SIZES: Mapping[str, Callable[[Question], Array]] = MappingProxyType(
    {"dx": largest_gradient, "ddx": largest_second, "ty": largest_tangent}
)
"""How large the terms of a derivative can be."""


def loud_overflow(trial: Trial) -> Judgement:
    """Judge that where squares overflow, y and its derivatives are right to one bit or visibly not finite."""
    return worst(_loud(trial, index, name) for index, name in _out_of_range(trial))


def _out_of_range(trial: Trial) -> Iterator[tuple[int, str]]:
    """Yield the outputs of steps that normalize with statistics of their own, whose squares may overflow."""
    for index in range(len(trial.steps)):
        step = trial.case.script[index]
        if step.verb in LIFE or not trial.own(index) or not _overflows(trial, _input(trial, index)):
            continue
        names = ("y",) if step.of is None else tuple(SIZES) if _sized(trial.operation) else ()
        yield from ((index, name) for name in names if name in trial.steps[index])


def _overflows(trial: Trial, x: Array) -> bool:
    return trial.workspace.of(x, squares_overflow, lambda: squares_overflow(x))


def _input(trial: Trial, index: int) -> Array:
    """Return the input of a step, or of the forward step that it belongs to."""
    step = trial.case.script[index]
    return (step if step.of is None else trial.case.forward_of(index)).input


def _sized(operation: Operation) -> bool:
    """Return whether the sizes are those of this operation's derivatives."""
    return projects(operation) or "style" in operation.parameters


def _loud(trial: Trial, index: int, name: str) -> Judgement:
    observed, expected = trial.steps[index][name], trial.expected(index, alone=True)[name]  # whose enclosure is all
    split = trial.groups(observed.shape).split
    found, exact = split(wide(observed)), split(expected.high)
    known = np.isfinite(exact) & np.isfinite(split(expected.radius))  # no exact result, no error
    allowed = _allowed_of_y(trial, index, split) if name == "y" else _allowed_of(trial, index, name, exact)
    judged = np.isfinite(found).all(-1) & known.all(-1) & np.isfinite(allowed) & _spread_out(trial, index)
    if not judged.any():
        return Kept()
    error = np.where(judged[:, None], np.abs(found - exact), 0.0)
    most = times(error, np.broadcast_to(np.where(judged, allowed, 1.0)[:, None], error.shape))
    row, column = np.unravel_index(np.argmax(most), error.shape)
    place = int(split(np.arange(observed.size).reshape(observed.shape))[row, column])
    fact = Fact(index, name, place, float(exact[row, column]), float(allowed[row]))
    what = f"step {index}: {name} is finite and wrong, where squares overflow"
    return within(what, error.max(-1)[judged], allowed[judged], (fact,))


def _allowed_of_y(trial: Trial, index: int, split: Callable[[Array], Array]) -> Array:
    """Return half of y's own spread: beta may cancel the rest, and what is left has no bits to be right to."""
    exact = split(trial.expected(index)["y"].high)
    scaled = exact - split(_beta(trial, index))
    return np.asarray(np.abs(scaled - scaled.mean(-1, keepdims=True)).max(-1) + np.abs(exact).max(-1) * BIT) / 2


def _allowed_of(trial: Trial, index: int, name: str, exact: Array) -> Array:
    """Return half of a derivative's own size; NaN where that of its terms is out of float64's range."""
    with np.errstate(over="ignore", invalid="ignore"):
        terms = SIZES[name](trial.question(index)).max(-1)
    smallest = 2.0**trial.case.format.min_exponent
    return np.where(np.isfinite(terms) & (terms > 0), np.abs(exact).max(-1) / 2 + BIT * terms + smallest, np.nan)


def _beta(trial: Trial, index: int) -> Array:
    """Return what is added to each element of y in a step."""
    shape = trial.steps[index]["y"].shape
    beta = trial.case.parameters.get("beta")
    return np.zeros(shape) if beta is None else np.asarray(trial.blocks(shape).spread_over(wide(beta)))


def _spread_out(trial: Trial, index: int) -> Array:
    """Return which groups are well-conditioned: where all elements are nearly the mean, rounding alone decides y."""
    x = _input(trial, index)
    rows = trial.groups(x.shape).split(wide(x))
    deviation = rows - rows.mean(-1, keepdims=True) if centres(trial.operation) else rows
    return np.asarray(np.abs(deviation).max(-1) >= np.abs(rows).max(-1) * BIT)


LAWS = (Law("loud-overflow", loud_overflow, streams=("small", "large", "tangents")),)
