"""A function of torch as a layer: the tensors that a caller would keep, and one of several ways to run it."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

import torch

from normspec.implementations.torch.arrays import to_numpy, to_torch
from normspec.implementations.torch.calls import FUNCTIONS, Call, Function, Named
from normspec.implementations.torch.forward import Push, by_duals
from normspec.implementations.torch.tape import Tape, autograd, wanted_by_forward
from normspec.spec.case import Case
from normspec.spec.formats import Array

Given = Mapping[str, torch.Tensor]
Pure = Callable[[Given], torch.Tensor]
"""A forward as a function of x and the parameters, by their names."""

Wrap = Callable[[Pure], Pure]
"""What is done to a forward before it runs: nothing, vmap, autocast, compile."""


def plainly(function: Pure) -> Pure:
    """Return the function as it is."""
    return function


def called(call: Call, given: Given) -> Any:
    """Return what torch gives for a call. An array that the case does not have is None."""

    def value(argument: Any) -> Any:
        if not isinstance(argument, Named):
            return argument
        tensor = given.get(argument.name)
        return tensor if tensor is None or argument.shape is None else tensor.reshape(argument.shape)

    function = call.function or attrgetter(call.name)(torch)
    return function(*map(value, call.arguments), **{name: value(each) for name, each in call.keywords.items()})


class FunctionalLayer:
    """A function of torch, with the tensors that a caller would keep."""

    def __init__(
        self,
        case: Case,
        wrap: Wrap = plainly,
        tape: Tape = autograd,
        push: Push = by_duals,
        device: str = "cpu",
        functions: Mapping[str, Function] = FUNCTIONS,
    ) -> None:
        self.case, self.wrap, self.tape, self.push, self.device = case, wrap, tape, push, device
        self.function = functions[case.operation]
        self.parameters = {name: to_torch(values, device) for name, values in case.parameters.items()}
        self.running = {name: to_torch(values, device) for name, values in case.state.items()}
        self.wanted = wanted_by_forward(case)
        self.taped: list[Any] = []
        self.pushed: list[tuple[Call, Given, Given]] = []

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return y; torch moves the running statistics in place."""
        leaves = {"x": to_torch(x, self.device), **self.parameters}
        call = self.function(self.case, x.shape, training)

        def function(given: Given) -> torch.Tensor:
            result: torch.Tensor = called(call, {**given, **self.running})
            return result

        self.pushed.append((call, leaves, {name: values.clone() for name, values in self.running.items()}))
        taped = self.tape(self.wrap(function), leaves, self.wanted[len(self.taped)])
        self.taped.append(taped)
        return to_numpy(taped.y)

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Return the wanted gradients."""
        found = self.taped[step].gradients(to_torch(cotangent, self.device), wanted)
        return {name: to_numpy(gradient) for name, gradient in found.items()}

    def double_backward(
        self, step: int, cotangent: Array, direction: Array, wanted: tuple[str, ...]
    ) -> Mapping[str, Array]:
        """Return the wanted cotangents of dy, x and gamma, where direction is that of dx."""
        dy, u = to_torch(cotangent, self.device), to_torch(direction, self.device)
        found = self.taped[step].second(dy, u, wanted)
        return {name: to_numpy(values) for name, values in found.items()}

    def jvp(self, step: int, tangents: Mapping[str, Array]) -> Array:
        """Return the tangent of y, by another forward from the running statistics of before."""
        call, leaves, before = self.pushed[step]
        running = {name: values.clone() for name, values in before.items()}
        moved = {name: to_torch(values, self.device) for name, values in tangents.items()}
        return to_numpy(self.push(self.wrap(lambda given: called(call, {**given, **running})), leaves, moved))

    def state(self) -> Mapping[str, Array]:
        """Return the running statistics."""
        return {name: to_numpy(values) for name, values in self.running.items()}
