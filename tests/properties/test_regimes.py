"""Why ordinary tests miss the bugs: on ordinary cases faults keep the laws that they break on the suite's own.

Each row is one thing that hides a fault: on the case that has it, the law is kept. LINES has all that is known to hide
faults, each with its rows here, or with the test that shows it where it is no matter of a case.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from normspec.implementations import answers
from normspec.implementations.faulty import FAULTS
from normspec.implementations.numpy.formulas import Formulas
from normspec.implementations.numpy.layer import NumpyLayer
from normspec.implementations.targets import resolve
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

HERE = Path(__file__).parent


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


def elsewhere(operation: str, x: Array, **attributes: Any) -> Case:
    """Return a training of another operation, with gamma and beta where it has them."""
    spec, kind = OPERATIONS[operation], np.float32
    found = {"epsilon": 1e-5, **attributes}
    names = [name for name in ("gamma", "beta") if name in spec.parameters]
    given = {name: normal(*spec.shape_of(name, x.shape, found), seed=at).astype(kind) for at, name in enumerate(names)}
    return Case(operation, "float32", found, (Step("train", x.astype(kind)),), given, {})


ONES = {"gamma": np.ones(4), "beta": np.zeros(4)}
EQUAL = {"gamma": np.full(4, 1.5), "beta": np.full(4, -0.5)}
CENTRED = np.concatenate([normal(30, 4), -normal(30, 4)])

# What hides a fault: the fault, the law that it keeps there, and the case.
HIDDEN: Mapping[str, tuple[str, str, Case]] = {
    "N(0,1) data, and a format whose rounding is wider": (
        "eps-outside-sqrt",
        "training-output",
        case(normal(64, 4), "bfloat16"),
    ),
    "gamma = 1": ("gamma-twice-in-dx", "dx", case(normal(64, 4), parameters=ONES)),
    "a uniform gamma": ("affine-channels-reversed", "training-output", case(normal(64, 4), parameters=EQUAL)),
    "beta = 0": ("gamma-times-beta", "training-output", case(normal(64, 4), parameters=ONES)),
    "the default epsilon": ("eps-ignored", "training-output", case(normal(64, 4))),
    "a mean of 0": ("mean-not-subtracted", "zero-mean", case(CENTRED)),
    "a mean of 0, in the variance": ("padding-in-statistics", "training-output", case(CENTRED)),
    "a mean of 0, where it is not to be subtracted": (
        "mean-subtracted",
        "output",
        elsewhere("rms_norm", np.concatenate([normal(6, 8), -normal(6, 8)], axis=1), axes=1),
    ),
    "a power of two": ("padding-in-statistics", "training-output", case(normal(64, 4) + 3)),
    "a whole number of blocks": ("tail-dropped", "training-output", case(normal(64, 4))),
    "equal halves": ("unequal-shards", "training-output", case(normal(64, 4))),
    "rank 2": ("rank-two-backward", "dx", case(normal(64, 4))),
    "rank 2, where the last axis is that of the channels": (
        "affine-along-last-axis",
        "training-output",
        case(normal(64, 4)),
    ),
    "a batch of one": ("affine-for-first-sample", "output", elsewhere("layer_norm", normal(1, 8), axes=1)),
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
    "an answer of zeros": ("zeros", "training-output", case(np.full((64, 4), 0.5), parameters={"beta": np.zeros(4)})),
    "numbers of ordinary size": ("silent-overflow", "training-output", case(normal(64, 4))),
}


@pytest.mark.parametrize("reason", HIDDEN)
def test_an_ordinary_case_hides_a_fault_that_the_suite_catches(reason: str) -> None:
    fault, law, ordinary = HIDDEN[reason]
    wrong = FAULTS[fault].made_of(ordinary.operation)
    assert isinstance(judge(LAWS[law], Trial(wrong, ordinary)), Kept)
    assert detect_pinned(wrong, ("float32",))


# What hides faults from ordinary tests, and what shows here or elsewhere that the suite's cases do not hide them.
LINES: Mapping[str, tuple[str, ...]] = {
    "N(0,1) data": ("N(0,1) data, and a format whose rounding is wider", "finite data", "numbers of ordinary size"),
    "gamma = 1, beta = 0, or a uniform gamma": ("gamma = 1", "beta = 0", "a uniform gamma"),
    "default epsilon": ("the default epsilon",),
    "mean near 0": ("a mean of 0", "a mean of 0, in the variance", "a mean of 0, where it is not to be subtracted"),
    "powers of two, block multiples": ("a power of two", "a whole number of blocks", "equal halves"),
    "one rank, square shapes, size(0) = 1": (
        "rank 2",
        "rank 2, where the last axis is that of the channels",
        "a batch of one",
    ),
    "large m": ("large m",),
    "a cotangent of ones": ("a cotangent of ones",),
    "contiguous cotangents": ("contiguous cotangents", "contiguous inputs"),
    "outputs and gradients only": ("outputs only", "momentum 1/2"),
    "an oracle that shares memory with the subject": ("test_a_buffer_compared_with_itself_hides_that_it_moves",),
    "all gradients asked for at once": ("all gradients at once",),
    "single calls": ("a single call", "a single backward"),
    "tolerances relaxed until green": ("test_a_tolerance_widened_by_four_lets_a_wrong_layer_through",),
    "suites that do not say how many checks ran": ("test_exit_code_says_what_was_found",),
    "zeros as the answer": ("an answer of zeros",),
}


def test_each_thing_that_hides_faults_is_shown() -> None:
    shown = [name for names in LINES.values() for name in names]
    tests = "".join(path.read_text(encoding="utf-8") for path in HERE.parent.rglob("test_*.py"))
    assert set(HIDDEN) <= set(shown)
    assert all(name in HIDDEN or f"def {name}(" in tests for name in shown)


class _MovesInPlace(NumpyLayer):
    def forward(self, x: Array, *, training: bool) -> Array:
        for values in self.running.values() if not training else ():
            values += 1
        return super().forward(x, training=training)


def test_a_buffer_compared_with_itself_hides_that_it_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer that moves its buffers in inference passes where its answers are looked at without being copied."""
    correct = resolve("numpy-two-pass", "batch_norm")[0]
    wrong = replace(correct, create=partial(_MovesInPlace, formulas=Formulas(), declared={}))
    x = case(normal(8, 4))
    asked = x.but(script=(x.script[0], Step("infer", x.script[0].input)))
    assert isinstance(judge(LAWS["inference-keeps-state"], Trial(wrong, asked)), Broken)
    monkeypatch.setattr(answers, "checked_array", lambda case, name, value, shape: value)
    assert isinstance(judge(LAWS["inference-keeps-state"], Trial(wrong, asked)), Kept)


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
