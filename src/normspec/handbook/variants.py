"""What each variant of a convention answers to one question, as places of a chart.

It is computed by the formulas of the NumPy implementations, or by the layers themselves.
"""

from collections.abc import Sequence
from math import isfinite
from typing import Any

import ml_dtypes
import numpy as np

from normspec.handbook.charts import Place
from normspec.implementations.numpy.family import DEVIATIONS
from normspec.implementations.numpy.formulas import (
    affine,
    average,
    debiased,
    moved,
    new_weight,
    normalize,
    rstd,
    rstd_outside,
    two_pass,
    unbiased,
)
from normspec.implementations.numpy.layer import NumpyLayer
from normspec.spec.case import Case, Step
from normspec.spec.formats import Array

STEPS = 12
"""Batches that a running mean is followed for."""


def _column(values: Sequence[float], dtype: Any = np.float64) -> Array:
    return np.asarray(values, dtype).reshape(-1, 1)


def _row(values: Sequence[float], dtype: Any = np.float64) -> Array:
    return np.asarray(values, dtype).reshape(1, -1)


def _trained(
    batches: Sequence[Array], epsilon: float, convention: str, variant: str
) -> tuple[list[Array], list[float]]:
    """Train a batch norm of one channel on batches, until it refuses one; return each y and each running mean."""
    state = {"running_mean": np.zeros(1), "running_var": np.ones(1)}
    case = Case(
        "batch_norm",
        "float64",
        {"epsilon": epsilon, "momentum": 0.5},
        tuple(Step("train", x=batch) for batch in batches),
        state=state,
    )
    outputs, means = list[Array](), list[float]()
    try:
        instance = NumpyLayer(case, DEVIATIONS, {convention: variant})
        for batch in batches:
            outputs.append(instance.forward(batch, training=True))
            means.append(float(instance.state()["running_mean"][0]))
    except ValueError:  # refused: the convention says so, and there is nothing to draw from here on
        pass
    return outputs, means


def momentum(variant: str) -> list[Place]:
    """Return the running mean, step by step, of batches whose mean is 1."""
    running, places = _column([0.0]), [(0.0, 0.0)]
    for step in range(1, STEPS + 1):
        running = moved(running, _column([1.0]), new_weight(0.1, variant, step))
        places.append((step, float(running[0, 0])))
    return places


def initial_value(variant: str) -> list[Place]:
    """Return the running mean from 0 on, step by step, of batches whose mean is 1."""
    weights = [debiased(0.1, step) if variant == "debiased" else 0.1 for step in range(1, STEPS + 1)]
    running, places = _column([0.0]), [(0.0, 0.0)]
    for step, weight in enumerate(weights, 1):
        running = moved(running, _column([1.0]), weight)
        places.append((step, float(running[0, 0])))
    return places


def running_variance(variant: str) -> list[Place]:
    """Return what a biased variance of 1 is counted as, over the size of the group."""
    one = _column([1.0])
    return [(m, float(unbiased(one, one, m)[0, 0]) if variant == "unbiased" else 1.0) for m in range(2, 25)]


def single_element(variant: str) -> list[Place]:
    """Return y of a group of one element, over the element."""
    places = []
    for x in np.linspace(-3, 3, 25):
        outputs, _ = _trained([_column([x])], 1.0, "single_element", variant)
        places += [(float(x), float(y[0, 0])) for y in outputs if isfinite(y[0, 0])]
    return places


def empty_batch(variant: str) -> list[Place]:
    """Return the running mean over five batches, the third of which is empty."""
    batches = [_column([1, 3]), _column([1, 3]), _column([]), _column([1, 3]), _column([1, 3])]
    _, means = _trained(batches, 1.0, "empty_batch", variant)
    return [(0, 0.0), *((step, mean) for step, mean in enumerate(means, 1) if isfinite(mean))]


def nan(variant: str) -> list[Place]:
    """Return y of four numbers, over them, that stand in a group with a NaN."""
    if variant != "ignore":
        return []  # y of all five is NaN, or there is none
    rows = _row([-2, -1, 1, 2])
    mean, variance = two_pass(rows)
    y = normalize(rows, mean, rstd(variance, np.zeros(())))
    return list(zip(rows[0].tolist(), y[0].tolist(), strict=True))


def negative_epsilon(variant: str) -> list[Place]:
    """Return y of the larger of two numbers of variance 1, over epsilon."""
    places = []
    for epsilon in np.linspace(-0.8, 2, 57):
        outputs, _ = _trained([_column([-1, 1])], float(epsilon), "negative_epsilon", variant)
        places += [(float(epsilon), float(y[1, 0])) for y in outputs]
    return places


def statistics_dtype(variant: str) -> list[Place]:
    """Return the largest error of seven normalized numbers, over the smallest of them."""
    places = []
    for offset in np.arange(0, 65, 1):
        rows = _row([offset + step for step in (0, 0.25, 0.5, 1, 1.5, 2, 2.75)], np.float16).astype(np.float32)
        mean, variance = two_pass(rows)
        exact = normalize(rows, mean, rstd(variance, np.zeros((), np.float32)))
        if variant == "input":
            mean, variance = (kept.astype(np.float16).astype(np.float32) for kept in (mean, variance))
        error = np.abs(normalize(rows, mean, rstd(variance, np.zeros((), np.float32))) - exact)
        places.append((float(offset), float(error.max())))
    return places


def epsilon_place(variant: str) -> list[Place]:
    """Return the standard deviation of y for epsilon = 1, over that of x."""
    by = rstd_outside if variant == "added" else rstd
    return [(float(s), float(s * by(_column([s * s]), np.ones(()))[0, 0])) for s in np.linspace(0, 4, 81)]


def residual_sum(variant: str) -> list[Place]:
    """Return the sum of 1 and a residual in float16, over the residual."""
    small = np.linspace(0, 0.02, 161, dtype=np.float32)
    wide = np.float16 if variant == "input" else np.float32
    return [(float(r), float(wide(1) + wide(r))) for r in small]


def deviation(variant: str) -> list[Place]:
    """Return the mean square of z-scores, over their number."""
    places = list[Place]()
    for m in range(2, 25):
        rows = _row(range(m))
        mean, variance = two_pass(rows)
        spread = variance if variant == "population" else unbiased(mean, variance, m)
        scores = normalize(rows, mean, rstd(spread, np.zeros(())))
        places.append((m, float(average(np.square(scores))[0, 0])))
    return places


def scale_form(variant: str) -> list[Place]:
    """Return y of a normalized input of 1, over gamma as it is stored."""
    one = _row([1.0])
    offset = 1.0 if variant == "offset" else 0.0
    return [(float(g), float(affine(one, _row([g + offset]), None)[0, 0])) for g in np.linspace(-2, 2, 5)]


def cast_order(variant: str) -> list[Place]:
    """Return the error of y in bfloat16, over the normalized input."""
    xhat = np.linspace(1, 2, 300, dtype=np.float32).reshape(1, -1)
    gamma = np.asarray(1.2890625, np.float32)
    kept = xhat.astype(ml_dtypes.bfloat16).astype(np.float32) if variant == "before_scale" else xhat
    y = affine(kept, gamma, None).astype(ml_dtypes.bfloat16).astype(np.float64)
    exact = xhat.astype(np.float64) * gamma.astype(np.float64)
    return list(zip(xhat[0].tolist(), (np.abs(y - exact)[0] / 2**-7).tolist(), strict=True))
