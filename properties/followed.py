"""Running statistics over many steps, beside what the derived rule makes of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from normspec.implementations.contract import Implementation
from normspec.properties.cases.conditioned import conditioned
from normspec.properties.cases.shapes import Extent
from normspec.properties.laws.judging import reach
from normspec.properties.trial import Results, Trial
from normspec.spec.case import Case, Step
from normspec.spec.formats import FORMATS, Array
from normspec.spec.rows import widened

STEPS = 24
LEAST = 16  # elements of the input that is followed
MOMENTUM, MEAN, SPREAD = 0.1, 3.0, 2.0


@dataclass(frozen=True)
class Seen:
    """One running statistic of the first group after a step.

    What was observed, what is exact, and the ends between which a layer of the declared grade may be: at every step
    the derived rule is applied to both ends, which then move apart by what that step may be off.
    """

    observed: float
    exact: float
    low: float
    high: float


def followed(implementation: Implementation, extent: Extent) -> Mapping[str, tuple[Seen, ...]]:
    """Return what a layer's running statistics do while it is trained on the same normal numbers whatever the seed.

    Empty where there are none, no answer comes, or the dtype is float64: its envelope is too narrow for float64.
    """
    case = _training(extent)
    if case is None:
        return {}
    trial = Trial(implementation, case)
    with np.errstate(all="ignore"):
        steps = tuple(zip(trial.steps, _envelope(trial), strict=True)) if trial.steps else ()
    return {
        name: tuple(_seen(step[name], *(each[name] for each in ends)) for step, ends in steps) for name in case.state
    }


def _seen(*arrays: Array) -> Seen:
    return Seen(*(float(values.flat[0]) for values in arrays))


def _training(extent: Extent) -> Case | None:
    """Return a script of training steps, made from the first accuracy case that is long enough."""
    if not extent.claims.scripts or extent.dtype == "float64":
        return None
    long = (case for case in conditioned(extent) if case.state and case.script[0].input.size >= LEAST)
    template = next(long, None)
    if template is None:
        return None
    numbers = np.random.default_rng(0).normal(MEAN, SPREAD, (STEPS, *template.script[0].input.shape))
    script = tuple(Step("train", x.astype(FORMATS[extent.dtype].dtype)) for x in numbers)
    return template.but(script=script, attributes={**template.attributes, "momentum": MOMENTUM})


def _envelope(trial: Trial) -> Iterator[tuple[Results, Results, Results]]:
    """Yield the exact statistics after each step, and the ends of what may be computed."""
    exact = low = high = {name: widened(values) for name, values in trial.case.state.items()}
    for index, _ in enumerate(trial.case.script):
        middle, lower, upper = (trial.expected_from(index, state) for state in (exact, low, high))
        step = {name: np.maximum(reach(lower[name]), reach(upper[name])) for name in exact}
        exact = {name: middle[name].high for name in exact}
        low = {name: lower[name].high - step[name] for name in exact}
        high = {name: upper[name].high + step[name] for name in exact}
        yield exact, low, high
