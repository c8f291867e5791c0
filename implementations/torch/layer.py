"""A torch module at work: parameters and statistics by its state_dict, gradients by autograd."""

from collections.abc import Callable, Mapping
from copy import copy, deepcopy
from io import BytesIO
from operator import attrgetter
from types import MappingProxyType

import torch
from torch import nn
from torch.func import functional_call

from normspec.implementations.torch.arrays import to_numpy, to_torch
from normspec.implementations.torch.forward import by_duals
from normspec.implementations.torch.tape import Graph, wanted_by_forward
from normspec.spec.case import Case
from normspec.spec.formats import Array

Build = Callable[[Case], nn.Module]

NAMES: Mapping[str, str] = MappingProxyType(
    {"gamma": "weight", "beta": "bias", "running_mean": "running_mean", "running_var": "running_var"}
)
"""The specification's names, and those that torch's own modules have for them."""


class ShapeError(ValueError):
    """What is given has not as many elements as the module keeps."""


class ModuleLayer:
    """One module. What a case leaves out stays as a new module has it: 1 for gamma, 0 for beta.

    names tells where the module keeps what the specification names; what has more axes there, as (1, C, 1, 1), is
    given and read in the specification's shape. Raises ShapeError for an array of another size.
    """

    def __init__(self, case: Case, build: Build, names: Mapping[str, str] = NAMES, device: str = "cpu") -> None:
        self.case, self.names, self.device, self.frozen = case, names, device, False
        self.module = build(case).to(device, getattr(torch, case.dtype))
        self.wanted = wanted_by_forward(case)
        self.taped: list[Graph] = []
        self.called: list[tuple[bool, torch.Tensor, Mapping[str, torch.Tensor]]] = []
        for name, values in {**case.parameters, **case.state}.items():
            self._load(name, to_torch(values, device))
        self._require(frozenset().union(*self.wanted))

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return y, in the module's training or evaluation mode."""
        leaf = to_torch(x, self.device).requires_grad_("dx" in self.wanted[len(self.taped)])
        training = training and not self.frozen  # the module is in evaluation mode, whatever its parent is in
        self.called.append((training, leaf, {name: each.clone() for name, each in self.module.named_buffers()}))
        with torch.enable_grad():
            y = self.module.train(training)(leaf)
        self.taped.append(Graph({"x": leaf, **{name: self._held(name) for name in self.case.parameters}}, y))
        return to_numpy(y)

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Return the wanted gradients by autograd, in the shapes that the specification gives them."""
        found = self.taped[step].gradients(to_torch(cotangent, self.device), wanted)
        return {name: self._shaped(name.removeprefix("d"), to_numpy(value)) for name, value in found.items()}

    def double_backward(
        self, step: int, cotangent: Array, direction: Array, wanted: tuple[str, ...]
    ) -> Mapping[str, Array]:
        """Return the wanted cotangents of dy, x and gamma, by a backward of the backward."""
        dy, u = to_torch(cotangent, self.device), to_torch(direction, self.device)
        found = self.taped[step].second(dy, u, wanted)
        return {name: self._shaped(name.removeprefix("dd"), to_numpy(value)) for name, value in found.items()}

    def jvp(self, step: int, tangents: Mapping[str, Array]) -> Array:
        """Return the tangent of y by dual tensors, in another forward from the buffers of before."""
        training, x, buffers = self.called[step]
        own = {"x": x, **{name: self._held(name) for name in self.case.parameters}}
        fresh = {name: values.clone() for name, values in buffers.items()}
        moved = {name: to_torch(values, self.device).reshape(own[name].shape) for name, values in tangents.items()}

        def forward(given: Mapping[str, torch.Tensor]) -> torch.Tensor:
            held = {self.names[name]: given[name] for name in self.case.parameters}
            y: torch.Tensor = functional_call(self.module.train(training), {**fresh, **held}, (given["x"],))
            return y

        return to_numpy(by_duals(forward, own, moved))

    def save(self) -> bytes:
        """Return the module's state_dict as torch writes it."""
        written = BytesIO()
        torch.save(self.module.state_dict(), written)
        return written.getvalue()

    def load(self, saved: bytes) -> None:
        """Load a state_dict; what a module keeps beside it is not saved, and so not loaded."""
        self.module.load_state_dict(torch.load(BytesIO(saved), weights_only=True))

    def copy(self) -> "ModuleLayer":
        """Return a layer of a deep copy of the module."""
        other = copy(self)
        other.module, other.taped, other.called = deepcopy(self.module), [], []
        return other

    def freeze(self) -> None:
        """Put the module in evaluation mode for good."""
        self.frozen = True

    def change_momentum(self, momentum: float | None) -> None:
        """Set the module's momentum."""
        self.module.momentum = momentum  # type: ignore[assignment]

    def state(self) -> Mapping[str, Array]:
        """Return the running statistics."""
        return {name: self._shaped(name, to_numpy(self._held(name))) for name in self.case.state}

    def _held(self, name: str) -> torch.Tensor:
        """Return what the module has under a name now: some layers put a new tensor there in every step."""
        held: torch.Tensor = attrgetter(self.names[name])(self.module)
        return held

    def _shaped(self, name: str, values: Array) -> Array:
        given = self.case.parameters.get(name, self.case.state.get(name))
        return values if given is None else values.reshape(given.shape)

    def _load(self, name: str, values: torch.Tensor) -> None:
        held, place = self._held(name), self.names[name]
        if held.numel() != values.numel():
            raise ShapeError(f"{name} has {values.numel()} elements, and {place} of the module has {held.numel()}")
        new = values.reshape(held.shape)
        if is_kept(self.module, place):
            with torch.no_grad():
                held.copy_(new)
        else:
            setattr(self.module, place, new)

    def _require(self, wanted: frozenset[str]) -> None:
        own = dict(self.module.named_parameters())
        for name, place in self.names.items():
            if place in own:
                own[place].requires_grad_(f"d{name}" in wanted)


def is_kept(module: nn.Module, place: str) -> bool:
    """Return whether a tensor is one of the module's parameters and buffers, which move, change dtype and are saved."""
    return place in {name for name, _ in (*module.named_parameters(), *module.named_buffers())}
