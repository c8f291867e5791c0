"""The instruments catch on one case what every element's own tolerance lets through there."""

import numpy as np
import pytest

from normspec.implementations.targets import resolve
from normspec.properties.judge import judge
from normspec.properties.laws import LAWS
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Kept
from normspec.spec.case import Case, Step
from normspec.spec.formats import FORMATS

# The fault, the law that sees it, the arrays' format, and how far the mean lies from the deviations of 1.
HIDDEN = [
    ("rstd-in-half-precision", "zero-crossing", "bfloat16", 0.0),
    ("mean-recomputed", "shared-statistics", "float32", 1e4),
]


def case(dtype: str, mean: float) -> Case:
    kind = FORMATS[dtype].dtype
    x = (np.random.default_rng(3).normal(size=(40, 3)) + mean).astype(kind)
    parameters = {"gamma": np.ones(3, kind), "beta": np.zeros(3, kind)}
    return Case("batch_norm", dtype, {"epsilon": 1e-5, "momentum": 0.1}, (Step("train", x),), parameters)


@pytest.mark.parametrize(("fault", "law", "dtype", "mean"), HIDDEN)
def test_an_instrument_sees_what_the_plain_tolerance_lets_through(
    fault: str, law: str, dtype: str, mean: float
) -> None:
    if law == "shared-statistics":
        pytest.importorskip("scipy")
    (faulty,) = resolve(f"faulty:{fault}", "batch_norm")
    trial = Trial(faulty, case(dtype, mean))
    assert isinstance(judge(LAWS["training-output"], trial), Kept)
    assert isinstance(judge(LAWS[law], trial), Broken)


@pytest.mark.parametrize(("fault", "law", "dtype", "mean"), HIDDEN)
def test_a_correct_layer_keeps_it(fault: str, law: str, dtype: str, mean: float) -> None:
    if law == "shared-statistics":
        pytest.importorskip("scipy")
    for correct in resolve("numpy", "batch_norm"):
        assert isinstance(judge(LAWS[law], Trial(correct, case(dtype, mean))), Kept)
