"""Torch modules as implementations: claims from the module itself."""

import numpy as np
import pytest
from implementation_cases import answered, case

from normspec.implementations.errors import TargetError
from normspec.implementations.targets import resolve

pytest.importorskip("torch")

import torch  # only where it is installed

from normspec.implementations.torch.module import torch_module


class ChannelsAsAxes(torch.nn.Module):
    """A layer that keeps everything with shape (1, C, 1, 1), as tutorials do."""

    running_mean: torch.Tensor
    running_var: torch.Tensor

    def __init__(self, channels: int, epsilon: float = 1e-5, momentum: float = 0.9) -> None:
        super().__init__()
        self.epsilon, self.momentum = epsilon, momentum
        self.weight = torch.nn.Parameter(torch.ones(1, channels, 1, 1))
        self.bias = torch.nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.register_buffer("running_mean", torch.zeros(1, channels, 1, 1))
        self.register_buffer("running_var", torch.ones(1, channels, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.dim() != 4:
            raise ValueError(f"expected 4D input, got {x.dim()}D")
        mean, var = self.running_mean, self.running_var
        if self.training:
            mean = x.mean(dim=(0, 2, 3), keepdim=True)
            var = x.var(dim=(0, 2, 3), keepdim=True, unbiased=False)
            with torch.no_grad():
                self.running_mean.mul_(self.momentum).add_(mean, alpha=1 - self.momentum)
                self.running_var.mul_(self.momentum).add_(var, alpha=1 - self.momentum)
        return (x - mean) / torch.sqrt(var + self.epsilon) * self.weight + self.bias


MINE = torch_module(ChannelsAsAxes, momentum="weighs_old", running_variance="biased")


def test_claims_are_what_the_module_shows() -> None:
    assert MINE.claims.ranks == (4,)
    assert MINE.claims.parameters == ("gamma", "beta")
    assert MINE.claims.state == ("running_mean", "running_var")
    assert MINE.claims.optional == ("gamma", "beta")


def test_parameters_of_another_shape_are_given_and_read_by_channel() -> None:
    asked = case((2, 3, 4, 5))
    forward, backward = answered(MINE, asked)
    x = asked.script[0].input
    assert forward["running_mean"] == pytest.approx(0.3 * asked.state["running_mean"] + 0.7 * x.mean(axis=(0, 2, 3)))
    assert backward["dbeta"] == pytest.approx(np.sum(asked.script[1].cotangent, axis=(0, 2, 3)))  # type: ignore[arg-type]


def test_a_module_class_is_a_target() -> None:
    (found,) = resolve("torch.nn:BatchNorm1d")
    assert (found.operation, found.claims.ranks) == ("batch_norm", (2, 3))
    assert found.claims.optional == ("gamma", "beta", "state")


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("LayerNorm", "layer_norm"),
        ("RMSNorm", "rms_norm"),
        ("GroupNorm", "group_norm"),
        ("InstanceNorm2d", "instance_norm"),
    ],
)
def test_the_name_of_a_class_shows_its_operation(name: str, operation: str) -> None:
    (found,) = resolve(f"torch.nn:{name}")
    assert found.operation == operation


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("torch.nn:Linear", "its first argument must be the number of channels, and it must take eps"),
        ("torch.nn:Softmax2d", "cannot be run: its first layer does not show what it takes"),
    ],
)
def test_a_module_that_is_no_batch_norm_is_told_so(target: str, message: str) -> None:
    with pytest.raises(TargetError) as caught:
        resolve(target)
    assert message in str(caught.value)
