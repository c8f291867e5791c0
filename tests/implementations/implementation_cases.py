"""Cases that the tests of the implementations share."""

from typing import Any

import numpy as np

from normspec.implementations.ask import ask
from normspec.implementations.contract import Implementation
from normspec.spec.case import GRADIENTS, Case, Step
from normspec.spec.formats import FORMATS, Array
from normspec.spec.outcome import Returned

SHAPES = ((5, 3), (4, 3, 5), (2, 3, 4, 5), (2, 3, 2, 3, 4))


def numbers(shape: tuple[int, ...], dtype: str = "float64", seed: int = 0, center: float = 3.0) -> Array:
    return (np.random.default_rng(seed).normal(size=shape) * 2 + center).astype(FORMATS[dtype].dtype)


def steps(shape: tuple[int, ...], dtype: str, verbs: str = "TB", wanted: tuple[str, ...] = GRADIENTS) -> Any:
    """Return a script: T trains, I infers, B is the backward of the forward before it, 0 that of step 0."""
    script: list[Step] = []
    for index, verb in enumerate(verbs):
        values = numbers(shape, dtype, seed=10 + index, center=1.0)
        if verb in "TI":
            script.append(Step("train" if verb == "T" else "infer", values))
        else:
            forwards = [i for i, step in enumerate(script) if step.verb != "backward"]
            script.append(Step("backward", None, values, 0 if verb == "0" else forwards[-1], wanted))
    return tuple(script)


def case(shape: tuple[int, ...] = (5, 3), dtype: str = "float64", verbs: str = "TB", **changes: Any) -> Case:
    channels = (shape[1],)
    return Case(
        operation="batch_norm",
        dtype=dtype,
        attributes={"epsilon": 0.1, "momentum": 0.3},
        script=changes.pop("script", None) or steps(shape, dtype, verbs),
        parameters={"gamma": numbers(channels, dtype, 1), "beta": numbers(channels, dtype, 2)},
        state={"running_mean": numbers(channels, dtype, 3), "running_var": np.abs(numbers(channels, dtype, 4))},
    ).but(**changes)


def training_of(values: Any, dtype: str = "float64", **attributes: Any) -> Case:
    """Return a case that trains once on one channel, without parameters, from mean 0 and variance 1."""
    x = np.array(values, FORMATS[dtype].dtype).reshape(-1, 1)
    start = {"running_mean": np.zeros(1, x.dtype), "running_var": np.ones(1, x.dtype)}
    known = {"epsilon": 1e-5, "momentum": 0.1} | attributes
    return Case("batch_norm", dtype, known, (Step("train", x),), {}, start)


def answered(implementation: Implementation, asked: Case) -> tuple[Any, ...]:
    outcome = ask(implementation, asked)
    assert isinstance(outcome, Returned), outcome
    return outcome.steps
