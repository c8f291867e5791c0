"""A torch module at work: parameters and statistics by its state_dict, gradients by autograd."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import nn

from normspec.implementations.torch_arrays import to_numpy, to_torch
from normspec.implementations.torch_tape import Graph, wanted_by_forward
from normspec.spec.case import Case
from normspec.spec.formats import Array

Build = Callable[[Case], nn.Module]

NAMES: Mapping[str, str] = MappingProxyType(
    {"gamma": "weight", "beta": "bias", "running_mean": "running_mean", "running_var": "running_var"}
)
"""The specification's names, and those that torch's own modules have for them."""


class ModuleLayer:
    """One module. What a case leaves out stays as a new module has it: 1 for gamma, 0 for beta.

    names tells where the module keeps what the specification names; what has more axes there, as (1, C, 1, 1), is
    given and read in the specification's shape.
    """

    def __init__(self, case: Case, build: Build, names: Mapping[str, str] = NAMES, device: str = "cpu") -> None:
        self.case, self.names, self.device = case, names, device
        self.module = build(case).to(device, getattr(torch, case.dtype))
        self.own = dict(self.module.named_parameters()) | dict(self.module.named_buffers())
        self.wanted = wanted_by_forward(case)
        self.taped: list[Graph] = []
        self._load({**case.parameters, **case.state})
        self._require(frozenset().union(*self.wanted))

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return y, in the module's training or evaluation mode."""
        leaf = to_torch(x, self.device).requires_grad_("dx" in self.wanted[len(self.taped)])
        with torch.enable_grad():
            y = self.module.train(training)(leaf)
        held = {name: self.own[self.names[name]] for name in self.case.parameters}
        self.taped.append(Graph({"x": leaf, **held}, y))
        return to_numpy(y)

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Return the wanted gradients by autograd, in the shapes that the specification gives them."""
        found = self.taped[step].gradients(to_torch(cotangent, self.device), wanted)
        return {name: self._shaped(name.removeprefix("d"), to_numpy(value)) for name, value in found.items()}

    def state(self) -> Mapping[str, Array]:
        """Return the running statistics."""
        return {name: self._shaped(name, to_numpy(self.own[self.names[name]])) for name in self.case.state}

    def _shaped(self, name: str, values: Array) -> Array:
        given = self.case.parameters.get(name, self.case.state.get(name))
        return values if given is None else values.reshape(given.shape)

    def _load(self, arrays: Mapping[str, Array]) -> None:
        with torch.no_grad():
            for name, values in arrays.items():
                own = self.own[self.names[name]]
                own.copy_(to_torch(values, self.device).reshape(own.shape))

    def _require(self, wanted: frozenset[str]) -> None:
        for name in ("gamma", "beta"):
            if self.names.get(name) in self.own:
                self.own[self.names[name]].requires_grad_(f"d{name}" in wanted)
