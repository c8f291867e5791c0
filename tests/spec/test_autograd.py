"""The derived gradients against automatic differentiation of the generated forward, on torch tensors."""

import numpy as np
import pytest

from normspec.spec.numbers.plain import PLAIN
from normspec.spec.oracles import normalize

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("m", [2, 5, 40])
def test_the_derived_gradients_are_those_of_autograd(m: int) -> None:
    from normspec.spec.numbers.autograd import Tensors

    rng = np.random.default_rng(m)
    x, dy, gamma, beta = (rng.normal(size=(3, n)) for n in (m, m, 1, 1))
    leaves = [torch.tensor(a, requires_grad=True) for a in (x, gamma, beta)]
    normalize.forward(Tensors(), *leaves, 1e-3, m, m)["y"].backward(torch.tensor(dy))
    derived = normalize.backward(PLAIN, x, dy, gamma, 1e-3, m, m)
    for name, leaf in zip(("dx", "dgamma", "dbeta"), leaves, strict=True):
        np.testing.assert_allclose(derived[name], leaf.grad.numpy(), rtol=1e-9, atol=1e-11)
