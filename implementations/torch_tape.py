"""Gradients in several ways, for a script in which the backward of any earlier forward may come at any time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from normspec.spec.case import Case

Tensors = Mapping[str, torch.Tensor]


class Taped(Protocol):
    """One forward: what came out, and its gradients for as many cotangents as one likes."""

    y: torch.Tensor

    def gradients(self, cotangent: torch.Tensor, wanted: tuple[str, ...]) -> Tensors:
        """Return the wanted gradients."""
        ...


Tape = Callable[[Callable[[Tensors], torch.Tensor], Tensors, frozenset[str]], Taped]
"""Run a function of tensors, so that the gradients named can be asked for."""


def wanted_by_forward(case: Case) -> tuple[frozenset[str], ...]:
    """Return, for each forward of the script in turn, the gradients that any backward step wants of it.

    A leaf that nobody asks about must not require a gradient: implementations take other paths then.
    """
    return tuple(
        frozenset(name for step in case.script if step.of == index for name in step.wanted)
        for index, forward in enumerate(case.script)
        if forward.verb != "backward"
    )


@dataclass(eq=False)
class Graph:
    """A forward that autograd has followed, with its leaves by name."""

    leaves: Tensors
    y: torch.Tensor

    def gradients(self, cotangent: torch.Tensor, wanted: tuple[str, ...]) -> Tensors:
        """Return the wanted gradients; the graph is kept, so that it can be asked again."""
        leaves = [self.leaves[name.removeprefix("d")] for name in wanted]
        found = torch.autograd.grad(self.y, leaves, cotangent, retain_graph=True)
        return dict(zip(wanted, found, strict=True))


def autograd(function: Callable[[Tensors], torch.Tensor], leaves: Tensors, wanted: frozenset[str]) -> Graph:
    """Run a function as users do, followed by autograd; what nobody wants requires no gradient."""
    known = {name: leaf.detach().requires_grad_(f"d{name}" in wanted) for name, leaf in leaves.items()}
    with torch.enable_grad():
        return Graph(known, function(known))


@dataclass(eq=False)
class Pullback:
    """A forward under torch.func.vjp, or the gradients by whatever pulls a cotangent back."""

    pull: Callable[[torch.Tensor], Any]
    y: torch.Tensor

    def gradients(self, cotangent: torch.Tensor, wanted: tuple[str, ...]) -> Tensors:
        """Return the wanted gradients."""
        found = self.pull(cotangent)
        return {name: found[name.removeprefix("d")] for name in wanted}


def vjp(function: Callable[[Tensors], torch.Tensor], leaves: Tensors, wanted: frozenset[str]) -> Pullback:
    """Run a function under torch.func.vjp, with respect to what is wanted."""
    asked, rest = _parted(leaves, wanted)
    if not asked:
        return Pullback(dict, function(leaves))
    followed: Any = torch.func.vjp(lambda given: function({**rest, **given}), asked)
    y, pull = followed
    return Pullback(lambda cotangent: pull(cotangent)[0], y)


def jvp(function: Callable[[Tensors], torch.Tensor], leaves: Tensors, wanted: frozenset[str]) -> Pullback:
    """Run a function in forward mode: a gradient is the cotangent against one tangent of y for each input element.

    Each tangent is summed in float64, where that adds no error of its own to what forward mode gave.
    """
    asked, rest = _parted(leaves, wanted)
    y = function(leaves)

    def pull(cotangent: torch.Tensor) -> Tensors:
        return {name: _by_tangents(function, {**rest, **asked}, name, cotangent) for name in asked}

    return Pullback(pull, y)


def _by_tangents(
    function: Callable[[Tensors], torch.Tensor], leaves: Tensors, name: str, cotangent: torch.Tensor
) -> torch.Tensor:
    leaf, wide = leaves[name], cotangent.to(torch.float64)

    def slope(tangent: torch.Tensor) -> torch.Tensor:
        pushed: Any = torch.func.jvp(lambda own: function({**leaves, name: own}), (leaf,), (tangent,))
        sloped: torch.Tensor = (pushed[1].to(torch.float64) * wide).sum()
        return sloped

    directions = torch.eye(leaf.numel(), dtype=leaf.dtype, device=leaf.device).reshape(-1, *leaf.shape)
    return torch.stack([slope(direction) for direction in directions]).reshape(leaf.shape).to(leaf.dtype)


def _parted(leaves: Tensors, wanted: frozenset[str]) -> tuple[Tensors, Tensors]:
    asked = {name: leaf for name, leaf in leaves.items() if f"d{name}" in wanted}
    return asked, {name: leaf for name, leaf in leaves.items() if name not in asked}
