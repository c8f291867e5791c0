"""Weight norm as torch parametrizes weights by it: a layer from a weight to the weight that is used."""

from copy import deepcopy
from math import prod

import torch
from torch import nn

from normspec.implementations.torch.interface import Interface
from normspec.spec.case import Case
from normspec.spec.partition import Shape


def is_weight_norm(module: nn.Module) -> bool:
    """Return whether a module is what torch.nn.utils.parametrizations.weight_norm puts into a layer."""
    return type(module).__name__ == "_WeightNorm" and hasattr(module, "dim")


def weight_norm_of(module: nn.Module, shape: Shape, dtype: torch.dtype) -> Interface | str:
    """Return how such a module is weight norm of a weight of this shape, or why it is none."""
    dim = module.dim
    if not isinstance(dim, int) or len(shape) < 2 or not 0 <= dim < len(shape):
        return f"not recognized: with dim={dim!r} the norm is over no axes of a weight of shape {shape} but one"
    return Interface("weight_norm", {"gamma": "weight"}, {"axis": dim}, {"statistics_dtype": "input"}, dtype)


class Directed(nn.Module):
    """A weight's length as a parameter; what comes in is the weight, and what goes out the one that is used."""

    def __init__(self, parametrization: nn.Module, shape: Shape) -> None:
        super().__init__()
        self.parametrization = deepcopy(parametrization)
        self.weight = nn.Parameter(torch.ones(shape))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x in the length that is kept."""
        y: torch.Tensor = self.parametrization(self.weight, x)
        return y


def directed(parametrization: nn.Module, case: Case) -> Directed:
    """Return the layer for a case."""
    x, axis = case.first, case.attributes["axis"]
    shape = tuple(size if at == axis else 1 for at, size in enumerate(x.shape))
    if prod(shape) != case.parameters["gamma"].size:
        raise ValueError(f"gamma has {case.parameters['gamma'].size} elements, and the weight {prod(shape)} parts")
    return Directed(parametrization, shape)
