"""What a variant demands of half precision beyond a tolerance: that numbers are among the few that its roundings give.

A tolerance allows whatever lies near. A layer that rounds in between can give some of those numbers only: there are few
enough to try them all.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from normspec.properties.identification.axes import HALVES
from normspec.properties.laws.judging import wide
from normspec.properties.trial import Trial
from normspec.spec.formats import FORMATS, Array

STEPS = 2  # a rounded scalar is at most so many numbers of its format off
MOST_ELEMENTS = 4096
SLACK = 2.0**-20  # for float32 arithmetic around the scalar: a handful of roundings of 2^-24 each


def impossible(trial: Trial, index: int, chosen: Mapping[str, str]) -> str:
    """Return why a forward's y in half precision cannot come from a combination of variants; nothing where it can."""
    step, gamma = trial.case.script[index], trial.case.parameters.get("gamma")
    if trial.case.dtype not in HALVES or "cast_order" not in chosen or step.verb == "backward" or gamma is None:
        return ""
    blocks = trial.blocks(step.input.shape)
    spread = blocks.spread_over(wide(gamma)) + (chosen["scale_form"] == "offset")
    factor = spread.astype(gamma.dtype).astype(np.float64)  # gamma as the format has it
    y = wide(trial.steps[index]["y"])
    if chosen["cast_order"] == "before_scale":
        return _no_product(y, factor, trial.case.dtype)
    if chosen["statistics_dtype"] == "input" and "residual" not in trial.case.parameters:
        return _no_scalar(trial, index, y, factor)
    return ""


def _no_product(y: Array, factor: Array, dtype: str) -> str:
    """Return which y is no number of the format times gamma, rounded to the format."""
    with np.errstate(all="ignore"):
        every = np.arange(2**16, dtype=np.uint16).view(FORMATS[dtype].dtype)
        every = every[np.isfinite(every)]
    for gamma in np.unique(factor):
        with np.errstate(all="ignore"):
            products = (every.astype(np.float64) * gamma).astype(every.dtype).astype(np.float64)
        wrong = ~np.isin(y, products) & (factor == gamma) & np.isfinite(y)
        if wrong.any():
            return f"y is {y[wrong][0]:.9g}, which is no {dtype} number times gamma = {gamma:g}, rounded"
    return ""


def _no_scalar(trial: Trial, index: int, y: Array, factor: Array) -> str:
    """Return for which group no scalar of the format, and no rounded mean square, gives y; nothing where one does.

    A layer may keep the exact scalar for the forward and round it for the backward alone: that is allowed as well.
    """
    dtype = FORMATS[trial.case.dtype]
    groups, epsilon = trial.groups(y.shape), trial.case.attributes["epsilon"]
    x, rows, scale = (groups.split(values) for values in (wide(trial.case.script[index].input), y, factor))
    square = np.mean(np.square(x), axis=1)
    with np.errstate(all="ignore"):
        exact = 1 / np.sqrt(square + epsilon)
        scalars = _near(exact, dtype.dtype) + [1 / np.sqrt(near + epsilon) for near in _near(square, dtype.dtype)]
        possible = [_gives(x * scale * each[:, None], rows, dtype.unit_roundoff) for each in scalars]
    whole = _gives(x * scale * exact[:, None], rows, dtype.unit_roundoff).all()
    lost = ~np.any(possible, axis=0)
    return f"y of group {int(np.argmax(lost))} is that of no scalar of {dtype.name}" if lost.any() and not whole else ""


def no_statistics(trial: Trial, index: int) -> str:
    """Return for which group no mean and scalar of the format give a forward's y in half precision; nothing else.

    Either may be exact as well. It is about layers that centre each group by its own mean, and are given no more.
    """
    step, dtype, operation = trial.case.script[index], FORMATS[trial.case.dtype], trial.operation
    plain = operation.oracle == "normalize" and "residual" not in trial.case.parameters
    if (
        dtype.name not in HALVES
        or not plain
        or index not in trial.normalizing
        or not 0 < step.input.size <= MOST_ELEMENTS
    ):
        return ""
    split, blocks = trial.groups(step.input.shape).split, trial.blocks(step.input.shape)
    given = {name: blocks.spread_over(wide(values)) for name, values in trial.case.parameters.items()}
    gamma, beta = (
        split(given.get(name, np.full(step.input.shape, value))) for name, value in (("gamma", 1.0), ("beta", 0.0))
    )
    x, y, epsilon = split(wide(step.input)), split(wide(trial.steps[index]["y"])), trial.case.attributes["epsilon"]
    possible = ~np.isfinite(y).all(axis=1)
    with np.errstate(all="ignore"):
        for mean in (x.mean(axis=1), *_near(x.mean(axis=1), dtype.dtype)):
            centred = x - mean[:, None]
            for scalar in _scalars(x, centred, epsilon, dtype.dtype):
                factor = gamma * scalar[:, None]
                size = np.abs(factor) * (np.abs(x) + np.abs(mean)[:, None]) + np.abs(beta)
                possible |= _gives(factor * centred + beta, y, dtype.unit_roundoff, size, dtype.half_subnormal)
    return (
        "" if possible.all() else f"y of group {int(np.argmin(possible))} is that of no mean and scalar of {dtype.name}"
    )


def _scalars(x: Array, centred: Array, epsilon: float, dtype: np.dtype[Any]) -> Iterator[Array]:
    """Yield by what the elements of each group may be multiplied: rounded, of a rounded variance, or neither."""
    about_own = np.square(x - x.mean(axis=1, keepdims=True)).mean(axis=1)
    for variance in (about_own, np.square(centred).mean(axis=1)):
        exact = 1 / np.sqrt(variance + epsilon)
        yield exact
        yield from _near(exact, dtype)
        yield from (1 / np.sqrt(near + epsilon) for near in _near(variance, dtype))


def _near(values: Array, dtype: np.dtype[Any]) -> list[Array]:
    """Return the numbers of a format within STEPS of values."""
    bits = values.astype(dtype).view(np.uint16)
    return [(bits + np.uint16(k % 2**16)).view(dtype).astype(np.float64) for k in range(-STEPS, STEPS + 1)]


def _gives(exact: Array, observed: Array, roundoff: float, size: Array | None = None, least: float = 0.0) -> Array:
    """Return for which rows every element is one rounding to the format away, as sums of terms of a size are."""
    slack = (np.abs(exact) if size is None else size) * SLACK
    rounding = np.exp2(np.floor(np.log2(np.abs(exact) + slack))) * roundoff
    return np.asarray((np.abs(exact - observed) <= slack + np.maximum(rounding, least)).all(axis=1))
