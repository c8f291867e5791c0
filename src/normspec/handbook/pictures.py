"""One picture for each convention: the same question, answered by each variant.

What is drawn is computed by the formulas of the NumPy implementations, or by the layers themselves.
"""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from types import MappingProxyType
from typing import Any

import ml_dtypes
import numpy as np

from normspec.handbook.charts import Chart, Place, Series
from normspec.implementations.formulas import (
    affine,
    average,
    debiased,
    moved,
    new_weight,
    normalize,
    rstd,
    two_pass,
    unbiased,
)
from normspec.implementations.numpy_family import DEVIATIONS
from normspec.implementations.numpy_layer import NumpyLayer
from normspec.spec.case import Case, Step
from normspec.spec.conventions import CONVENTIONS
from normspec.spec.formats import Array

Answer = Callable[[str], Sequence[Place]]
STEPS = 12
ELSEWHERE = {"refuse": "an error", "nan": "NaN", "propagate": "NaN"}
"""What comes of a variant where there is nothing to draw."""


def _chart(
    name: str, answer: Answer, title: str, axes: tuple[str, str], *, x: Place, y: Place, joined: bool = True
) -> Chart:
    series = tuple(Series(v, answer(v), joined, ELSEWHERE.get(v, "")) for v in CONVENTIONS[name].variants)
    return Chart(title, *axes, series, x, y)


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


def _momentum(variant: str) -> list[Place]:
    running, places = _column([0.0]), [(0.0, 0.0)]
    for step in range(1, STEPS + 1):
        running = moved(running, _column([1.0]), new_weight(0.1, variant, step))
        places.append((step, float(running[0, 0])))
    return places


def _initial_value(variant: str) -> list[Place]:
    weights = [debiased(0.1, step) if variant == "debiased" else 0.1 for step in range(1, STEPS + 1)]
    running, places = _column([0.0]), [(0.0, 0.0)]
    for step, weight in enumerate(weights, 1):
        running = moved(running, _column([1.0]), weight)
        places.append((step, float(running[0, 0])))
    return places


def _running_variance(variant: str) -> list[Place]:
    one = _column([1.0])
    return [(m, float(unbiased(one, one, m)[0, 0]) if variant == "unbiased" else 1.0) for m in range(2, 25)]


def _single_element(variant: str) -> list[Place]:
    places = []
    for x in np.linspace(-3, 3, 25):
        outputs, _ = _trained([_column([x])], 1.0, "single_element", variant)
        places += [(float(x), float(y[0, 0])) for y in outputs if isfinite(y[0, 0])]
    return places


def _empty_batch(variant: str) -> list[Place]:
    batches = [_column([1, 3]), _column([1, 3]), _column([]), _column([1, 3]), _column([1, 3])]
    _, means = _trained(batches, 1.0, "empty_batch", variant)
    return [(0, 0.0), *((step, mean) for step, mean in enumerate(means, 1) if isfinite(mean))]


def _nan(variant: str) -> list[Place]:
    if variant != "ignore":
        return []  # y of all five is NaN, or there is none
    rows = _row([-2, -1, 1, 2])
    mean, variance = two_pass(rows)
    y = normalize(rows, mean, rstd(variance, np.zeros(())))
    return list(zip(rows[0].tolist(), y[0].tolist(), strict=True))


def _negative_epsilon(variant: str) -> list[Place]:
    places = []
    for epsilon in np.linspace(-0.8, 2, 57):
        outputs, _ = _trained([_column([-1, 1])], float(epsilon), "negative_epsilon", variant)
        places += [(float(epsilon), float(y[1, 0])) for y in outputs]
    return places


def _statistics_dtype(variant: str) -> list[Place]:
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


def _residual_sum(variant: str) -> list[Place]:
    small = np.linspace(0, 0.02, 161, dtype=np.float32)
    wide = np.float16 if variant == "input" else np.float32
    return [(float(r), float(wide(1) + wide(r))) for r in small]


def _deviation(variant: str) -> list[Place]:
    places = list[Place]()
    for m in range(2, 25):
        rows = _row(range(m))
        mean, variance = two_pass(rows)
        spread = variance if variant == "population" else unbiased(mean, variance, m)
        scores = normalize(rows, mean, rstd(spread, np.zeros(())))
        places.append((m, float(average(np.square(scores))[0, 0])))
    return places


def _scale_form(variant: str) -> list[Place]:
    one = _row([1.0])
    offset = 1.0 if variant == "offset" else 0.0
    return [(float(g), float(affine(one, _row([g + offset]), None)[0, 0])) for g in np.linspace(-2, 2, 5)]


def _cast_order(variant: str) -> list[Place]:
    xhat = np.linspace(1, 2, 300, dtype=np.float32).reshape(1, -1)
    gamma = np.asarray(1.2890625, np.float32)
    kept = xhat.astype(ml_dtypes.bfloat16).astype(np.float32) if variant == "before_scale" else xhat
    y = affine(kept, gamma, None).astype(ml_dtypes.bfloat16).astype(np.float64)
    exact = xhat.astype(np.float64) * gamma.astype(np.float64)
    return list(zip(xhat[0].tolist(), (np.abs(y - exact)[0] / 2**-7).tolist(), strict=True))


def _momentum_chart() -> Chart:
    axes = ("batches seen", "running mean")
    title = "Running mean with momentum = 0.1, when the mean of the batches goes from 0 to 1"
    return _chart("momentum", _momentum, title, axes, x=(0, STEPS), y=(0, 1))


PICTURES: Mapping[str, Callable[[], Chart]] = MappingProxyType(
    {
        "momentum": _momentum_chart,
        "initial_value": lambda: _chart(
            "initial_value",
            _initial_value,
            "Running mean with momentum = 0.1 from 0 on, when the mean of every batch is 1",
            ("batches seen", "running mean"),
            x=(0, STEPS),
            y=(0, 1),
        ),
        "running_variance": lambda: _chart(
            "running_variance",
            _running_variance,
            "What a variance of 1 adds to the running variance",
            ("m, the size of the group", "variance"),
            joined=False,
            x=(0, 24),
            y=(0, 2),
        ),
        "single_element": lambda: _chart(
            "single_element",
            _single_element,
            "y of a group of one element, with beta = 0",
            ("x", "y"),
            x=(-3, 3),
            y=(-1, 1),
        ),
        "empty_batch": lambda: _chart(
            "empty_batch",
            _empty_batch,
            "Running mean when the third of five batches of mean 2 is empty (momentum = 0.5)",
            ("batches seen", "running mean"),
            x=(0, 5),
            y=(0, 2),
        ),
        "nan": lambda: _chart(
            "nan",
            _nan,
            "y of −2, −1, 1 and 2, which have a NaN beside them",
            ("x", "y"),
            joined=False,
            x=(-3, 3),
            y=(-2, 2),
        ),
        "negative_epsilon": lambda: _chart(
            "negative_epsilon",
            _negative_epsilon,
            "y of the upper one of x = −1 and 1, whose variance is 1",
            ("epsilon", "y"),
            x=(-1, 2),
            y=(0, 2.5),
        ),
        "statistics_dtype": lambda: _chart(
            "statistics_dtype",
            _statistics_dtype,
            "Error of the normalized elements of seven float16 numbers that are at most 2.75 apart",
            ("the smallest of them", "largest error"),
            x=(0, 64),
            y=(0, 0.05),
        ),
        "residual_sum": lambda: _chart(
            "residual_sum",
            _residual_sum,
            "x + residual for x = 1 in float16",
            ("residual", "sum"),
            x=(0, 0.02),
            y=(1, 1.02),
        ),
        "deviation": lambda: _chart(
            "deviation",
            _deviation,
            "Mean square of the z-scores",
            ("m, the number of elements", "mean square"),
            joined=False,
            x=(0, 24),
            y=(0, 1.2),
        ),
        "scale_form": lambda: _chart(
            "scale_form",
            _scale_form,
            "What a normalized input of 1 becomes",
            ("gamma as it is stored", "y"),
            x=(-2, 2),
            y=(-2, 3),
        ),
        "cast_order": lambda: _chart(
            "cast_order",
            _cast_order,
            "Error of y in bfloat16, gamma = 1.2890625",
            ("normalized input", "error in units of 2⁻⁷"),
            x=(1, 2),
            y=(0, 1.5),
        ),
    }
)
