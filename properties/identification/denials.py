"""What denies a variant of conduct in a trial, each test in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from normspec.properties.laws.judging import wide
from normspec.properties.trial import Trial
from normspec.spec.comparison import compare
from normspec.spec.expectation import Expected
from normspec.spec.formats import Array
from normspec.spec.outcome import Refused, Returned

Demanded = Callable[[Trial], Sequence[Expected]]
"""What y of a case's first step may be by all that numbers show; nothing where they show too little."""


@dataclass(frozen=True)
class Tried:
    """A trial, and what y of such a trial must be."""

    trial: Trial
    demanded: Demanded


Test = Callable[[Tried], str]
"""What denies a variant in a trial, in words; nothing where nothing does."""


def failed(tried: Tried) -> str:
    """Return in words what came, where it was no result."""
    outcome = tried.trial.outcome
    return "" if isinstance(outcome, Returned) else f"{type(outcome).__name__.lower()}: {outcome.message}"


def unrefused(tried: Tried) -> str:
    """Return what denies a refusal: that something else came."""
    if isinstance(tried.trial.outcome, Refused):
        return ""
    return failed(tried) or "it is answered, not refused"


def disagreeing(tried: Tried) -> str:
    """Return what denies the y that the specification demands."""
    if why := failed(tried):
        return why
    return denied("y", tried.trial.steps[0]["y"], tried.demanded(tried.trial)) if tried.trial.steps[0]["y"].size else ""


def denied(name: str, observed: Array, demanded: Sequence[Expected]) -> str:
    """Return in words that an array denies each of several demands; nothing where there is none."""
    with np.errstate(all="ignore"):
        found = [compare(observed, expected) for expected in demanded]
    if not found or any(each.verdict != "broken" for each in found):
        return ""
    return f"{name} is {found[0].observed:.9g}; this demands {found[0].exact:.9g} within {found[0].tolerance:.2g}"


def unlike(name: str, wanted: Callable[[Array], bool], words: str) -> Test:
    """Return the test that denies an output of the first step that is not as it is wanted."""

    def denial(tried: Tried) -> str:
        if why := failed(tried):
            return why
        values = wide(tried.trial.steps[0][name if name in tried.trial.steps[0] else "y"])
        return "" if wanted(values) else f"{name} is {values.reshape(-1)[:4].tolist()}, {words}"

    return denial


not_nan = unlike("y", lambda values: bool(np.isnan(values).all()), "not NaN")


def elsewhere_a_number(tried: Tried) -> str:
    """Return what denies that a NaN makes all of its group NaN."""
    if why := failed(tried):
        return why
    y = _first_group(tried)
    return "" if np.isnan(y).all() else f"y beside the NaN is {y[~np.isnan(y)][0]:.9g}"


def not_left_out(tried: Tried) -> str:
    """Return what denies that a NaN stays where it is, and is left out of the statistics of its group."""
    if why := failed(tried):
        return why
    y = _first_group(tried)
    if not np.isnan(y[0]):
        return f"y of the NaN is {y[0]:.9g}"
    return "y beside the NaN is NaN, too" if np.isnan(y[1:]).any() else ""


def _first_group(tried: Tried) -> Array:
    y = wide(tried.trial.steps[0]["y"])
    return np.asarray(tried.trial.groups(y.shape).split(y)[0])


def unmoved(tried: Tried) -> str:
    """Return what denies that nothing happened: running statistics that moved."""
    if why := failed(tried):
        return why
    moved = [
        name for name, old in tried.trial.case.state.items() if old.tobytes() != tried.trial.steps[0][name].tobytes()
    ]
    return f"{' and '.join(moved)} moved" if moved else ""


def not_poisoned(tried: Tried) -> str:
    """Return what denies that the running statistics are NaN."""
    if why := failed(tried):
        return why
    kept = [name for name in tried.trial.case.state if not np.isnan(wide(tried.trial.steps[0][name])).all()]
    return f"{' and '.join(kept)} is a number" if kept or not tried.trial.case.state else ""


def not_broadcast(tried: Tried) -> str:
    """Return what denies that a gamma of one element holds for all."""
    if why := failed(tried):
        return why
    gamma, x = tried.trial.case.parameters["gamma"], tried.trial.case.script[0].input
    shape = tried.trial.operation.shape_of("gamma", x.shape, tried.trial.case.attributes)
    whole = tried.trial.case.but(parameters={**tried.trial.case.parameters, "gamma": np.resize(gamma, shape)})
    return denied("y", tried.trial.steps[0]["y"], tried.demanded(Trial(tried.trial.implementation, whole)))


def other_alone(tried: Tried) -> str:
    """Return what denies that a sample alone has the bits that it has in the batch."""
    case, step = tried.trial.case, tried.trial.case.script[0]
    whole = [name for name in case.parameters if tried.trial.operation.role(name) in ("elements", "style")]
    parameters = {name: values[:1] if name in whole else values for name, values in case.parameters.items()}
    alone = tried.trial.variant(case.but(script=(replace(step, x=step.input[:1]),), parameters=parameters))
    if not tried.trial.steps or not alone.steps:
        return ""
    different = tried.trial.steps[0]["y"][:1].tobytes() != alone.steps[0]["y"].tobytes()
    return "y of the first sample has other bits where it is alone" if different else ""


def not_in_forward(tried: Tried) -> str:
    """Return what denies that the running statistics move in the forward."""
    if why := failed(tried):
        return why
    before, after = tried.trial.case.state, tried.trial.steps[0]
    still = all(before[name].tobytes() == after[name].tobytes() for name in before)
    return "after the forward they are where they were" if still else ""


def not_in_backward(tried: Tried) -> str:
    """Return what denies that they move in the backward."""
    if why := failed(tried):
        return why
    before, after = tried.trial.steps[0], tried.trial.steps[2]
    still = all(before[name].tobytes() == after[name].tobytes() for name in tried.trial.case.state)
    return "after the backward they are where they were after the forward" if still else ""


def all_single(values: Array) -> bool:
    """Return whether float32 holds every value."""
    return bool((values.astype(np.float32).astype(np.float64) == values).all())
