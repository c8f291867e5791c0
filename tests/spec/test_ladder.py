"""Each group climbs to the engine that is fine enough for it, and no further."""

from typing import Any

import numpy as np
import pytest
from asking import bounds, layer
from regimes import REGIMES

from normspec.spec import tolerance
from normspec.spec.contracts import contract_of
from normspec.spec.numbers.arb import Arb, working_precision
from normspec.spec.numbers.certified import Certified
from normspec.spec.oracles import normalize

M = 400


def rows(*regimes: str, dtype: str = "float32") -> Any:
    rng = np.random.default_rng(0)
    return np.concatenate([REGIMES[regime](rng, (1, M)) for regime in regimes]).astype(dtype)


def climbed(x: Any, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Return the engines that ran, each with the number of groups that it ran on."""
    seen, run = [], tolerance._run

    def watched(forms: Any, arrays: Any, system: Any, wanted: Any) -> Any:
        seen.append((type(system.engine).__name__, len(arrays["x"])))
        return run(forms, arrays, system, wanted)

    monkeypatch.setattr(tolerance, "_run", watched)
    bounds(layer(x, dtype=x.dtype.name), 0, contract_of("B1", x.dtype.name, {}))
    return seen


def test_float32_groups_are_settled_by_balls(monkeypatch: pytest.MonkeyPatch) -> None:
    assert climbed(rows("noise", "outlier"), monkeypatch) == [("Balls", 2)]


def test_small_arrays_go_straight_to_arbitrary_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    assert climbed(rows("noise")[:, :6], monkeypatch) == [("Arb", 1)]


def test_only_the_groups_that_need_it_climb_on(monkeypatch: pytest.MonkeyPatch) -> None:
    x = rows("noise", "noise", "noise", dtype="float64")
    x[1] = 0.0  # its tolerance is a few subnormals, below what the vectorized engines allow for underflow
    assert climbed(x, monkeypatch)[:2] == [("DoubleDouble", 3), ("Arb", 1)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_group_of_a_climb_encloses_the_exact_result_finely_enough(dtype: str) -> None:
    x = rows("noise", "mean 1e8 spreads off", "constant", "mean 1e5 spreads off", dtype=dtype)
    with np.errstate(all="ignore"):
        found = bounds(layer(x, dtype=dtype), 0, contract_of("B1", dtype, {}))["y"]
    with working_precision(600):
        lifted = [Arb().lift(np.asarray(a, dtype=np.float64)) for a in (x, np.full((1, 1), 1e-5))]
        exact = normalize.forward(Certified(Arb()), lifted[0], 1, 0, lifted[1], M, M)["y"]
        off = exact - Arb().lift(found.exact.high) - Arb().lift(found.exact.low)
        inside = [d.abs_lower() <= r for d, r in zip(off.flat, found.exact.radius.flat, strict=True)]
    assert all(inside)
    assert np.all(found.exact.radius <= found.tolerance / 8)
