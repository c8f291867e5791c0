"""Faults in how a layer is built, which no single answer shows: each has a name."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from math import prod
from types import MappingProxyType

import torch
from torch import nn

from normspec.implementations.torch.interface import Interface
from normspec.implementations.torch.layer import is_kept
from normspec.spec.operations import OPERATIONS
from normspec.spec.partition import Shape


def faults_of(module: nn.Module, shape: Shape, found: Interface) -> dict[str, str]:
    """Return the faults of construction by name, each with what is wrong."""
    said = {name: check(module, shape, found) for name, check in CHECKS.items()}
    return {name: why for name, why in said.items() if why}


def _beta(module: nn.Module, shape: Shape, found: Interface) -> str:
    beta = getattr(module, found.names["beta"]) if "beta" in found.names else torch.zeros(1)
    return (
        "a fresh beta is 1 everywhere, which shifts what gamma = 1 leaves as it is" if bool((beta == 1).all()) else ""
    )


def _buffers(module: nn.Module, shape: Shape, found: Interface) -> str:
    lost = [found.names[name] for name in found.state if not is_kept(module, found.names[name])]
    return f"{' and '.join(lost)} are no buffers: they are not saved, and stay behind on other devices" if lost else ""


def _mode(module: nn.Module, shape: Shape, found: Interface) -> str:
    """Judge that a layer in evaluation mode gives the same y whether gradients are enabled or not."""
    x = torch.arange(prod(shape), dtype=found.dtype).remainder(7).reshape(shape)
    try:
        with torch.enable_grad():
            followed = deepcopy(module).eval()(x)
        with torch.no_grad():
            alone = deepcopy(module).eval()(x)
    except Exception:
        return ""  # a layer that fails is told of by the cases
    differs = not torch.equal(followed, alone)
    return "in evaluation y depends on whether gradients are enabled, not on the mode" if differs else ""


def _count(module: nn.Module, shape: Shape, found: Interface) -> str:
    """Judge that a layer trains one value a block for each of its parameters: 2C for batch norm."""
    blocks = OPERATIONS[found.operation].blocks(shape, found.attributes).parts
    needed, own = len(found.parameters) * blocks, sum(each.numel() for each in module.parameters())
    return (
        f"it has {own} trainable values, where {' and '.join(found.parameters)} are {needed}" if own != needed else ""
    )


CHECKS: Mapping[str, Callable[[nn.Module, Shape, Interface], str]] = MappingProxyType(
    {
        "beta-starts-at-one": _beta,
        "statistics-are-no-buffers": _buffers,
        "mode-from-gradients": _mode,
        "parameter-count": _count,
    }
)
