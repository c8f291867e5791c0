"""The second order by torch, in each of its orders: how S = <u, dx> follows dy, x and gamma, for a direction u of dx.

dx is linear in dy and symmetric, so that one forward derivative along u gives all three as well.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch

Tensors = Mapping[str, torch.Tensor]
Function = Callable[[Tensors], torch.Tensor]
Second = Callable[[Function, Tensors, torch.Tensor, torch.Tensor], Tensors]
"""From a function of tensors by name, the tensors, dy and u to ddy, ddx and ddgamma."""


def _names(leaves: Tensors) -> tuple[str, ...]:
    return tuple(name for name in ("x", "gamma") if name in leaves)


def _of_leaves(function: Function, leaves: Tensors) -> tuple[Callable[..., torch.Tensor], tuple[torch.Tensor, ...]]:
    """Return the function of x and gamma alone, and these."""
    names = _names(leaves)

    def positional(*given: torch.Tensor) -> torch.Tensor:
        return function({**leaves, **dict(zip(names, given, strict=True))})

    return positional, tuple(leaves[name] for name in names)


def _named(leaves: Tensors, ddy: torch.Tensor, found: tuple[torch.Tensor, ...]) -> Tensors:
    return {"ddy": ddy, **{f"dd{name}": each for name, each in zip(_names(leaves), found, strict=True)}}


def reverse_over_reverse(function: Function, leaves: Tensors, cotangent: torch.Tensor, direction: torch.Tensor) -> Any:
    """Return the pullback of the pullback."""
    positional, given = _of_leaves(function, leaves)

    def gradient(dy: torch.Tensor, *own: torch.Tensor) -> torch.Tensor:
        dx: torch.Tensor = _pulled(positional, own, dy)[0]
        return dx

    followed: Any = torch.func.vjp(gradient, cotangent, *given)
    ddy, *found = followed[1](direction)
    return _named(leaves, ddy, tuple(found))


def forward_over_reverse(function: Function, leaves: Tensors, cotangent: torch.Tensor, direction: torch.Tensor) -> Any:
    """Return how y and the gradients change where x moves along u."""
    positional, given = _of_leaves(function, leaves)

    def followed(x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        own = (x, *given[1:])
        return (positional(*own), *_pulled(positional, own, cotangent))

    pushed: Any = torch.func.jvp(followed, given[:1], (direction,))
    ddy, *found = pushed[1]
    return _named(leaves, ddy, tuple(found))


def reverse_over_forward(function: Function, leaves: Tensors, cotangent: torch.Tensor, direction: torch.Tensor) -> Any:
    """Return the gradients of how y changes where x moves along u."""
    positional, given = _of_leaves(function, leaves)

    def tangent(*own: torch.Tensor) -> torch.Tensor:
        pushed: Any = torch.func.jvp(lambda x: positional(x, *own[1:]), own[:1], (direction,))
        along: torch.Tensor = pushed[1]
        return along

    followed: Any = torch.func.vjp(tangent, *given)
    return _named(leaves, followed[0], tuple(followed[1](cotangent)))


def _pulled(
    positional: Callable[..., torch.Tensor], own: tuple[torch.Tensor, ...], dy: torch.Tensor
) -> tuple[torch.Tensor, ...]:
    followed: Any = torch.func.vjp(positional, *own)
    found: tuple[torch.Tensor, ...] = followed[1](dy)
    return found
