"""The bound of Welford's recurrence and of Chan's merges holds in float16, whatever the order, and is not empty."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from normspec.spec.contracts import Contract, sequential
from normspec.spec.formats import FORMATS
from normspec.spec.numbers.summation import merge_error, merge_underflow, summation_error

KIND = np.float16
HALF = FORMATS["float16"]
Part = tuple[Any, Any, Any]


def joined(a: Part, b: Part) -> Part:
    """Merge two parts of count, mean and squares, the smaller into the larger; every operation is rounded."""
    (n, mean, squares), (p, other, more) = sorted((a, b), key=lambda part: -part[0])
    delta, weight = other - mean, p / (n + p)
    return n + p, mean + delta * weight, squares + more + delta * delta * (weight * n)


def stepped(part: Part, x: Any) -> Part:
    """Take one element more, as Welford does."""
    n, mean, squares = part
    delta = x - mean
    after = mean + delta / (n + KIND(1))
    return n + KIND(1), after, squares + delta * (x - after)


def single(x: Any) -> Part:
    return KIND(1), x, KIND(0)


def welford(x: Any) -> Iterator[Part]:
    part = single(x[0])
    for element in x[1:]:
        part = stepped(part, element)
    yield part


def one_by_one(x: Any) -> Iterator[Part]:
    part = single(x[0])
    for element in x[1:]:
        part = joined(part, single(element))
    yield part


def tree(x: Any) -> Iterator[Part]:
    parts = [single(element) for element in x]
    while len(parts) > 1:
        pairs = [joined(a, b) for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = pairs + parts[len(parts) - len(parts) % 2 :]
    yield parts[0]


def lanes(x: Any) -> Iterator[Part]:
    parts = [next(welford(lane)) for lane in np.split(x, range(4, len(x), 4))]
    part = parts[0]
    for other in parts[1:]:
        part = joined(part, other)
    yield part


def depth(m: int) -> int:
    """The height of a tree over m leaves."""
    return max(m - 1, 0).bit_length()


ORDERS: dict[str, tuple[Callable[[Any], Iterator[Part]], Callable[[int], int]]] = {
    "welford": (welford, sequential),
    "one by one": (one_by_one, sequential),
    "tree": (tree, depth),
    "lanes": (lanes, sequential),
}
REGIMES = {"spread 1": (1.0, 0.0), "mean 100 spreads off": (0.25, 25.0), "subnormal": (2.0**-20, 0.0)}


def ratios(order: str, regime: str, by_means: float = 1.0) -> Iterator[tuple[float, float]]:
    """Yield the errors of mean and squares over their bounds, of which by_means is the share of the means' errors."""
    compute, height = ORDERS[order]
    spread, centre = REGIMES[regime]
    contract = Contract("", HALF, HALF, HALF, HALF, height, algorithm="welford")
    for seed in range(60):
        draw = np.random.default_rng(seed)
        m = int(draw.integers(2, 40))
        x = draw.normal(centre, spread, m).astype(KIND)
        with np.errstate(all="ignore"):
            ((_, mean, squares),) = compute(x)
        if not np.isfinite(squares):
            continue
        exact = [Fraction(float(v)) for v in x]
        mu = sum(exact, Fraction(0)) / m
        M, raw = float(sum((v - mu) ** 2 for v in exact)), np.array([[float(sum(v * v for v in exact))]])
        off = float(abs(Fraction(float(mean)) - mu)) * m, abs(float(Fraction(float(squares))) - M)
        masses = float(sum(map(abs, exact))), M
        bounds = [
            summation_error(contract, m, role) * mass + merge_underflow(contract, m, role)
            for role, mass in zip(("data", "square"), masses, strict=True)
        ]
        bounds[1] += by_means * float(np.squeeze(merge_error(contract, np.array([[M]]), raw, m)))
        yield off[0] / bounds[0], off[1] / bounds[1]


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("order", ORDERS)
def test_merges_in_every_order_stay_within_their_bounds(order: str, regime: str) -> None:
    """No error of a mean or of a sum of squares exceeds its bound, and some come to a hundredth of it."""
    means, squares = zip(*ratios(order, regime), strict=True)
    assert 0.01 < max(means) <= 1
    assert max(squares) <= 1


@pytest.mark.parametrize("order", ORDERS)
def test_the_bound_of_the_squares_is_needed(order: str) -> None:
    """Far from zero the errors of the means show: without a hundredth of what they make, the bound is exceeded."""
    assert max(squares for _, squares in ratios(order, "mean 100 spreads off", 0.005)) > 1
