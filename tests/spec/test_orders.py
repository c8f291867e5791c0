"""Every order of operations that a correct layer may take stays within the tolerance, down to subnormal values."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import orders
import pytest
from asking import BATCH_NORM, BIASED, bounds, layer, one_format

from normspec.spec import forms
from normspec.spec.case import Case, Step
from normspec.spec.contracts import blocked
from normspec.spec.formats import FORMATS
from normspec.spec.numbers import contract as arithmetic
from normspec.spec.question import Question
from normspec.spec.tolerance import Bounded, bounded

DTYPES = ("float32", "float64")
SCALES = {"a few subnormals": 0.0, "near the least normal": 4.0, "variance near epsilon": 3e-3, "ordinary": 1.0}
SIZES = (1, 2, 3, 8, 33)


def values(rng: np.random.Generator, shape: tuple[int, int], dtype: str, scale: str) -> Any:
    noise = rng.normal(size=shape)
    if scale == "a few subnormals":
        return (rng.integers(-8, 9, size=shape) * FORMATS[dtype].smallest_subnormal).astype(dtype)
    return (SCALES[scale] * (np.finfo(dtype).tiny if scale == "near the least normal" else 1.0) * noise).astype(dtype)


def rows(dtype: str) -> Iterator[tuple[Any, Any, Any, Any, float]]:
    """Yield x, dy, gamma, beta and epsilon: every size with every scale of values and of cotangents."""
    rng = np.random.default_rng(7)
    for m in SIZES:
        for scale in SCALES:
            for other in SCALES:
                x, dy = values(rng, (16, m), dtype, scale), values(rng, (16, m), dtype, other)
                gamma, beta = (np.exp(4 * rng.normal(size=(16, 1))).astype(dtype) for _ in range(2))
                beta[::2] = values(rng, (8, 1), dtype, scale)
                yield x, dy, gamma, beta, float(rng.choice([1e-12, 1e-5, 1e-3, 1.0, 10.0]))


def excess(seen: Any, found: Bounded) -> float:
    """Return the largest error as a multiple of the tolerance."""
    error = np.abs(seen.astype(np.float64) - found.exact.high - found.exact.low) - found.exact.radius
    return float(np.max(np.where(error > 0, error / found.tolerance, 0.0)))


def training(dtype: str) -> dict[str, float]:
    """Return how far each order of a training step and its backward goes, in every case of rows."""
    worst: dict[str, float] = {}
    contract = one_format(dtype, blocked)
    with np.errstate(all="ignore"):
        for x, dy, gamma, beta, epsilon in rows(dtype):
            case = layer(x, dy, dtype=dtype, gamma=gamma, beta=beta, epsilon=epsilon)
            found = bounds(case, 0, contract) | bounds(case, 1, contract)
            mean, r, m = orders.statistics(x, epsilon)
            seen = [("y", name, order(x, mean, r, gamma, beta)) for name, order in orders.FORWARD.items()]
            seen += [("dgamma", name, order(x, dy, mean, r)) for name, order in orders.GAMMA.items()]
            seen += [("dx", name, order(x, dy, mean, r, gamma, m)) for name, order in orders.INPUT.items()]
            for output, name, given in seen:
                key = f"{output}: {name}"
                worst[key] = max(worst.get(key, 0.0), excess(given, found[output]))
    return worst


def inference(dtype: str) -> dict[str, float]:
    """Return the same for a step of inference and its backward."""
    worst: dict[str, float] = {}
    contract = one_format(dtype, blocked)
    with np.errstate(all="ignore"):
        for x, dy, gamma, beta, epsilon in rows(dtype):
            mean, variance = x[:, :1] * x.dtype.type(0.75), np.abs(x[:, -1:])
            state = {"running_mean": mean[:, 0], "running_var": variance[:, 0]}
            steps = (Step("infer", x.T), Step("backward", cotangent=dy.T, of=0))
            parameters = {"gamma": gamma[:, 0], "beta": beta[:, 0]}
            case = Case("batch_norm", dtype, {"epsilon": epsilon, "momentum": 0.1}, steps, parameters, state)
            found: dict[str, Bounded] = {}
            for index in (0, 1):
                question = Question(BATCH_NORM, case, index, state, BIASED, contract)
                found |= bounded(forms.forms_of(question), question.arrays, contract)
            r = 1 / np.sqrt(variance + x.dtype.type(epsilon))
            seen = [("y", name, order(x, mean, r, gamma, beta)) for name, order in orders.FORWARD.items()]
            seen += [("dgamma", name, order(x, dy, mean, r)) for name, order in orders.GAMMA.items()]
            seen += [("dx", "rstd last", dy * gamma * r), ("dx", "gamma last", dy * r * gamma)]
            seen += [("dx", "together", dy * (r * gamma))]
            for output, name, given in seen:
                key = f"{output}: {name}"
                worst[key] = max(worst.get(key, 0.0), excess(given, found[output]))
    return worst


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("measure", [training, inference])
def test_every_order_stays_within_the_tolerance(measure: Any, dtype: str) -> None:
    over = {order: ratio for order, ratio in measure(dtype).items() if ratio > 1}
    assert not over


NEEDED = {
    "backward_folded": (training, "dx: folded"),
    "backward_projected": (training, "dx: projected, mean first"),
    "forward_apart": (training, "y: divide apart"),
    "forward_folded": (training, "y: fold"),
    "inference_apart": (inference, "y: divide apart"),
    "inference_backward_apart": (inference, "dgamma: mean and rstd last"),
    "inference_folded": (inference, "y: fold"),
}
"""Where a form is seen to be needed: without it, an order goes beyond the tolerance."""


@pytest.mark.parametrize("form", NEEDED)
def test_without_a_form_an_order_would_be_rejected(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fewer = {key: tuple(name for name in names if name != form) for key, names in forms.FORMS.items()}
    monkeypatch.setattr(forms, "FORMS", fewer)
    measure, order = NEEDED[form]
    assert measure("float32")[order] > 1


@pytest.mark.parametrize(("measure", "order"), [(training, "dx: projected"), (inference, "dx: gamma last")])
def test_a_product_in_one_order_alone_would_reject_another(
    measure: Any, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arithmetic, "lost_between", lambda sizes: np.zeros((1, 1)))
    assert measure("float32")[order] > 1


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_plain_layer_that_recovers_subnormals_is_not_rejected(dtype: str) -> None:
    x = (np.array([[0, -3, 7]]) * FORMATS[dtype].smallest_subnormal).astype(dtype)
    mean, r, _ = orders.statistics(x, 1e-3)
    one = np.ones((1, 1), dtype)
    gamma, beta = np.sqrt(one * x.dtype.type(1e-3)), mean * one
    found = bounds(layer(x, dtype=dtype, gamma=gamma, beta=beta, epsilon=1e-3), 0, one_format(dtype, blocked))["y"]
    for order in orders.FORWARD.values():
        assert excess(order(x, mean, r, gamma, beta), found) <= 1
