"""Gradients by autograd, for a script in which the backward of any earlier forward may come at any time."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from normspec.implementations.torch_arrays import to_numpy, to_torch
from normspec.spec.case import Case
from normspec.spec.formats import Array


def wanted_by_forward(case: Case) -> tuple[frozenset[str], ...]:
    """Return, for each forward of the script in turn, the gradients that any backward step wants of it.

    A leaf that nobody asks about must not require a gradient: implementations take other paths then.
    """
    return tuple(
        frozenset(name for step in case.script if step.of == index for name in step.wanted)
        for index, forward in enumerate(case.script)
        if forward.verb != "backward"
    )


@dataclass(frozen=True, eq=False)
class Taped:
    """One forward: the leaves by the names of their gradients, and what came out."""

    leaves: Mapping[str, torch.Tensor]
    y: torch.Tensor

    def gradients(self, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Return the wanted gradients; the graph is kept, so that it can be asked again."""
        found = torch.autograd.grad(
            self.y, [self.leaves[name] for name in wanted], to_torch(cotangent), retain_graph=True
        )
        return {name: to_numpy(gradient) for name, gradient in zip(wanted, found, strict=True)}
