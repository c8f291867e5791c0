"""The instruments catch on one case what every element's own tolerance lets through there."""

from dataclasses import replace
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from normspec.implementations.contract import Implementation
from normspec.implementations.faulty.fault import by_layer
from normspec.implementations.numpy.formulas import rstd
from normspec.implementations.numpy.layer import NumpyLayer, Standardized
from normspec.implementations.targets import resolve
from normspec.properties.cases.conditioned import shapes
from normspec.properties.cases.shapes import Extent
from normspec.properties.judge import judge
from normspec.properties.laws import LAWS
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Kept
from normspec.spec.case import Case, Step
from normspec.spec.formats import FORMATS, Array
from normspec.spec.operations import OPERATIONS

# The fault, the law that sees it, the arrays' format, and how far the mean lies from the deviations of 1.
HIDDEN = [("mean-recomputed", "shared-statistics", "float32", 1e4)]


def case(dtype: str, mean: float) -> Case:
    kind = FORMATS[dtype].dtype
    x = (np.random.default_rng(3).normal(size=(40, 3)) + mean).astype(kind)
    parameters = {"gamma": np.ones(3, kind), "beta": np.zeros(3, kind)}
    return Case("batch_norm", dtype, {"epsilon": 1e-5, "momentum": 0.1}, (Step("train", x),), parameters)


@pytest.mark.parametrize(("fault", "law", "dtype", "mean"), HIDDEN)
def test_an_instrument_sees_what_the_plain_tolerance_lets_through(
    fault: str, law: str, dtype: str, mean: float
) -> None:
    (faulty,) = resolve(f"faulty:{fault}", "batch_norm")
    trial = Trial(faulty, case(dtype, mean))
    assert isinstance(judge(LAWS["training-output"], trial), Kept)
    assert isinstance(judge(LAWS[law], trial), Broken)


@pytest.mark.parametrize(("fault", "law", "dtype", "mean"), HIDDEN)
def test_a_correct_layer_keeps_it(fault: str, law: str, dtype: str, mean: float) -> None:
    for correct in resolve("numpy", "batch_norm"):
        assert isinstance(judge(LAWS[law], Trial(correct, case(dtype, mean))), Kept)


CENTRED = ("batch_norm", "layer_norm", "group_norm", "instance_norm")


def normal(implementation: Implementation, length: int) -> Case:
    """Return a case in bfloat16 of two groups of normal numbers, or one, with gamma 1 and beta 0."""
    operation = OPERATIONS[implementation.operation]
    geometry = next(shapes(Extent(operation, implementation.claims, "bfloat16"), length))
    x = np.random.default_rng(0).normal(size=geometry.shape).astype(ml_dtypes.bfloat16)
    sizes = {name: operation.shape_of(name, x.shape, geometry.attributes) for name in implementation.claims.parameters}
    parameters = {name: np.full(size, name == "gamma", x.dtype) for name, size in sizes.items()}
    attributes = {**geometry.attributes, "epsilon": 1e-5, **({"momentum": 0.1} if operation.state else {})}
    return Case(operation.name, "bfloat16", attributes, (Step("train", x),), parameters)


def broken_laws(implementation: Implementation, case: Case) -> set[str]:
    """Return the laws of small cases that an implementation breaks on one."""
    laws = [law for law in LAWS.values() if case.operation in law.operations and "small" in law.streams]
    return {law.name for law in laws if isinstance(judge(law, Trial(implementation, case)), Broken)}


UNCENTRED = ("rms_norm", "weight_norm")
PROBES = {**dict.fromkeys(CENTRED, "zero-crossing"), **dict.fromkeys(UNCENTRED, "rounding-boundary")}


@pytest.mark.parametrize("operation", PROBES)
def test_an_rstd_of_14_bits_is_told_from_float32_through_bfloat16_by_a_probe_alone(operation: str) -> None:
    correct, (faulty,) = resolve("numpy", operation)[0], resolve("faulty:rstd-estimated", operation)
    assert not broken_laws(correct, normal(correct, 4))
    assert broken_laws(faulty, normal(faulty, 4)) == {PROBES[operation]}


class _NarrowRstd(NumpyLayer):
    """Keeps rstd in fewer bits."""

    bits = 8

    def _train(self, *arguments: Any) -> Standardized:
        usual, self.formulas = self.formulas, replace(self.formulas, rstd=self.narrow)
        standardized = NumpyLayer._train(self, *arguments)
        self.formulas = usual
        return standardized

    def narrow(self, variance: Array, epsilon: Array) -> Array:
        fraction, exponent = np.frexp(rstd(variance, epsilon))
        return np.asarray(np.ldexp(np.rint(np.ldexp(fraction, self.bits)), exponent - self.bits))


class _HalfRstd(_NarrowRstd):
    bits = 11


def narrowed(operation: str, layer: type[NumpyLayer]) -> Implementation:
    """Return the operation with rstd kept so."""
    fault = by_layer("narrow-rstd", "low-precision-accumulation", "", "", layer, (operation,))
    return fault.change(resolve("numpy", operation)[0])


@pytest.mark.parametrize("operation", PROBES)
@pytest.mark.parametrize("layer", [_NarrowRstd, _HalfRstd])
def test_half_precision_statistics_are_told_from_float32_through_bfloat16_in_small_groups(
    operation: str, layer: type[NumpyLayer]
) -> None:
    correct = resolve("numpy", operation)[0]
    assert not broken_laws(correct, normal(correct, 4))
    assert PROBES[operation] in broken_laws(narrowed(operation, layer), normal(correct, 4))


@pytest.mark.parametrize("operation", PROBES)
@pytest.mark.parametrize("layer", [_NarrowRstd, _HalfRstd])
def test_in_groups_of_some_hundred_elements_the_tolerance_sees_them_by_itself(
    operation: str, layer: type[NumpyLayer]
) -> None:
    """Each y must be the rounding of a number within the bound of float32: some are beside a boundary by chance."""
    broken = broken_laws(narrowed(operation, layer), normal(resolve("numpy", operation)[0], 257))
    assert broken & {"output", "training-output"}
