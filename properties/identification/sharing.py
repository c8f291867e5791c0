"""Cases of sharing and kind: parameters for fewer blocks, given statistics, far-off means, whole numbers."""

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from typing import Literal

import numpy as np

from normspec.implementations.unjudged import unjudged
from normspec.properties.cases.shapes import Extent
from normspec.properties.identification.cases import asked, built
from normspec.properties.identification.denials import Test, Tried, denied, disagreeing
from normspec.properties.laws.judging import wide
from normspec.properties.trial import Trial
from normspec.spec.case import Case, Step
from normspec.spec.expectation import expect
from normspec.spec.formats import Array
from normspec.spec.outcome import Crashed, Refused

VALUES = (1.0, -2.0, 3.0, 0.5, -0.5, 4.0, 2.0)
WHOLE = (1.0, -2.0, 3.0, 7.0, -5.0, 4.0, 2.0)
GRADE = "B3"  # the widest of centred sums
CANCELLING = tuple(2.0**k for k in range(7, 12))  # the mean, in units of the deviation: squared, it costs so many bits


def _filled(extent: Extent, values: tuple[float, ...], mean: float = 0.0) -> Iterator[Case]:
    for geometry in asked(extent):
        case = built(extent, geometry, np.resize(values, geometry.shape) + mean)
        if case is not None:
            yield case.but(script=case.script[:1])


def given_statistics(extent: Extent) -> Iterator[Case]:
    """Yield an inference with running statistics that are not those of x."""
    for case in _filled(extent, VALUES) if "infer" in extent.claims.verbs and extent.claims.state else ():
        yield case.but(script=(Step("infer", case.script[0].input),))


def as_if(verb: Literal["train", "infer"]) -> Test:
    """Return the test that denies that the last step does what a training, or an inference, would do."""

    def denial(tried: Tried) -> str:
        trial = tried.trial
        if not trial.steps:
            return disagreeing(tried)
        alone = trial.case.but(script=(Step(verb, trial.case.script[-1].input),))
        return denied("y", trial.steps[-1]["y"], tried.demanded(Trial(trial.implementation, alone)))

    return denial


def averaged(extent: Extent) -> Iterator[Case]:
    """Yield two trainings without a momentum."""
    taken = extent.operation.averages and extent.claims.momentum_none and "momentum" not in extent.claims.fixed
    for case in _filled(extent, VALUES) if taken and extent.claims.state and extent.claims.scripts else ():
        x = case.script[0].input
        script = (Step("train", x), Step("train", x * x.dtype.type(2)))
        yield case.but(script=script, attributes={**case.attributes, "momentum": None})


def no_average(momentum: float | None) -> Test:
    """Return the test that denies that the running mean after two trainings is by this weight of the new one."""

    def denial(tried: Tried) -> str:
        if not tried.trial.steps:
            return disagreeing(tried)
        trial, name = tried.trial, "running_mean"
        case = trial.case.but(attributes={**trial.case.attributes, "momentum": momentum})
        conventions = trial.operation.settled({"momentum": "weighs_new"})
        expected = expect(trial.operation, case, 1, trial.state_before(1), conventions, grade=GRADE)
        return denied(name, trial.steps[1][name], [expected[name]])

    return denial


def per_group(extent: Extent) -> Iterator[Case]:
    """Yield group norms whose parameters have one element for each group of channels."""
    for case in _filled(extent, VALUES) if extent.operation.name == "group_norm" else ():
        groups = int(case.attributes["groups"])
        if groups not in (1, case.script[0].input.shape[1]) and "gamma" in case.parameters:
            yield case.but(parameters={name: values[:groups] for name, values in case.parameters.items()})


def per_channel(extent: Extent) -> Iterator[Case]:
    """Yield layer norms over whole samples whose parameters have one element for each channel."""
    for case in _filled(extent, VALUES) if extent.operation.name in ("layer_norm", "rms_norm") else ():
        shape = case.script[0].input.shape
        alone = len(shape) > 2 and case.attributes["axes"] == len(shape) - 1
        if alone and shape[1] not in (shape[-1], prod(shape[1:])) and "gamma" in case.parameters:
            parameters = {name: values.reshape(shape[1], -1)[:, 0] for name, values in case.parameters.items()}
            yield case.but(parameters=parameters)


def not_repeated(tried: Tried) -> str:
    """Return what denies that each element of a parameter holds for all that it is the first of."""
    trial = tried.trial
    if not trial.steps:
        return disagreeing(tried)
    shape = trial.operation.shape_of("gamma", trial.case.script[0].input.shape, trial.case.attributes)
    parameters = {name: _repeated(values, shape) for name, values in trial.case.parameters.items()}
    demanded = tried.demanded(Trial(trial.implementation, trial.case.but(parameters=parameters)))
    return denied("y", trial.steps[0]["y"], demanded)


def _repeated(values: Array, shape: tuple[int, ...]) -> Array:
    runs = np.repeat(values, shape[0] // len(values))
    whole: Array = np.broadcast_to(runs.reshape(-1, *[1] * (len(shape) - 1)), shape).copy()
    return whole


def cancelling(extent: Extent) -> Iterator[Case]:
    """Yield inputs far from 0, whose squares leave few bits for their spread."""
    for mean in CANCELLING if "zero-mean" in extent.operation.requirements else ():
        yield from list(_filled(extent, VALUES, mean))[-1:]


def beyond_grade(grade: str) -> Test:
    """Return the test that denies a y that is further off than an accuracy grade allows."""

    def denial(tried: Tried) -> str:
        trial = tried.trial
        if not trial.steps:
            return disagreeing(tried)
        claims = replace(trial.implementation.claims, grade=grade)
        demanded = tried.demanded(Trial(replace(trial.implementation, claims=claims), trial.case))
        return denied("y", trial.steps[0]["y"], demanded)

    return denial


def whole_numbers(extent: Extent) -> Iterator[Case]:
    """Yield inputs of whole numbers, which an integer type holds as well."""
    return iter(()) if extent.operation.further else _filled(extent, WHOLE)


def _of_integers(tried: Tried) -> object:
    trial = tried.trial
    return unjudged(trial.implementation, trial.case, wide(trial.case.script[0].input).astype(np.int32))


def integers_answered(tried: Tried) -> str:
    """Return what denies that integers are refused."""
    y = _of_integers(tried)
    return "" if isinstance(y, Refused) else y.message if isinstance(y, Crashed) else "integers are answered"


def integers_not_promoted(tried: Tried) -> str:
    """Return what denies that integers are taken for the same numbers in floating point."""
    y = _of_integers(tried)
    if isinstance(y, Refused | Crashed):
        return f"{type(y).__name__.lower()}: {y.message}"
    if not isinstance(y, np.ndarray) or y.dtype.kind in "iub" or y.shape != tried.trial.steps[0]["y"].shape:
        return f"y is {_kind(y)}"
    return denied("y", y, tried.demanded(tried.trial))


def integers_kept_whole(tried: Tried) -> str:
    """Return what denies that y of integers has whole numbers alone, of whatever type."""
    y = _of_integers(tried)
    if not isinstance(y, np.ndarray):
        return f"y is {_kind(y)}"
    values = wide(y)
    apart = values[values != np.trunc(values)]
    return f"y is {apart[0]:.9g}, no whole number" if apart.size else ""


def _kind(y: object) -> str:
    return f"of dtype {y.dtype}" if isinstance(y, np.ndarray) else f"a {type(y).__name__}"
