"""Why ordinary tests miss the bugs: on ordinary cases faults keep the laws that they break on the suite's.

Each row is one thing that hides a fault. On the case that has it the law is kept; that the suite's own cases break it
is what test_laws_catch_faults holds.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from normspec.implementations.faulty import FAULTS
from normspec.properties.cases import STREAMS
from normspec.properties.cases.regimes import REGIMES
from normspec.properties.cases.shapes import Extent
from normspec.properties.detection import detect_pinned
from normspec.properties.judge import judge
from normspec.properties.laws import LAWS
from normspec.properties.search import explore
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Kept
from normspec.spec.case import Case, Step
from normspec.spec.formats import FORMATS, Array
from normspec.spec.operations import OPERATIONS


def normal(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


def case(x: Array, dtype: str = "float32", **changes: Any) -> Case:
    """Return a training and its backward, as ordinary tests have them: gamma, beta and the attributes are given."""
    kind, channels = FORMATS[dtype].dtype, x.shape[1]
    given = {"gamma": normal(channels, seed=1), "beta": normal(channels, seed=2)} | changes.pop("parameters", {})
    script = (
        Step("train", x.astype(kind)),
        Step("backward", None, changes.pop("dy", normal(*x.shape, seed=3)).astype(kind), 0),
    )
    attributes = {"epsilon": 1e-5, "momentum": 0.1} | changes.pop("attributes", {})
    state = {"running_mean": np.zeros(channels, kind), "running_var": np.ones(channels, kind)}
    return Case("batch_norm", dtype, attributes, script, {n: a.astype(kind) for n, a in given.items()}, state).but(
        **changes
    )


ONES = {"gamma": np.ones(4), "beta": np.zeros(4)}
CENTRED = np.concatenate([normal(30, 4), -normal(30, 4)])

# What hides a fault: the fault, the law that it keeps there, and the case.
HIDDEN: Mapping[str, tuple[str, str, Case]] = {
    "N(0,1) data, and a format whose rounding is wider": (
        "eps-outside-sqrt",
        "training-output",
        case(normal(64, 4), "bfloat16"),
    ),
    "gamma = 1": ("gamma-twice-in-dx", "dx", case(normal(64, 4), parameters=ONES)),
    "beta = 0": ("gamma-times-beta", "training-output", case(normal(64, 4), parameters=ONES)),
    "the default epsilon": ("eps-ignored", "training-output", case(normal(64, 4))),
    "a mean of 0": ("mean-not-subtracted", "zero-mean", case(CENTRED)),
    "a mean of 0, in the variance": ("padding-in-statistics", "training-output", case(CENTRED)),
    "a power of two": ("padding-in-statistics", "training-output", case(normal(64, 4) + 3)),
    "a whole number of blocks": ("tail-dropped", "training-output", case(normal(64, 4))),
    "equal halves": ("unequal-shards", "training-output", case(normal(64, 4))),
    "rank 2": ("rank-two-backward", "dx", case(normal(64, 4))),
    "large m": ("running-var-biased", "running-variance", case(normal(4097, 4), "bfloat16")),
    "a cotangent of ones": ("dx-severed", "gradient-sum", case(normal(64, 4), dy=np.ones((64, 4)), parameters=ONES)),
    "contiguous cotangents": ("cotangent-strides-ignored", "dx", case(normal(64, 4))),
    "contiguous inputs": ("strides-ignored", "training-output", case(normal(64, 4))),
    "outputs only": ("running-swapped", "training-output", case(normal(64, 4))),
    "momentum 1/2": ("momentum-flipped", "running-mean", case(normal(64, 4), attributes={"momentum": 0.5})),
    "all gradients at once": ("garbage-without-dx", "dgamma", case(normal(64, 4))),
    "a single call": ("leftover-mean", "training-output", case(normal(64, 4))),
    "a single backward": ("backward-accumulates", "dx", case(normal(64, 4))),
    "finite data": ("nan-swallowed", "training-output", case(normal(64, 4))),
    "numbers of ordinary size": ("silent-overflow", "training-output", case(normal(64, 4))),
}


@pytest.mark.parametrize("reason", HIDDEN)
def test_an_ordinary_case_hides_a_fault_that_the_suite_catches(reason: str) -> None:
    fault, law, ordinary = HIDDEN[reason]
    wrong = FAULTS[fault].made_of("batch_norm")
    assert isinstance(judge(LAWS[law], Trial(wrong, ordinary)), Kept)
    assert detect_pinned(wrong, ("float32",))


# Regimes without which drawn cases miss a fault altogether: the fault, operation, law and dtype.
NEEDED: Mapping[tuple[str, ...], tuple[str, str, str, str]] = {
    ("offset",): ("cancellation", "batch_norm", "training-output", "float64"),
    ("overflowing-squares", "near-overflow"): ("silent-overflow", "layer_norm", "loud-overflow", "float32"),
}


def broken(fault: str, operation: str, law: str, dtype: str, regimes: tuple[str, ...]) -> bool:
    """Return whether drawn cases of these regimes break the law."""
    wrong, found = FAULTS[fault].made_of(operation), []
    strategy = STREAMS["small"].strategy(Extent(OPERATIONS[operation], wrong.claims, dtype, regimes))
    explore(strategy, 0, 60, lambda drawn: found.append(judge(LAWS[law], Trial(wrong, drawn))))
    return any(isinstance(judgement, Broken) for judgement in found)


@pytest.mark.parametrize("regimes", NEEDED)
def test_a_fault_survives_without_its_regimes(regimes: tuple[str, ...]) -> None:
    assert broken(*NEEDED[regimes], regimes)
    assert not broken(*NEEDED[regimes], tuple(name for name in REGIMES if name not in regimes))
