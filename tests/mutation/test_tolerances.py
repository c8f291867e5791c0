"""Tolerances are tight on both sides: a fourth of one rejects a correct layer, four times lets a wrong one through.

A part of what benchmarks/tolerances.py prints for every output, operation and format.
"""

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "tolerances.py"

# output of batch norm in float32: a correct layer that comes near its tolerance, and a wrong one just outside
NEAREST = {
    "training-output": ("numpy-wide", "rstd off by 16 u"),
    "running-mean": ("numpy-welford", "lanes as B1"),
}


@cache
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tolerances_benchmark", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def ratios(name: str) -> dict[str, float]:
    tool = benchmark()
    layers = (*tool.resolve("numpy", "batch_norm"), *tool.VARIANTS, *tool.nearly_right("batch_norm"))
    layer = next(each for each in layers if (each.name, each.operation) == (name, "batch_norm"))
    return {output: worst.ratio for output, worst in tool.ratios(layer, "float32", 0).items()}


@pytest.mark.parametrize("output", NEAREST)
def test_a_tolerance_narrowed_by_four_rejects_a_correct_layer(output: str) -> None:
    assert 1 / benchmark().FACTOR < ratios(NEAREST[output][0])[output] <= 1


@pytest.mark.parametrize("output", NEAREST)
def test_a_tolerance_widened_by_four_lets_a_wrong_layer_through(output: str) -> None:
    assert 1 < ratios(NEAREST[output][1])[output] <= benchmark().FACTOR
