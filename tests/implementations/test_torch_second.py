"""PyTorch's second order, in each of its orders: right where torch is, and found where torch holds statistics fixed."""

import pytest

from normspec.implementations.contract import Implementation
from normspec.implementations.targets import resolve
from normspec.properties.cases import STREAMS
from normspec.properties.cases.shapes import Extent
from normspec.properties.judge import judge
from normspec.properties.laws import LAWS
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Inapplicable, Judgement
from normspec.spec.operations import OPERATIONS

torch = pytest.importorskip("torch")

TWICE = ("batch_norm", "layer_norm", "instance_norm", "group_norm", "rms_norm")
ORDERS = ("torch-functional", "torch-module", "torch-func", "torch-vmap", "torch-forward-over-reverse")
WRONG = ("batch_norm", "layer_norm", "instance_norm")  # pytorch/pytorch issues 196699 and 196700


def judged(implementation: Implementation) -> list[Judgement]:
    extent = Extent(OPERATIONS[implementation.operation], implementation.claims, "float64")
    found = (judge(LAWS["double-backward"], Trial(implementation, case)) for case in STREAMS["small"].pinned(extent))
    return [judgement for judgement in found if not isinstance(judgement, Inapplicable)]


@pytest.mark.parametrize("operation", TWICE)
@pytest.mark.parametrize("target", ORDERS)
def test_the_second_order_is_what_the_derivation_says(target: str, operation: str) -> None:
    """Every order of derivatives but one gives the derived second order, on every pinned case that asks for it."""
    (implementation,) = resolve(target, operation)
    found = judged(implementation)
    assert len(found) >= 2
    assert not any(isinstance(judgement, Broken) for judgement in found)


@pytest.mark.parametrize("operation", TWICE)
def test_backward_through_a_forward_derivative_is_wrong_where_statistics_are_held_fixed(operation: str) -> None:
    """torch differentiates its jvp as if mean and rstd were constants: the law sees it."""
    (implementation,) = resolve("torch-reverse-over-forward", operation)
    broken = [judgement for judgement in judged(implementation) if isinstance(judgement, Broken)]
    assert bool(broken) == (operation in WRONG)


@pytest.mark.parametrize("target", ["torch-compile", "torch-jvp"])
def test_what_goes_backward_once_claims_no_second_order(target: str) -> None:
    assert not any("double_backward" in each.claims.verbs for each in resolve(target))


@pytest.mark.parametrize(("axis", "right"), [(0, False), (1, True), (2, False)])
def test_the_second_order_of_weight_norm_is_wrong_where_a_fused_kernel_keeps_the_norm(axis: int, right: bool) -> None:
    """Differences of first gradients say the same as the law: right along a middle axis alone."""
    v = torch.tensor([[[1.0, -2.0], [0.5, 3.0]], [[2.0, 1.0], [-1.0, 0.25]]], dtype=torch.float64, requires_grad=True)
    shape = [2 if each == axis else 1 for each in range(3)]
    gamma = torch.tensor([1.5, -0.5], dtype=torch.float64).reshape(shape).requires_grad_()
    agrees = torch.autograd.gradgradcheck(
        lambda v, gamma: torch._weight_norm(v, gamma, axis), (v, gamma), raise_exception=False
    )
    assert agrees == right


def test_the_law_of_second_order_finds_it() -> None:
    (implementation,) = resolve("torch-functional", "weight_norm")
    assert any(isinstance(judgement, Broken) for judgement in judged(implementation))
    (right,) = resolve("numpy", "weight_norm")
    assert not any(isinstance(judgement, Broken) for judgement in judged(right))
