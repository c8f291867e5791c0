"""What values are like: each regime makes rows in float64 that show another side of an implementation's errors."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Rows = Any
Regime = Callable[[np.random.Generator, tuple[int, int]], Rows]


def _noise(rng: np.random.Generator, shape: tuple[int, int]) -> Rows:
    return rng.normal(size=shape)


def shifted(ratio: float, scale: float = 1.0) -> Regime:
    """Return rows whose mean is `ratio` times their spread."""
    return lambda rng, shape: scale * (ratio + _noise(rng, shape))


def _outlier(rng: np.random.Generator, shape: tuple[int, int]) -> Rows:
    rows = _noise(rng, shape)
    rows[:, 0] *= 1e4
    return rows


def _constant(rng: np.random.Generator, shape: tuple[int, int]) -> Rows:
    return 100.0 * rng.normal(size=(shape[0], 1)) + np.zeros(shape)


def _alternating(rng: np.random.Generator, shape: tuple[int, int]) -> Rows:
    return (1.0 + 1e-3 * _noise(rng, shape)) * (-1.0) ** np.arange(shape[1])


def scaled(factor: float) -> Regime:
    """Return rows of noise of this size."""
    return lambda rng, shape: factor * _noise(rng, shape)


REGIMES: Mapping[str, Regime] = {
    "noise": _noise,
    "variance near epsilon": scaled(3e-3),
    "mean 10 spreads off": shifted(10.0),
    "mean 1e3 spreads off": shifted(1e3),
    "mean 1e5 spreads off": shifted(1e5, 1e-3),
    "mean 1e8 spreads off": shifted(1e8, 1e-6),
    "constant": _constant,
    "outlier": _outlier,
    "alternating": _alternating,
    "large": scaled(1e3),
    "small": scaled(1e-6),
    "subnormal": lambda rng, shape: _noise(rng, shape) * 1e-41,
    "integers": lambda rng, shape: rng.integers(-3, 4, size=shape).astype(np.float64),
}
