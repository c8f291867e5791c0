"""The hand-written batch norm of a tutorial as it was published, with its faults, one uncovered after the other.

    normspec check examples/models/tutorial_as_published.py:build_model

The base class is misspelt, so that build_model fails. Once that is mended (base_mended), the layer is found to return
three values where it unpacks five. Once that is mended as well (unpacking_mended), it runs, and three faults are left:
beta starts at one, the statistics are no buffers, and whether gradients are enabled decides which statistics are used.
"""

import torch
from torch import nn

layers = {"BatchNorm": {"momentum": "weighs_old", "running_variance": "biased"}}


def batch_norm(x, gamma, beta, moving_mean, moving_var, eps, momentum):
    """Return y and the moving statistics."""
    if not torch.is_grad_enabled():
        normalized = (x - moving_mean) / torch.sqrt(moving_var + eps)
    else:
        axes = (0,) if x.dim() == 2 else (0, 2, 3)
        mean = x.mean(axes, keepdim=True)
        var = ((x - mean) ** 2).mean(axes, keepdim=True)
        normalized = (x - mean) / torch.sqrt(var + eps)
        moving_mean = momentum * moving_mean + (1.0 - momentum) * mean
        moving_var = momentum * moving_var + (1.0 - momentum) * var
    return gamma * normalized + beta, moving_mean.detach(), moving_var.detach()


def layer(base, unpacked):
    """Return the layer's class on a base class, with so many values unpacked."""

    class BatchNorm(base()):
        def __init__(self, features, dimensions, eps=1e-5, momentum=0.9):
            super().__init__()
            shape = (1, features) if dimensions == 2 else (1, features, 1, 1)
            self.eps, self.momentum = eps, momentum
            self.gamma = nn.Parameter(torch.ones(shape))
            self.beta = nn.Parameter(torch.ones(shape))
            self.moving_mean = torch.zeros(shape)
            self.moving_var = torch.ones(shape)

        def forward(self, x):
            held = (self.gamma, self.beta, self.moving_mean, self.moving_var)
            returned = batch_norm(x, *held, self.eps, self.momentum)
            if unpacked == 5:
                y, self.gamma, self.beta, self.moving_mean, self.moving_var = returned
            else:
                y, self.moving_mean, self.moving_var = returned
            return y

    return BatchNorm


def network(norm):
    """Return a small network with the layer after a convolution and after a linear map."""
    return nn.Sequential(
        *(nn.Conv2d(1, 4, kernel_size=3), norm(4, 4), nn.Sigmoid(), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Linear(36, 8), norm(8, 2), nn.Sigmoid(), nn.Linear(8, 3)),
    )


def build_model():
    """Return the network as published."""
    return network(layer(lambda: nn.module, unpacked=5))


def base_mended():
    """Return the network once the base class is spelt nn.Module."""
    return network(layer(lambda: nn.Module, unpacked=5))


def unpacking_mended():
    """Return the network once as many values are unpacked as are returned."""
    return network(layer(lambda: nn.Module, unpacked=3))


def example_input():
    """Return a batch of small images."""
    return torch.zeros(2, 1, 8, 8)
