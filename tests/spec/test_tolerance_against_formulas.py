"""The tolerances of the contract arithmetic against those typed by hand."""

from typing import Any

import numpy as np
import pytest
from asking import bounds, layer
from hand_formulas import Formulas
from regimes import REGIMES

from normspec.spec.contracts import Contract, blocked
from normspec.spec.formats import FORMATS

FLOAT32 = FORMATS["float32"]
ROUNDED = 1 + 1e-3
"""The formulas drop products of a rounding error and a deviation, such as 2 u |x - mean| times the mean's error."""


def both(dtype: str, regime: str, m: int, *, folded: bool = False) -> Any:
    rng, output = np.random.default_rng(m), FORMATS[dtype]
    with np.errstate(all="ignore"):
        x = REGIMES[regime](rng, (3, m)).astype(output.dtype)
    gamma, beta, dy = (rng.normal(size=(3, n)).astype(output.dtype) for n in (1, 1, m))
    contract = Contract("formulas", FLOAT32, FLOAT32, FLOAT32, output, blocked, folded)
    case = layer(x, dy, dtype=dtype, gamma=gamma, beta=beta)
    found = bounds(case, 0, contract) | bounds(case, 1, contract)
    formulas = Formulas(x.astype(np.float64), 1e-5, FLOAT32, output, blocked(m))
    gamma, beta, dy = (rows.astype(np.float64) for rows in (gamma, beta, dy))
    hand = {
        "y": formulas.y(gamma, beta, folded),
        "mean": formulas.output_error(np.mean(formulas.x, axis=1, keepdims=True), formulas.mean_error()),
        "variance": formulas.output_error(formulas.variance, np.maximum(*formulas.variance_errors())),
        "dx": formulas.dx(gamma, dy),
        "dgamma": formulas.dgamma(dy),
        "dbeta": formulas.dbeta(dy),
    }
    return found, hand, np.linalg.norm(gamma * dy, axis=1, keepdims=True) * formulas.rstd


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("regime", REGIMES)
def test_no_tolerance_is_wider_than_the_formula(regime: str, dtype: str) -> None:
    for m in (3, 9, 100, 1000):
        found, hand, _ = both(dtype, regime, m)
        for name in ("y", "mean", "variance", "dbeta"):
            tolerance = found[name].tolerance
            finite = np.isfinite(tolerance)
            assert np.all(tolerance[finite] <= hand[name][finite] * ROUNDED), (name, m)


@pytest.mark.parametrize("regime", REGIMES)
def test_a_folded_tolerance_is_no_wider_than_the_formula(regime: str) -> None:
    found, hand, _ = both("float32", regime, 100, folded=True)
    assert np.all(found["y"].tolerance <= hand["y"] * ROUNDED)


@pytest.mark.parametrize("regime", REGIMES)
def test_the_gradient_tolerance_is_near_the_formula_where_that_demands_something(regime: str) -> None:
    found, hand, largest = both("float32", regime, 100)
    demanding = hand["dx"] < 0.1 * largest
    assert np.all(found["dx"].tolerance[demanding] <= 2 * hand["dx"][demanding])


def test_the_typical_tolerance_is_no_less_than_half_the_formula() -> None:
    found, hand, _ = both("float32", "noise", 100)
    for name in ("y", "mean", "variance", "dx", "dbeta"):
        assert np.median(found[name].tolerance / hand[name]) > 0.5, name
