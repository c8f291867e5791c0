"""The engines enclose what they say: against arbitrary precision, an independent oracle, and broken engines."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import exact_sums
import numpy as np
import pytest
from fuzz import ENGINES, fuzz
from regimes import REGIMES

from normspec.spec.formats import FORMATS
from normspec.spec.numbers import twofold
from normspec.spec.numbers.arb import Arb, working_precision
from normspec.spec.numbers.ball import Ball, Balls
from normspec.spec.numbers.certified import Certified
from normspec.spec.numbers.double_double import DoubleDouble, Twofold
from normspec.spec.numbers.plain import PLAIN
from normspec.spec.oracles import normalize


@pytest.mark.parametrize("dtype", FORMATS)
def test_no_fuzzed_enclosure_misses_the_exact_result(dtype: str) -> None:
    for tally in fuzz(1, 0, dtypes=(dtype,)).values():
        assert not tally.places
        assert tally.violations == 0
        assert tally.enclosures > 2 * tally.unclaimed


def evaluate(engine: Any, x: Any, dy: Any, gamma: Any, beta: Any, epsilon: float) -> dict[str, Any]:
    """Return the outputs of the normalization family, as an engine's numbers."""
    system = Certified(engine)
    lifted = [engine.lift(a) for a in (x, dy, gamma, beta, np.full((1, 1), epsilon))]
    m = x.shape[1]
    forward = normalize.forward(system, lifted[0], *lifted[2:], m, m)
    return forward | normalize.backward(system, *lifted[:3], lifted[4], m, m)


class BallsThatSumExactly(Balls):
    """Broken: the rounding errors of sums are left out."""

    def total(self, a: Ball) -> Ball:
        return Ball(np.add.reduce(a.middle, axis=-1, keepdims=True), np.sum(a.radius + 0 * a.middle, -1, keepdims=True))


@dataclass(frozen=True)
class Narrowed:
    """Broken: an engine whose radii are made smaller."""

    engine: Any
    factor: float

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)

    def enclosure(self, a: Any) -> Any:
        found = self.engine.enclosure(a)
        return type(found)(found.high, found.low, found.radius * self.factor)


BROKEN_SHOW = ("batch_norm", "group_norm", "layer_norm", "weight_norm")


@pytest.mark.parametrize(
    "broken", [BallsThatSumExactly(), Narrowed(Balls(), 0.02), Narrowed(DoubleDouble(), 0.02)], ids=str
)
def test_the_fuzz_finds_what_a_broken_engine_misses(broken: Any) -> None:
    assert fuzz(1, 0, {"broken": broken}, BROKEN_SHOW, ("float64",))["broken"].violations > 0


@pytest.mark.parametrize("engine", [*ENGINES.values(), Arb()], ids=lambda engine: type(engine).__name__)
@pytest.mark.parametrize("regime", ["noise", "mean 1e5 spreads off", "outlier", "constant", "small"])
def test_every_engine_agrees_with_exact_sums(engine: Any, regime: str) -> None:
    rng = np.random.default_rng(7)
    x, dy = REGIMES[regime](rng, (1, 9)), rng.normal(size=(1, 9))
    with working_precision(200), np.errstate(all="ignore"):
        found = evaluate(engine, x, dy, np.full((1, 1), 1.5), np.full((1, 1), -0.25), 1e-5)
        for name, exact in exact_sums.layer(x[0], dy[0], 1.5, -0.25, 1e-5).items():
            ball = engine.enclosure(found[name])
            for high, low, radius, value in zip(ball.high.flat, ball.low.flat, ball.radius.flat, exact, strict=True):
                off = abs(Fraction(float(high)) + Fraction(float(low)) - value)
                assert off <= Fraction(float(radius)) + abs(value) / 2**300, name


def test_plain_float64_lies_near_the_enclosure() -> None:
    x = np.random.default_rng(0).normal(size=(3, 12))
    plain = normalize.statistics(PLAIN, x, 12, 12)
    exact = normalize.statistics(Certified(Balls()), Balls().lift(x), 12, 12)
    for name, rows in plain.items():
        assert np.all(np.abs(rows - exact[name].middle) <= 1e-14)


@pytest.mark.parametrize("engine", ENGINES.values(), ids=lambda engine: type(engine).__name__)
def test_a_quotient_and_a_root_enclose_the_exact_ones(engine: Any) -> None:
    a, b = (np.exp(np.random.default_rng(n).normal(size=(1, 300)) * 40) for n in (0, 1))
    pairs = {
        "a / b": lambda e, p, q: p / q,
        "1 / a": lambda e, p, q: 1 / p,
        "a / 7": lambda e, p, q: p / 7,
        "3 - a": lambda e, p, q: 3 - p,
        "sqrt": lambda e, p, q: e.sqrt(p),
        "rsqrt": lambda e, p, q: e.rsqrt(p),
    }
    with working_precision(400):
        for name, form in pairs.items():
            exact = form(Arb(), Arb().lift(a), Arb().lift(b))
            found = engine.enclosure(form(engine, engine.lift(a), engine.lift(b)))
            off = exact - Arb().lift(found.high) - Arb().lift(found.low)
            assert all(d.abs_upper() <= r for d, r in zip(off.flat, found.radius.flat, strict=True)), name


def test_nothing_is_claimed_beyond_overflow_or_of_a_root_of_a_negative_number() -> None:
    with np.errstate(all="ignore"):
        for engine in ENGINES.values():
            huge = engine.lift(np.array([[1e200]]))
            assert np.isinf(engine.enclosure(huge * huge).radius)
            assert np.isinf(engine.enclosure(engine.rsqrt(engine.lift(np.array([[-1.0]])))).radius)
            assert np.isinf(engine.enclosure(1 / engine.lift(np.array([[0.0]]))).radius)


def test_error_free_transformations_lose_nothing() -> None:
    rng = np.random.default_rng(3)
    a, b = (rng.normal(size=200) * 10.0 ** rng.integers(-20, 20, size=200) for _ in range(2))
    for transformation, exact in ((twofold.two_sum, Fraction.__add__), (twofold.two_product, Fraction.__mul__)):
        high, low = transformation(a, b)
        for p, q, top, rest in zip(a, b, high, low, strict=True):
            assert exact(Fraction(p), Fraction(q)) == Fraction(top) + Fraction(rest)


def test_a_double_double_sum_is_much_finer_than_a_plain_one() -> None:
    x = Twofold(np.array([[1e16, 1.0, -1e16, 1.0]]), np.zeros((1, 4)))
    total = DoubleDouble().total(x)
    assert total.high + total.low == 2
    assert total.radius < 1e-12
