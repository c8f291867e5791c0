"""Large arrays are taken in pieces and batches, which changes nothing but the cost."""

from typing import Any

import numpy as np
import pytest
from asking import bounds, layer
from regimes import REGIMES

from normspec.spec import tolerance
from normspec.spec.contracts import contract_of
from normspec.spec.numbers import chunks


def outputs(dtype: str, groups: int, members: int) -> Any:
    rng = np.random.default_rng(0)
    x = REGIMES["mean 10 spreads off"](rng, (groups, members)).astype(dtype)
    gamma, dy = (rng.normal(size=(groups, n)).astype(dtype) for n in (1, members))
    state = {"running_mean": np.zeros(groups, dtype), "running_var": np.ones(groups, dtype)}
    case, contract = layer(x, dy, dtype=dtype, gamma=gamma, state=state), contract_of("B1", dtype, {})
    return bounds(case, 0, contract) | bounds(case, 1, contract)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("groups", "members"), [(1, 4001), (3, 2000), (300, 13)])
def test_pieces_and_batches_agree_with_the_whole(
    dtype: str, groups: int, members: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = outputs(dtype, groups, members)
    for module in (chunks, tolerance):
        monkeypatch.setattr(module, "PIECE", 500)
    parted = outputs(dtype, groups, members)
    for name, output in whole.items():
        found = parted[name]
        apart = np.abs((found.exact.high - output.exact.high) + (found.exact.low - output.exact.low))
        assert np.all(apart <= found.exact.radius + output.exact.radius), name
        np.testing.assert_allclose(found.tolerance, output.tolerance, rtol=1e-6, err_msg=name)


def test_a_piece_never_has_a_single_element() -> None:
    for members in (2, 3, 5, chunks.PIECE + 1, 2 * chunks.PIECE + 1):
        widths = [piece["x"].shape[1] for piece in chunks.pieces({"x": np.zeros((1, members))})]
        assert sum(widths) == members
        assert min(widths) >= 2
