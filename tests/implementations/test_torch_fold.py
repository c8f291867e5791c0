"""Batch norm folded by torch: the new weights are those that are certified, and layers give what the pair gives."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from normspec.implementations.targets import resolve
from normspec.properties.check import check
from normspec.properties.hunt import Settings
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result
from normspec.spec.case import Case, Step
from normspec.spec.expectation import Expected, expect
from normspec.spec.operations import OPERATIONS

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402 - only where torch is
from torch.nn.utils import fusion  # noqa: E402

PAIRS: dict[str, tuple[Any, Any, tuple[int, ...]]] = {
    "linear": (lambda: nn.Linear(5, 4), nn.BatchNorm1d, (7, 5)),
    "linear without bias": (lambda: nn.Linear(5, 4, bias=False), nn.BatchNorm1d, (7, 5)),
    "conv1d": (lambda: nn.Conv1d(3, 4, 2), nn.BatchNorm1d, (2, 3, 6)),
    "conv2d": (lambda: nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d, (2, 3, 5, 4)),
    "conv2d in groups": (lambda: nn.Conv2d(4, 4, 3, groups=2), nn.BatchNorm2d, (2, 4, 5, 4)),
    "conv3d without bias": (lambda: nn.Conv3d(2, 4, 2, bias=False), nn.BatchNorm3d, (2, 2, 3, 4, 3)),
}
FOLDABLE = [(name, affine) for name in PAIRS for affine in (True, False) if affine or "linear" not in name]
DTYPES = ("float32", "float64")


def pair(name: str, dtype: str = "float64", **options: Any) -> tuple[Any, Any, Any]:
    """Return a layer, the batch norm after it, both in inference with statistics of no special values, and an x."""
    torch.manual_seed(3)
    make, norm, shape = PAIRS[name]
    layer, after = make(), norm(4, eps=0.01, **options)
    for values in (*after.parameters(), after.running_mean):
        nn.init.normal_(values.data, 1.0)
    nn.init.uniform_(after.running_var, 0.1, 4.0)
    to = getattr(torch, dtype)
    return layer.to(to).eval(), after.to(to).eval(), (torch.randn(shape) * 3).to(to)


def fused(name: str, layer: Any, after: Any) -> Any:
    fuse = fusion.fuse_linear_bn_eval if "linear" in name else fusion.fuse_conv_bn_eval
    return fuse(layer, after)


def arrays(after: Any) -> dict[str, Any]:
    named = {"gamma": after.weight, "beta": after.bias}
    return {name: value.detach().numpy() for name, value in named.items() if value is not None}


def statistics(after: Any) -> dict[str, Any]:
    return {"running_mean": after.running_mean.numpy(), "running_var": after.running_var.numpy()}


def expected_weights(layer: Any, after: Any, dtype: str) -> dict[str, Expected]:
    bias = {} if layer.bias is None else {"bias": layer.bias.detach().numpy()}
    script = (Step("infer", layer.weight.detach().numpy()),)
    case = Case(
        "fold_batch_norm", dtype, {"epsilon": after.eps}, script, {**bias, **arrays(after), **statistics(after)}
    )
    operation = OPERATIONS["fold_batch_norm"]
    return dict(expect(operation, case, 0, {}, operation.settled({})))


def expected_norm(z: Any, after: Any, dtype: str) -> Expected:
    case = Case(
        "batch_norm",
        dtype,
        {"epsilon": after.eps, "momentum": 0.1},
        (Step("infer", z.numpy()),),
        arrays(after),
        statistics(after),
    )
    operation = OPERATIONS["batch_norm"]
    return expect(operation, case, 0, case.state, operation.settled({}))["y"]


def with_values(layer: Any, weight: Any, bias: Any) -> Any:
    """Return the layer in float64 with other values."""
    made = deepcopy(layer).double()
    made.weight = nn.Parameter(torch.as_tensor(weight))
    made.bias = nn.Parameter(torch.as_tensor(bias))
    return made


def rounding(layer: Any, weight: Any, bias: Any, x: Any, dtype: str) -> Any:
    """Return how far a sum of products may be off in any order: its terms' magnitudes, times gamma of their number."""
    terms = weight[0].size + 1
    u = float(torch.finfo(getattr(torch, dtype)).eps) / 2
    return with_values(layer, abs(weight), abs(bias))(x.double().abs()) * (terms * u / (1 - terms * u))


@pytest.mark.parametrize(("name", "affine"), FOLDABLE)
@pytest.mark.parametrize("dtype", DTYPES)
@torch.no_grad()
def test_fused_modules_give_what_the_pair_gives(name: str, affine: bool, dtype: str) -> None:
    """The two may differ by the tolerances of the new weights and of batch norm, and by the rounding of both sums."""
    layer, after, x = pair(name, dtype, affine=affine)
    one, z = fused(name, layer, after), layer(x)
    found, want = {"y": one.weight.numpy(), "new_bias": one.bias.numpy()}, expected_weights(layer, after, dtype)
    for output, each in want.items():
        assert np.all(np.abs(found[output].astype(float) - each.high) <= each.tolerance + each.radius)

    scale = arrays(after).get("gamma", np.ones(4)) / np.sqrt(after.running_var.numpy() + after.eps)
    own = torch.as_tensor(np.abs(scale), dtype=torch.float64).reshape(1, 4, *[1] * (z.ndim - 2))
    bias = np.zeros(4) if layer.bias is None else layer.bias.numpy().astype(float)
    allowed = (
        with_values(layer, want["y"].tolerance, want["new_bias"].tolerance)(x.double().abs())
        + rounding(layer, want["y"].high, want["new_bias"].high, x, dtype)
        + torch.as_tensor(expected_norm(z, after, dtype).tolerance)
        + own * rounding(layer, layer.weight.numpy().astype(float), bias, x, dtype)
    )
    apart = (one(x).double() - after(z).double()).abs()
    assert torch.all(apart <= allowed)
    assert allowed.max() < 1e-3


def test_every_law_is_kept_where_gamma_and_beta_are_given() -> None:
    (fold,) = resolve("torch-fold")
    given = replace(fold, claims=replace(fold.claims, optional=("bias",)))
    laws = tuple(law for law in LAWS.values() if fold.operation in law.operations)
    events = check(given, laws, Settings(max_examples=20, seed=0, dtypes=DTYPES, pinned_every=1))
    found = [each for each in events if isinstance(each, Result)]
    assert {each.verdict for each in found} == {"conforms"}
    assert len(found) == len(laws) * len(DTYPES) == 10


# What torch 2.13 gets wrong. A test that fails here tells that it is mended.


@pytest.mark.parametrize("name", ["linear", "linear without bias"])
def test_a_linear_layer_before_batch_norm_without_parameters_cannot_be_folded(name: str) -> None:
    layer, after, _ = pair(name, affine=False)
    with pytest.raises(TypeError, match="NoneType"):
        fusion.fuse_linear_bn_eval(layer, after)


@torch.no_grad()
def test_a_folded_linear_layer_is_another_function_of_three_axes_without_a_word() -> None:
    """Batch norm takes axis 1 for the channels, folding the last: where both have one length nothing is refused."""
    layer, after, _ = pair("linear")
    x = torch.randn(2, 4, 5, dtype=torch.float64)
    assert (fusion.fuse_linear_bn_eval(layer, after)(x) - after(layer(x))).abs().max() > 0.1


@torch.no_grad()
def test_a_transposed_convolution_folds_in_one_group_only() -> None:
    _, after, _ = pair("conv1d")
    x, kind = torch.randn(2, 4, 6, dtype=torch.float64), {"dtype": torch.float64}
    one, two = (nn.ConvTranspose1d(4, 4, 3, groups=groups, **kind).eval() for groups in (1, 2))
    torch.testing.assert_close(fusion.fuse_conv_bn_eval(one, after, transpose=True)(x), after(one(x)))
    with pytest.raises(RuntimeError, match="must match the size"):
        fusion.fuse_conv_bn_eval(two, after, transpose=True)


@torch.no_grad()
def test_in_mixed_precision_a_linear_layer_is_rounded_twice_and_a_convolution_once() -> None:
    """The scale of a linear layer is rounded to the format of its weight first, and then the product."""
    weight = torch.full((1, 1), 1.0078125, dtype=torch.bfloat16)
    one, zero = torch.ones(1), torch.zeros(1)
    rest = (None, zero, one, 0.0, one * 1.00390625, zero)
    linear, _ = fusion.fuse_linear_bn_weights(weight, *rest)
    conv, _ = fusion.fuse_conv_bn_weights(weight, *rest)
    exact = 1.0078125 * 1.00390625
    assert abs(float(linear) - exact) > abs(float(conv) - exact)
