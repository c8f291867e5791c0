"""LeNet with batch norm after each convolution, before the activation.

normspec check examples/models/lenet.py:build_model
"""

import torch
from torch import nn


def build_model() -> nn.Module:
    """Return LeNet-5 for one channel of 28 by 28, with batch norm."""
    features = nn.Sequential(
        *(nn.Conv2d(1, 6, kernel_size=5, padding=2, bias=False), nn.BatchNorm2d(6), nn.Sigmoid(), nn.AvgPool2d(2)),
        *(nn.Conv2d(6, 16, kernel_size=5, bias=False), nn.BatchNorm2d(16), nn.Sigmoid(), nn.AvgPool2d(2)),
    )
    classifier = nn.Sequential(
        *(nn.Flatten(), nn.Linear(16 * 5 * 5, 120), nn.BatchNorm1d(120), nn.Sigmoid()),
        *(nn.Linear(120, 84), nn.BatchNorm1d(84), nn.Sigmoid(), nn.Linear(84, 10)),
    )
    return nn.Sequential(features, classifier)


def example_input() -> torch.Tensor:
    """Return a batch of two images."""
    return torch.zeros(2, 1, 28, 28)
