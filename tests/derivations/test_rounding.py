"""The printed rounding bounds hold for a float32 layer, are not empty, and are seen to be exceeded by a faulty one."""

from functools import reduce
from operator import mul
from types import SimpleNamespace

import numpy as np
import pytest

from normspec.derivations.evidence import NotProvedError
from normspec.derivations.language import Vector, scalar
from normspec.derivations.magnitudes import Magnitude, bounded
from normspec.derivations.rounding import BOUNDS, D, d
from normspec.spec.oracles import normalize, rounding

U, EPSILON = 2.0**-24, 1e-5
NUMPY = SimpleNamespace(
    total=np.sum,
    block_total=np.sum,
    product=lambda *factors: reduce(mul, factors),
    sqrt=np.sqrt,
    rsqrt=lambda a: 1 / np.sqrt(a),
    abs=np.abs,
)


def growth(k):
    return rounding.growth(k, U)["growth"]


def summed(values):
    """Sum float32 values one after the other: of height m - 1."""
    out = np.float32(0)
    for value in values:
        out = np.float32(out + value)
    return out


def group(seed):
    """A group whose mean is up to a thousand times its spread, and what it is normalized with."""
    draw = np.random.default_rng(seed)
    m = int(draw.integers(1, 65))
    spread = 10.0 ** draw.uniform(-2, 2)
    x = np.float32(draw.normal(spread * 10.0 ** draw.uniform(-2, 3), spread, m))
    return x, *(np.float32(draw.normal(size=m)) for _ in range(3))


class Layer:
    """A two-pass layer in float32, operation by operation."""

    def __init__(self, x, gamma, beta, dy):
        m, epsilon = np.float32(len(x)), np.float32(EPSILON)
        self.mean = summed(x) / m
        self.centred = x - self.mean
        self.variance = summed(self.centred * self.centred) / m
        self.rstd = np.float32(1) / np.sqrt(self.variance + epsilon)
        self.y = gamma * (self.centred * self.rstd) + beta
        g = gamma * dy
        gbar, q = summed(g) / m, summed(g * self.centred) / m
        self.dx = (g - gbar - self.centred * (q * self.rstd * self.rstd)) * self.rstd


def bounds(x, gamma, beta, dy):
    """The bounds for that layer, from exact values in float64."""
    m, g = len(x), gamma * dy
    exact = normalize.forward(NUMPY, x, gamma, beta, EPSILON, m, m)
    mean, variance = exact["mean"], exact["variance"]
    w = variance + EPSILON
    stored = U * abs(mean)
    d = rounding.mean(NUMPY, x, m, growth(m))["mean_error"] + stored
    around = rounding.variance(variance, d, growth(m + 5))
    r = rounding.rstd(NUMPY, w, around["above"], around["below"], growth(4))
    p = max(r["high"], r["low"])
    shared = (mean, w**-0.5, d, p)
    y = rounding.y(NUMPY, x, gamma, beta, *shared, growth(4), U)["y_error"]
    projection = rounding.projection(NUMPY, x, g, mean, m, d, growth(m + 4))["projection_error"]
    gbar_error = growth(m + 2) * np.mean(np.abs(g))
    q = np.mean(g * (x - mean))
    dx = rounding.dx(NUMPY, x, g, np.mean(g), q, *shared, gbar_error, projection, growth(8))
    return {"mean": d, "y": y, "dx": dx["shared_error"] + dx["own_error"]}


def worst_ratios(seeds, spoil=lambda layer: None):
    worst = {"mean": 0.0, "y": 0.0, "dx": 0.0}
    for seed in seeds:
        narrow = group(seed)
        x, gamma, beta, dy = (a.astype(np.float64) for a in narrow)
        layer = Layer(*narrow)
        spoil(layer)
        limit = bounds(x, gamma, beta, dy)
        exact = normalize.forward(NUMPY, x, gamma, beta, EPSILON, len(x), len(x))
        exact["dx"] = normalize.backward(NUMPY, x, dy, gamma, EPSILON, len(x), len(x))["dx"]
        for name in worst:
            slack = 2.0**-45 * (np.abs(exact[name]) + np.max(np.abs(x)))  # what float64 itself may be off by
            ratio = np.max(np.abs(getattr(layer, name) - exact[name]) / (limit[name] + slack))
            worst[name] = max(worst[name], float(ratio))
    return worst


def test_a_float32_layer_stays_within_its_bounds_and_comes_near():
    """Over 400 groups no error exceeds its bound, and some come to a fiftieth of it."""
    worst = worst_ratios(range(400))
    assert all(0.02 < ratio <= 1 for ratio in worst.values()), worst


def test_a_layer_that_is_off_by_little_exceeds_its_bounds():
    """One part in a thousand is noticed."""

    def spoil(layer):
        layer.mean, layer.y, layer.dx = layer.mean * 1.001, layer.y * 1.001, layer.dx * 1.001

    assert all(ratio > 1 for ratio in worst_ratios(range(40), spoil).values())


def test_a_bound_that_is_too_small_is_exceeded():
    """The trial of bounds is seen to fail."""
    with pytest.raises(NotProvedError, match="exceeded"):
        WrongMagnitude(scalar("b_1") * d, BOUNDS, "").verify()


class WrongMagnitude(Magnitude):
    """A bound of half the size."""

    @property
    def right(self):
        return super().right / 2


def test_the_triangle_inequality_goes_term_by_term():
    """Errors become their bounds, and the rest its magnitude."""
    x, c = Vector("x"), scalar("c_1")
    assert bounded(3 * d - x[1] * d**2, BOUNDS) == 3 * D + abs(x[1]) * D**2
    assert bounded(c**2, BOUNDS) == c**2
    with pytest.raises(ValueError, match="no bound"):
        bounded(1 / (1 + d), BOUNDS)
