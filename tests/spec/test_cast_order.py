"""Where xhat is rounded before gamma multiplies it, dgamma is made of the rounded one, in that format."""

from collections.abc import Callable

import numpy as np
import pytest

from normspec.spec.case import Case, Step
from normspec.spec.comparison import compare
from normspec.spec.expectation import expect
from normspec.spec.formats import FORMATS, Array
from normspec.spec.operations import OPERATIONS

RMS_NORM, EPSILON = OPERATIONS["rms_norm"], 1e-5
LLAMA = RMS_NORM.settled({"cast_order": "before_scale"})
Round = Callable[[Array], Array]


def verdicts(dtype: str, of_xhat: Round, of_product: Round) -> set[str]:
    """Return what comes of dgamma in many small groups, of a layer that rounds xhat and dy xhat so."""
    rng, kind, found = np.random.default_rng(0), FORMATS[dtype].dtype, set()
    for _ in range(150):
        shape = tuple(rng.integers(1, 6, 2))
        x, dy = (rng.standard_normal(shape).astype(kind) for _ in range(2))
        script = (Step("train", x), Step("backward", None, dy, 0, ("dgamma",)))
        case = Case("rms_norm", dtype, {"epsilon": EPSILON, "axes": 1}, script, {"gamma": np.ones(shape[1], kind)})
        wide = x.astype(np.float32)
        rstd = 1 / np.sqrt(np.square(wide).mean(-1, keepdims=True) + np.float32(EPSILON))
        xhat = of_xhat(wide * rstd).astype(np.float32)
        product = of_product(dy.astype(np.float32) * xhat).astype(np.float32)
        found.add(compare(product.sum(0).astype(kind), expect(RMS_NORM, case, 1, {}, LLAMA)["dgamma"]).verdict)
    return found


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_dgamma_may_be_made_of_what_was_rounded_and_of_nothing_coarser(dtype: str) -> None:
    def narrow(values: Array) -> Array:
        return values.astype(FORMATS[dtype].dtype)

    def coarse(values: Array) -> Array:
        return np.asarray(narrow(values * 1.02))

    def wide(values: Array) -> Array:
        return values

    assert verdicts(dtype, narrow, wide) == verdicts(dtype, narrow, narrow) == verdicts(dtype, wide, wide) == {"kept"}
    assert "broken" in verdicts(dtype, coarse, wide)


def test_the_second_order_is_what_it_is_without_the_rounding() -> None:
    x, dy, u = np.random.default_rng(0).standard_normal((3, 2, 4)).astype(np.float16)
    script = (Step("train", x), Step("backward", None, dy, 0, ("ddy", "ddx", "ddgamma"), direction=u))
    case = Case("rms_norm", "float16", {"epsilon": EPSILON, "axes": 1}, script, {"gamma": np.ones(4, np.float16)})
    mine, usual = (expect(RMS_NORM, case, 1, {}, of) for of in (LLAMA, RMS_NORM.settled({})))
    assert set(mine) == set(usual) == {"ddy", "ddx", "ddgamma"}
    for name, expected in mine.items():
        np.testing.assert_allclose(expected.high, usual[name].high, rtol=1e-12)
        assert np.all(expected.tolerance < 0.1)
