"""Forward mode by torch: how y moves where its inputs do, by dual tensors or by torch.func."""

from collections.abc import Callable, Mapping
from typing import Any

import torch

Tensors = Mapping[str, torch.Tensor]
Function = Callable[[Tensors], torch.Tensor]
forward_ad: Any = torch.autograd.forward_ad  # torch has no types for it
Push = Callable[[Function, Tensors, Tensors], torch.Tensor]
"""From a function of tensors by name, the tensors, and tangents of some, to the tangent of the result."""


def by_duals(function: Function, leaves: Tensors, tangents: Tensors) -> torch.Tensor:
    """Return the tangent that dual tensors carry through the function."""
    with torch.no_grad(), forward_ad.dual_level():
        moved = {name: forward_ad.make_dual(leaves[name].detach(), along) for name, along in tangents.items()}
        y, tangent = forward_ad.unpack_dual(function({**leaves, **moved}))
        return torch.zeros_like(y) if tangent is None else tangent


def by_func(function: Function, leaves: Tensors, tangents: Tensors) -> torch.Tensor:
    """Return the tangent that torch.func.jvp gives."""
    names = tuple(tangents)

    def positional(*moved: torch.Tensor) -> torch.Tensor:
        return function({**leaves, **dict(zip(names, moved, strict=True))})

    pushed: Any = torch.func.jvp(positional, tuple(leaves[name] for name in names), tuple(tangents.values()))
    tangent: torch.Tensor = pushed[1]
    return tangent
