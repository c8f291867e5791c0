"""What anybody's torch module can do beyond train, infer and backward is claimed, and judged by the same laws."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from normspec.implementations.contract import Implementation
from normspec.properties.cases import STREAMS
from normspec.properties.cases.shapes import Extent
from normspec.properties.judge import judge
from normspec.properties.laws import LAWS
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Inapplicable, Judgement
from normspec.spec.operations import OPERATIONS

pytest.importorskip("torch")

import torch  # only where it is installed
from torch import nn
from torch.autograd.function import once_differentiable

from normspec.implementations.torch.model import layers_in
from normspec.implementations.torch.module import torch_module

LIVING = {"layer", "save", "copy", "freeze", "momentum"}


class Norm(nn.Module):
    """Batch norm by hand, right in all of it."""

    running_mean: torch.Tensor
    running_var: torch.Tensor

    def __init__(self, channels: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.start(channels)

    def start(self, channels: int) -> None:
        """Begin with no mean and spread one."""
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        column = (1, -1, *[1] * (x.dim() - 2))
        mean, var = self.running_mean, self.running_var
        if self.training:
            axes = (0, *range(2, x.dim()))
            mean, var = x.mean(axes), ((x - x.mean(axes, keepdim=True)) ** 2).mean(axes)
            with torch.no_grad():
                self.move(mean, var)
        xhat = (x - mean.reshape(column)) / torch.sqrt(var.reshape(column) + self.eps)
        return xhat * self.weight.reshape(column) + self.bias.reshape(column)

    def move(self, mean: torch.Tensor, var: torch.Tensor) -> None:
        """Average."""
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(var, self.momentum)


class MomentumOfTheFirstDay(Norm):
    """Its momentum can be changed, which changes nothing."""

    def __init__(self, channels: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__(channels, eps, momentum)
        self.first_momentum = momentum

    def move(self, mean: torch.Tensor, var: torch.Tensor) -> None:
        self.running_mean.lerp_(mean, self.first_momentum)
        self.running_var.lerp_(var, self.first_momentum)


class VarianceNotSaved(Norm):
    """Its variance is a buffer that is not saved."""

    def start(self, channels: int) -> None:
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels), persistent=False)


class CopyShares(Norm):
    """Its copies share its statistics."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "CopyShares":
        other = CopyShares(self.weight.numel(), self.eps, self.momentum).to(self.weight.dtype)
        other.load_state_dict(self.state_dict())
        other.running_mean, other.running_var = self.running_mean, self.running_var
        return other


class OneForAll(Norm):
    """All layers have the statistics of the one that came last."""

    last: ClassVar[list[torch.Tensor]] = []

    def move(self, mean: torch.Tensor, var: torch.Tensor) -> None:
        super().move(mean, var)
        self.last[:] = [self.running_mean]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training and self.last:
            self.running_mean.copy_(self.last[0])
        return super().forward(x)


class Root(torch.autograd.Function):
    """x over its root mean square, with a backward that can itself be differentiated, but wrongly: r is a constant."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, eps: float) -> torch.Tensor:
        r = torch.rsqrt(x.square().mean(-1, keepdim=True) + eps)
        ctx.save_for_backward(x, r)
        return x * r

    @staticmethod
    def backward(ctx: Any, *cotangents: torch.Tensor) -> Any:
        x, r = ctx.saved_tensors
        (dy,) = cotangents
        return (dy - x * r * (dy * x * r).mean(-1, keepdim=True)) * r, None


class RootOnce(Root):
    """The same, said to be differentiable once only."""

    backward = staticmethod(once_differentiable(Root.backward))


class RMSDetached(nn.Module):
    """RMS norm by such a function."""

    function: ClassVar[type[torch.autograd.Function]] = Root

    def __init__(self, size: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.eps, self.weight = eps, nn.Parameter(torch.ones(size))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.function.apply(x, self.eps) * self.weight  # type: ignore[no-untyped-call]
        return y


class RMSOnce(RMSDetached):
    """RMS norm by the other."""

    function = RootOnce


def judged(found: Implementation) -> Iterator[tuple[str, Judgement]]:
    """Every law of lives, of second order and of forward mode, on every pinned case."""
    extent = Extent(OPERATIONS[found.operation], found.claims, found.claims.dtypes[0])
    for stream in ("small", "tangents", "lives"):
        for law in LAWS.values():
            if law.streams == (stream,) and not law.asks_again and found.operation in law.operations:
                for case in STREAMS[stream].pinned(extent):
                    yield law.name, judge(law, Trial(found, case))


def broken(found: Implementation) -> set[str]:
    return {law for law, judgement in judged(found) if isinstance(judgement, Broken)}


def mine(kind: type[nn.Module], operation: str = "batch_norm") -> Implementation:
    return torch_module(kind, operation, **({"running_variance": "biased"} if operation == "batch_norm" else {}))


def test_a_module_by_hand_claims_and_keeps_what_any_module_can() -> None:
    found = mine(Norm)
    assert {*found.claims.verbs} >= {*LIVING, "double_backward", "jvp"}
    decided = {law for law, judgement in judged(found) if not isinstance(judgement, Inapplicable)}
    assert decided >= {"double-backward", "forward-mode", "saving", "copying", "freezing", "momentum-change",
                       "several-layers", "running-recurrence"}  # fmt: skip
    assert not broken(found)


@pytest.mark.parametrize(
    ("kind", "law"),
    [
        (VarianceNotSaved, "saving"),
        (CopyShares, "copying"),
        (MomentumOfTheFirstDay, "momentum-change"),
        (OneForAll, "several-layers"),
    ],
)
def test_what_a_module_of_ones_own_gets_wrong_in_its_life_breaks_its_law(kind: type[nn.Module], law: str) -> None:
    assert law in broken(mine(kind))


def test_a_backward_that_takes_rstd_for_a_constant_breaks_the_law_of_second_order() -> None:
    assert broken(mine(RMSDetached, "rms_norm")) == {"double-backward"}


def test_what_autograd_cannot_go_through_is_not_claimed() -> None:
    assert "jvp" not in mine(RMSDetached, "rms_norm").claims.verbs
    assert not {"jvp", "double_backward"} & {*mine(RMSOnce, "rms_norm").claims.verbs}
    assert "save" in mine(RMSOnce, "rms_norm").claims.verbs


def test_without_running_statistics_nothing_is_frozen_and_no_momentum_changed() -> None:
    assert LIVING & {*mine(RMSOnce, "rms_norm").claims.verbs} == {"layer", "save", "copy"}


@pytest.mark.parametrize("kind", [Norm, VarianceNotSaved, CopyShares])
def test_layers_inside_a_model_are_judged_so_too(kind: type[nn.Module]) -> None:
    """All but the momentum, which is what it is in the model."""
    model = nn.Sequential(nn.Linear(3, 4), kind(4), nn.ReLU())
    found = layers_in(model, "model", declared={kind.__name__: {"running_variance": "biased"}})[0]
    assert {*found.claims.verbs} >= {*LIVING, "double_backward", "jvp"} - {"momentum"}
    assert broken(found) >= broken(mine(kind))
    assert kind is not Norm or not broken(found)


class Gamma(nn.Module):
    """RMS norm whose parameter has the specification's name."""

    def __init__(self, size: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.eps, self.gamma = eps, nn.Parameter(torch.ones(size))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * self.gamma


def test_parameters_may_have_the_names_of_the_specification() -> None:
    found = mine(Gamma, "rms_norm")
    assert found.claims.gradients == ("dx", "dgamma")
    assert not broken(found)
