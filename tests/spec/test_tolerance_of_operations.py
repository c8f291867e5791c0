"""No correct implementation of any operation is rejected, and no tolerance is idle: see benchmarks/tightness.py."""

from dataclasses import replace

import pytest
import rounded
from rounded import ALGORITHMS, FORMATS_SIMULATED, ratios

from normspec.spec import tolerance
from normspec.spec.contracts import constant
from normspec.spec.operations import OPERATIONS

IDLE = 1 / 16
"""The last rounding alone makes an error of almost u|y| somewhere, and in a short group without cancellation no formula
of an output has more than 16 roundings in a row. A tolerance that no correct implementation ever comes nearer to than
this counts roundings that do not happen.
"""


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_algorithm_stays_within_its_tolerance_and_one_comes_near_it(operation: str) -> None:
    for dtype in FORMATS_SIMULATED:
        found = {name: list(ratios(operation, name, dtype, 0)) for name in ALGORITHMS}
        for name, each in found.items():
            assert [place for place, ratio in each if ratio > 1] == [], f"{name} in {dtype}"
        assert max(ratio for _, ratio in found["pairwise"]) > IDLE, dtype


@pytest.mark.parametrize("operation", ["batch_norm", "layer_norm", "standardize"])
def test_a_contract_of_two_passes_rejects_one_pass(operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounded, "bounded", lambda forms, *rest: real(forms[:1], rest[0], two_passes, *rest[2:]))
    real, two_passes = tolerance.bounded, ALGORITHMS["pairwise"].contract_for("float32")
    assert any(ratio > 1 for seed in range(20) for _, ratio in ratios(operation, "one-pass", "float32", seed))


def test_welford_is_another_algorithm() -> None:
    welford = dict(ratios("batch_norm", "welford", "float32", 0))
    assert welford != dict(ratios("batch_norm", "sequential", "float32", 0))


def test_a_contract_of_compensated_sums_rejects_sums_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    better = replace(ALGORITHMS["sequential"], height=constant)
    monkeypatch.setattr(rounded, "ALGORITHMS", {"sequential": better})
    found = [ratio for seed in range(4) for _, ratio in ratios("batch_norm", "sequential", "bfloat16", seed)]
    assert max(found) > 1
