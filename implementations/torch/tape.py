"""Gradients in several ways, for a script in which the backward of any earlier forward may come at any time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import torch

from normspec.implementations.torch.second import Second, reverse_over_reverse
from normspec.spec.case import Case

Tensors = Mapping[str, torch.Tensor]


class Taped(Protocol):
    """One forward: what came out, and its gradients for as many cotangents as one likes."""

    y: torch.Tensor

    def gradients(self, cotangent: torch.Tensor, wanted: tuple[str, ...]) -> Tensors:
        """Return the wanted gradients."""
        ...

    def second(self, cotangent: torch.Tensor, direction: torch.Tensor, wanted: tuple[str, ...]) -> Tensors:
        """Return the wanted cotangents of dy, x and gamma, where direction is that of dx."""
        ...


Tape = Callable[[Callable[[Tensors], torch.Tensor], Tensors, frozenset[str]], Taped]
"""Run a function of tensors, so that the gradients named can be asked for."""


def wanted_by_forward(case: Case) -> tuple[frozenset[str], ...]:
    """Return, for each forward of the script in turn, the gradients that any backward step wants of it.

    A leaf that nobody asks about must not require a gradient: implementations take other paths then. Where there are
    several layers, each has its own order of steps, and all that is wanted of any is wanted of every forward.
    """
    if case.lives:
        every = frozenset(name for step in case.script if step.verb == "backward" for name in step.followed)
        return (every,) * len(case.script)
    return tuple(
        frozenset(name for step in case.script if step.of == index for name in step.followed)
        for index, forward in enumerate(case.script)
        if forward.x is not None
    )


@dataclass(eq=False)
class Graph:
    """A forward that autograd has followed, with its leaves by name; twice is another way to the second order."""

    leaves: Tensors
    y: torch.Tensor
    twice: Callable[[torch.Tensor, torch.Tensor], Any] | None = None

    def gradients(self, cotangent: torch.Tensor, wanted: tuple[str, ...]) -> Tensors:
        """Return the wanted gradients; the graph is kept, so that it can be asked again."""
        leaves = [self.leaves[name.removeprefix("d")] for name in wanted]
        found = torch.autograd.grad(self.y, leaves, cotangent, retain_graph=True)
        return dict(zip(wanted, found, strict=True))

    def second(self, cotangent: torch.Tensor, direction: torch.Tensor, wanted: tuple[str, ...]) -> Tensors:
        """Return the wanted cotangents by a backward of the backward; both graphs are kept."""
        if self.twice is not None:
            found = self.twice(cotangent, direction)
            return {name: found[name] for name in wanted}
        with torch.enable_grad():
            dy = cotangent.detach().requires_grad_("ddy" in wanted)
            (dx,) = torch.autograd.grad(self.y, [self.leaves["x"]], dy, create_graph=True)
        leaves = [dy if name == "ddy" else self.leaves[name.removeprefix("dd")] for name in wanted]
        return dict(zip(wanted, torch.autograd.grad(dx, leaves, direction, retain_graph=True), strict=True))


def autograd(
    function: Callable[[Tensors], torch.Tensor],
    leaves: Tensors,
    wanted: frozenset[str],
    second: Second | None = None,
) -> Graph:
    """Run a function as users do, followed by autograd; what nobody wants requires no gradient."""
    known = {name: leaf.detach().requires_grad_(f"d{name}" in wanted) for name, leaf in leaves.items()}
    with torch.enable_grad():
        return Graph(known, function(known), second and partial(second, function, leaves))


@dataclass(eq=False)
class Pullback:
    """A forward under torch.func.vjp, or the gradients by whatever pulls a cotangent back, and twice where it can."""

    pull: Callable[[torch.Tensor], Any]
    y: torch.Tensor
    twice: Callable[[torch.Tensor, torch.Tensor], Any] | None = None

    def gradients(self, cotangent: torch.Tensor, wanted: tuple[str, ...]) -> Tensors:
        """Return the wanted gradients."""
        found = self.pull(cotangent)
        return {name: found[name.removeprefix("d")] for name in wanted}

    def second(self, cotangent: torch.Tensor, direction: torch.Tensor, wanted: tuple[str, ...]) -> Tensors:
        """Return the wanted cotangents of dy, x and gamma. Raises NotImplementedError where there is no way to them."""
        if self.twice is None:
            raise NotImplementedError("this way of taking gradients has no second order")
        found = self.twice(cotangent, direction)
        return {name: found[name] for name in wanted}


def vjp(
    function: Callable[[Tensors], torch.Tensor],
    leaves: Tensors,
    wanted: frozenset[str],
    second: Second = reverse_over_reverse,
) -> Pullback:
    """Run a function under torch.func.vjp, with respect to what is wanted; second says in which order it goes twice."""
    asked, rest = _parted(leaves, wanted)
    twice = partial(second, function, leaves)
    if not asked:
        return Pullback(dict, function(leaves), twice)
    followed: Any = torch.func.vjp(lambda given: function({**rest, **given}), asked)
    y, pull = followed
    return Pullback(lambda cotangent: pull(cotangent)[0], y, twice)


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
