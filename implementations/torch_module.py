"""A torch module as an implementation: gradients by autograd, parameters and statistics by its state_dict."""

from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from typing import Any

import torch
from torch import nn

from normspec.implementations.ask import message_of
from normspec.implementations.contract import Implementation
from normspec.implementations.errors import TargetError, signature_of
from normspec.implementations.torch_arrays import to_numpy, to_torch
from normspec.implementations.torch_tape import Taped, wanted_by_forward
from normspec.spec.case import Case
from normspec.spec.claims import Claims
from normspec.spec.formats import Array

NAMES = {"gamma": "weight", "beta": "bias", "running_mean": "running_mean", "running_var": "running_var"}
PARAMETER_OF = {"dgamma": "gamma", "dbeta": "beta"}
LAYOUTS = ("contiguous", "channels_last", "transposed", "strided", "offset", "expanded")
REFUSALS = (ValueError, RuntimeError)

Build = Callable[[Case], nn.Module]


class ModuleLayer:
    """One module at work. What a case leaves out stays as a new module has it: 1 for gamma, 0 for beta."""

    def __init__(self, case: Case, build: Build) -> None:
        self.module = build(case).to(getattr(torch, case.dtype))
        self.own = dict(self.module.named_parameters()) | dict(self.module.named_buffers())
        self.shapes = {name: values.shape for name, values in case.state.items()}
        self.wanted = wanted_by_forward(case)
        self.taped: list[Taped] = []
        self._load(dict(case.parameters) | dict(case.state))
        self._require(frozenset().union(*self.wanted))

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return y, in the module's training or evaluation mode."""
        leaf = to_torch(x).requires_grad_("dx" in self.wanted[len(self.taped)])
        with torch.enable_grad():
            y = self.module.train(training)(leaf)
        leaves = {d: self.own[NAMES[name]] for d, name in PARAMETER_OF.items() if NAMES[name] in self.own}
        self.taped.append(Taped({"dx": leaf} | leaves, y))
        return to_numpy(y)

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Return the wanted gradients by autograd; those of the parameters with shape (C,)."""
        found = self.taped[step].gradients(cotangent, wanted)
        return {name: value if name == "dx" else value.reshape(-1) for name, value in found.items()}

    def state(self) -> Mapping[str, Array]:
        """Return the running statistics."""
        return {name: to_numpy(self.own[NAMES[name]]).reshape(shape) for name, shape in self.shapes.items()}

    def _load(self, arrays: Mapping[str, Array]) -> None:
        with torch.no_grad():
            for name, values in arrays.items():
                own = self.own[NAMES[name]]
                own.copy_(to_torch(values).reshape(own.shape))

    def _require(self, wanted: frozenset[str]) -> None:
        for gradient, name in PARAMETER_OF.items():
            if NAMES[name] in self.own:
                self.own[NAMES[name]].requires_grad_(gradient in wanted)


def torch_module(
    factory: Callable[..., nn.Module],
    operation: str = "batch_norm",
    *,
    name: str = "",
    claims: Mapping[str, Any] | None = None,
    **conventions: str,
) -> Implementation:
    """Return an implementation from a module class, or a function that builds a module for a number of channels.

    factory's first argument is the number of channels; eps (or epsilon) is needed, and momentum, affine and
    track_running_stats are passed when it has them. What the module's state_dict holds of weight, bias, running_mean
    and running_var is claimed; claims changes or adds fields of Claims. Raises TargetError for a factory that cannot be
    called so, and for a module that has none of these names.
    """
    label = name or getattr(factory, "__qualname__", repr(factory))
    return Implementation(
        name=label,
        operation=operation,
        create=partial(ModuleLayer, build=partial(_built, factory)),
        claims=Claims(**(_claims_of(factory, label) | {"conventions": conventions} | dict(claims or {}))),
        refusals=REFUSALS,
        statement=f"torch module {label}, gradients by autograd",
    )


def _names_of(factory: Callable[..., nn.Module]) -> tuple[str, ...]:
    return tuple(signature(factory).parameters)


def _arguments(factory: Callable[..., nn.Module], case: Case) -> dict[str, Any]:
    available = {
        "eps": case.attributes["epsilon"],
        "epsilon": case.attributes["epsilon"],
        "momentum": case.attributes.get("momentum"),
        "affine": bool(case.parameters),
        "track_running_stats": bool(case.state),
    }
    return {name: available[name] for name in _names_of(factory)[1:] if name in available}


def _built(factory: Callable[..., nn.Module], case: Case) -> nn.Module:
    channels = next(step.input.shape[1] for step in case.script if step.verb != "backward")
    return factory(channels, **_arguments(factory, case))


def _ranks(factory: Callable[..., nn.Module], label: str) -> tuple[int, ...]:
    """Return the ranks of input that a new module takes."""
    taken, why = [], ""
    for rank in Claims().ranks:
        try:
            factory(3).eval()(torch.zeros(2, 3, *[2] * (rank - 2)))
            taken.append(rank)
        except Exception as error:
            why = why or f"{type(error).__name__}: {message_of(error)}"
    if not taken:
        raise TargetError(f"{label}(3) takes no input (2, 3, ...) of rank 2 to 5: {why}")
    return tuple(taken)


def _claims_of(factory: Callable[..., nn.Module], label: str) -> dict[str, Any]:
    """Return the claims that a trial module shows."""
    names = _names_of(factory)
    if not names or not {"eps", "epsilon"} & set(names[1:]):
        raise TargetError(
            f"{label}{signature_of(factory)} is no implementation: "
            "its first argument must be the number of channels, and it must take eps"
        )
    try:
        held = factory(3).state_dict()
    except Exception as error:
        raise TargetError(f"{label}(3) raised {type(error).__name__}: {message_of(error)}") from error
    parameters = tuple(name for name in ("gamma", "beta") if NAMES[name] in held)
    state = tuple(name for name in ("running_mean", "running_var") if name in held)
    return {
        "ranks": _ranks(factory, label),
        "layouts": LAYOUTS,
        "parameters": parameters,
        "gradients": ("dx", *(gradient for gradient, name in PARAMETER_OF.items() if name in parameters)),
        "state": state if len(state) == 2 else (),
        "optional": (*parameters, *(("state",) if "track_running_stats" in names else ())),
        "verbs": ("train", "infer", "backward") if len(state) == 2 else ("train", "backward"),
    }
