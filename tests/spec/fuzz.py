"""Fuzz the vectorized engines against arbitrary precision: `python tests/spec/fuzz.py --enclosures 500000`."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from regimes import REGIMES

from normspec.spec.formats import FORMATS
from normspec.spec.numbers.arb import Arb, working_precision
from normspec.spec.numbers.ball import Balls
from normspec.spec.numbers.certified import Certified
from normspec.spec.numbers.double_double import DoubleDouble
from normspec.spec.oracles import normalize

BITS = 600
SIZES = (1, 2, 3, 4, 7, 16, 33, 150)
EPSILONS = (0.0, 1e-12, 1e-5, 10.0)
ENGINES = {"ball": Balls(), "double-double": DoubleDouble()}
SCALES = {"float64": (2.0**-1060, 2.0**-500, 1.0, 2.0**300, 2.0**500), "float16": (1.0,)}
"""Powers of two that take a regime near underflow and near overflow of squares, where the format has room for them."""


@dataclass
class Tally:
    enclosures: int = 0
    violations: int = 0
    unclaimed: int = 0


def evaluate(engine: Any, x: Any, dy: Any, gamma: Any, beta: Any, epsilon: float) -> dict[str, Any]:
    system = Certified(engine)
    lifted = [engine.lift(a) for a in (x, dy, gamma, beta, np.full((1, 1), epsilon))]
    m = x.shape[1]
    forward = normalize.forward(system, lifted[0], *lifted[2:], m, m)
    return forward | normalize.backward(system, *lifted[:3], lifted[4], m, m)


def draws(seed: int) -> Iterator[tuple[Any, ...]]:
    rng = np.random.default_rng(seed)
    while True:
        regime, dtype = rng.choice(list(REGIMES)), str(rng.choice(list(FORMATS)))
        scale = rng.choice(SCALES.get(dtype, (2.0**-120, 1.0, 2.0**60)))
        m, kind = int(rng.choice(SIZES)), FORMATS[dtype].dtype
        with np.errstate(all="ignore"):
            x = (REGIMES[regime](rng, (8, m)) * scale).astype(kind).astype(np.float64)
        dy, gamma, beta = (rng.normal(size=(8, n)).astype(kind).astype(np.float64) for n in (m, 1, 1))
        yield x, dy, gamma, beta, float(rng.choice(EPSILONS))


def judge(engine: Any, found: dict[str, Any], exact: dict[str, Any], tally: Tally) -> None:
    for name, ball in found.items():
        enclosure = engine.enclosure(ball)
        claimed = np.isfinite(enclosure.radius)
        middle = Arb().lift(np.where(claimed, enclosure.high, 0.0)) + Arb().lift(enclosure.low)
        distance = exact[name] - middle
        outside = [d.abs_lower() > r for d, r in zip(distance.flat, enclosure.radius.flat, strict=True)]
        tally.violations += int(np.count_nonzero(np.array(outside).reshape(claimed.shape) & claimed))
        tally.enclosures += int(np.count_nonzero(claimed))
        tally.unclaimed += int(np.count_nonzero(~claimed))


def fuzz(enclosures: int, seed: int, engines: dict[str, Any] = ENGINES) -> dict[str, Tally]:
    tallies = {name: Tally() for name in engines}
    for inputs in draws(seed):
        with working_precision(BITS), np.errstate(all="ignore"):
            exact = evaluate(Arb(), *inputs)
            for name, engine in engines.items():
                judge(engine, evaluate(engine, *inputs), exact, tallies[name])
        if sum(tally.enclosures for tally in tallies.values()) >= enclosures:
            return tallies
    raise AssertionError("the draws never end")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--enclosures", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    tallies = fuzz(arguments.enclosures, arguments.seed)
    for name, tally in tallies.items():
        print(
            f"{name}: {tally.enclosures} enclosures, {tally.violations} violations, {tally.unclaimed} without a claim"
        )
    raise SystemExit(any(tally.violations for tally in tallies.values()))


if __name__ == "__main__":
    main()
