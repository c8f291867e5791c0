"""No correct implementation is rejected: simulated ones, every operation rounded, in every regime and format."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from asking import bounds, layer, one_format
from regimes import REGIMES
from simulated import Simulated, one_after_the_other, pairwise

from normspec.spec.contracts import blocked, sequential
from normspec.spec.formats import FORMATS

WAYS: dict[str, dict[str, Any]] = {
    "two-pass, pairwise": {"total": pairwise},
    "two-pass, sequential": {"total": one_after_the_other},
    "folded": {"total": pairwise, "folded": True},
    "welford": {"total": one_after_the_other, "algorithm": "welford"},
    "merged": {"total": pairwise, "algorithm": "merged"},
    "one-pass": {"total": pairwise, "algorithm": "one_pass"},
    "one-pass, folded": {"total": pairwise, "algorithm": "one_pass", "folded": True},
}
SIZES = (1, 2, 3, 5, 8, 33)


def contract_of(way: dict[str, Any], dtype: str) -> Any:
    height = blocked if way["total"] is pairwise else sequential
    algorithm = {"merged": "welford"}.get(found := way.get("algorithm", "two_pass"), found)
    return one_format(dtype, height, folded=way.get("folded", False), algorithm=algorithm)


def ratios(way: dict[str, Any], dtype: str, regime: str, m: int) -> Iterator[tuple[str, float]]:
    rng, kind = np.random.default_rng([m, len(regime)]), FORMATS[dtype].dtype
    with np.errstate(all="ignore"):
        x = REGIMES[regime](rng, (4, m)).astype(kind)
        gamma, beta, dy = (rng.normal(size=(4, n)).astype(kind) for n in (1, 1, m))
        old = np.ones((4, 1), kind)
        state = {"running_mean": 0 * old[:, 0], "running_var": old[:, 0]}
        epsilon = float(rng.choice([1e-5, 1e-12, 10.0]))
        case = layer(x, dy, dtype=dtype, gamma=gamma, beta=beta, epsilon=epsilon, state=state)
        simulated, contract = Simulated(kind, **way), contract_of(way, dtype)
        seen = simulated.forward(x, gamma, beta, epsilon)
        seen["running_mean"] = simulated.running(0 * old, seen["mean"], 0.1)
        seen["running_var"] = simulated.running(old, seen["variance"], 0.1)
        seen |= simulated.backward(x, dy, gamma, epsilon)
        expected = bounds(case, 0, contract) | bounds(case, 1, contract)
        for name, rows in seen.items():
            exact, tolerance = expected[name].exact, expected[name].tolerance
            error = np.abs(rows.astype(np.float64) - exact.high - exact.low) - exact.radius
            over = np.where(error > 0, error / tolerance, 0.0)
            yield name, float(np.nanmax(np.where(np.isfinite(tolerance), np.nan_to_num(over, nan=np.inf), 0.0)))


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("way", WAYS)
def test_a_correct_implementation_stays_within_the_tolerance(way: str, dtype: str) -> None:
    for regime in REGIMES:
        for m in SIZES:
            for name, ratio in ratios(WAYS[way], dtype, regime, m):
                assert ratio <= 1, f"{name} of {way} in {dtype}: {ratio} times the tolerance ({regime}, m={m})"


def test_a_contract_that_forbids_folding_sees_a_folded_implementation() -> None:
    forbidden = WAYS["folded"] | {"folded": False}
    folded = Simulated(np.float32, pairwise, folded=True)
    x = REGIMES["mean 1e3 spreads off"](np.random.default_rng(0), (4, 1)).astype(np.float32)
    one, beta = np.ones((4, 1), np.float32), np.full((4, 1), 0.3, np.float32)
    found = bounds(layer(x, gamma=one, beta=beta), 0, contract_of(forbidden, "float32"))["y"]
    error = np.abs(folded.forward(x, one, beta, 1e-5)["y"] - found.exact.high)
    assert np.any(error > found.tolerance)


def test_two_pass_bounds_reject_the_one_pass_variance() -> None:
    x = REGIMES["mean 1e3 spreads off"](np.random.default_rng(0), (4, 33)).astype(np.float32)
    seen = Simulated(np.float32, pairwise, "one_pass").statistics(x)[1]
    found = bounds(layer(x), 0, contract_of(WAYS["two-pass, pairwise"], "float32"))["variance"]
    assert np.any(np.abs(seen - found.exact.high) > found.tolerance)
