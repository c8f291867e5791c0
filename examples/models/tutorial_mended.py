"""The hand-written batch norm of a tutorial, mended: momentum weighs the old statistic, the moving variance is biased.

It normalizes in double precision, where the square of no float32 overflows.

normspec check examples/models/tutorial_mended.py:build_model
"""

import torch
from torch import nn

layers = {"BatchNorm": {"momentum": "weighs_old", "running_variance": "biased", "single_element": "zero"}}
"""What the layer does not show: where it differs from the defaults of `normspec list conventions`."""


class BatchNorm(nn.Module):
    """Normalize each channel of an image, or each feature of a vector."""

    def __init__(self, features: int, dimensions: int, eps: float = 1e-5, momentum: float = 0.9) -> None:
        super().__init__()
        shape = (1, features) if dimensions == 2 else (1, features, 1, 1)
        self.eps, self.momentum = eps, momentum
        self.gamma = nn.Parameter(torch.ones(shape))
        self.beta = nn.Parameter(torch.zeros(shape))
        self.register_buffer("moving_mean", torch.zeros(shape))
        self.register_buffer("moving_var", torch.ones(shape))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return y, and move the statistics in training."""
        wide = x.double()
        mean, var = self.moving_mean.double(), self.moving_var.double()
        if self.training:
            axes = [axis for axis in range(x.dim()) if axis != 1]
            mean = wide.mean(axes, keepdim=True)
            var = ((wide - mean) ** 2).mean(axes, keepdim=True)
            with torch.no_grad():
                self.moving_mean.mul_(self.momentum).add_(mean, alpha=1 - self.momentum)
                self.moving_var.mul_(self.momentum).add_(var, alpha=1 - self.momentum)
        return (self.gamma * (wide - mean) / torch.sqrt(var + self.eps) + self.beta).to(x.dtype)


def build_model() -> nn.Module:
    """Return a small network with the layer after a convolution and after a linear map."""
    return nn.Sequential(
        *(nn.Conv2d(1, 4, kernel_size=3), BatchNorm(4, 4), nn.Sigmoid(), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Linear(36, 8), BatchNorm(8, 2), nn.Sigmoid(), nn.Linear(8, 3)),
    )


def example_input() -> torch.Tensor:
    """Return a batch of small images."""
    return torch.zeros(2, 1, 8, 8)
