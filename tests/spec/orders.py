"""The orders of operations that correct layers take: every operation rounded to the arrays' dtype. Rows (groups, m)."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from simulated import pairwise as total

Rows = Any
Order = Callable[..., Rows]


FORWARD: Mapping[str, Order] = {
    "normalize, then scale": lambda x, mean, r, g, b: g * ((x - mean) * r) + b,
    "scale, then normalize": lambda x, mean, r, g, b: (g * (x - mean)) * r + b,
    "scale, then divide": lambda x, mean, r, g, b: g * (x - mean) / (1 / r) + b,
    "scale rstd": lambda x, mean, r, g, b: (g * r) * (x - mean) + b,
    "fold": lambda x, mean, r, g, b: x * (g * r) + (b - mean * (g * r)),
    "divide apart": lambda x, mean, r, g, b: g * (x * r - mean * r) + b,
}
"""y from x, mean, rstd, gamma and beta."""

GAMMA: Mapping[str, Order] = {
    "sum of normalized": lambda x, dy, mean, r: total(dy * ((x - mean) * r)),
    "cotangent times rstd": lambda x, dy, mean, r: total((dy * r) * (x - mean)),
    "rstd last": lambda x, dy, mean, r: total(dy * (x - mean)) * r,
    "mean and rstd last": lambda x, dy, mean, r: (total(dy * x) - total(dy) * mean) * r,
}
"""dgamma from x, dy, mean and rstd."""


def _gamma_first(x: Rows, dy: Rows, mean: Rows, r: Rows, gamma: Rows, m: Any) -> Rows:
    xhat, g = (x - mean) * r, dy * gamma
    return (g - total(g) / m - xhat * (total(g * xhat) / m)) * r


def _gamma_last(x: Rows, dy: Rows, mean: Rows, r: Rows, gamma: Rows, m: Any) -> Rows:
    xhat = (x - mean) * r
    return ((dy - total(dy) / m - xhat * (total(dy * xhat) / m)) * r) * gamma


def _gamma_before_rstd(x: Rows, dy: Rows, mean: Rows, r: Rows, gamma: Rows, m: Any) -> Rows:
    xhat = (x - mean) * r
    return ((dy - total(dy) / m - xhat * (total(dy * xhat) / m)) * gamma) * r


def _projected(x: Rows, dy: Rows, mean: Rows, r: Rows, gamma: Rows, m: Any) -> Rows:
    k = total(dy * (x - mean)) * r * r / m
    return (dy - total(dy) / m - (x - mean) * k) * r * gamma


def _mean_first(x: Rows, dy: Rows, mean: Rows, r: Rows, gamma: Rows, m: Any) -> Rows:
    one = m / m / m
    k = (total(dy * (x - mean)) * one) * (r * r)
    return (dy - (x - mean) * k - total(dy) * one) * (gamma * r)


def _gathered(x: Rows, dy: Rows, mean: Rows, r: Rows, gamma: Rows, m: Any) -> Rows:
    xhat = (x - mean) * r
    return (gamma * r / m) * (m * dy - total(dy) - xhat * total(dy * xhat))


def _folded(x: Rows, dy: Rows, mean: Rows, r: Rows, gamma: Rows, m: Any) -> Rows:
    ds, db = total(dy * gamma * x), total(dy * gamma)
    b = (db * mean - ds) * r * r * r / m
    return (r * gamma) * dy + b * x + (-b * mean - db * r / m)


INPUT: Mapping[str, Order] = {
    "gamma first": _gamma_first,
    "gamma last": _gamma_last,
    "gamma before rstd": _gamma_before_rstd,
    "projected": _projected,
    "projected, mean first": _mean_first,
    "gathered": _gathered,
    "folded": _folded,
}
"""dx from x, dy, mean, rstd, gamma and m."""


def statistics(x: Rows, epsilon: float) -> tuple[Rows, Rows, Any]:
    """Return mean and rstd in two passes, and m, all in the dtype of x."""
    m = x.dtype.type(x.shape[1])
    mean = total(x) / m
    variance = total(np.square(x - mean)) / m
    return mean, 1 / np.sqrt(variance + x.dtype.type(epsilon)), m
