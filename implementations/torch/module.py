"""A torch module class as an implementation: its signature and what it holds say what it claims."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from inspect import signature
from typing import Any

import torch
from torch import nn

from normspec.implementations.ask import told
from normspec.implementations.contract import Implementation
from normspec.implementations.errors import TargetError, label_of, signature_of
from normspec.implementations.torch.beyond import going_beyond
from normspec.implementations.torch.calls import normalized_shape
from normspec.implementations.torch.interface import places
from normspec.implementations.torch.layer import ModuleLayer
from normspec.spec.case import Case
from normspec.spec.claims import Claims
from normspec.spec.operations import OPERATIONS, Operation
from normspec.spec.partition import Shape

LAYOUTS = ("contiguous", "channels_last", "transposed", "strided", "offset", "expanded")
REFUSALS = (ValueError, RuntimeError)

Factory = Callable[..., nn.Module]


def torch_module(
    factory: Factory,
    operation: str = "batch_norm",
    *,
    name: str = "",
    claims: Mapping[str, Any] | None = None,
    **conventions: str,
) -> Implementation:
    """Return an implementation from a module class, or a function that builds a module for a number of channels.

    factory's first argument is the number of channels, for layer norm and RMS norm the normalized shape; group norm
    also takes the number of groups. eps (or epsilon) is needed, and momentum, affine and track_running_stats are passed
    when it has them. What the module holds under a name in normspec.implementations.torch.interface.PLACES, such as
    weight or running_mean, is claimed, and to be saved, copied and frozen; second order and forward mode where autograd
    goes through it so. claims changes or adds fields of Claims.

    Raises TargetError for a factory that cannot be called so.
    """
    label = name or label_of(factory)
    if operation not in FIRST:
        raise TargetError(f"operation={operation!r} is none that a module can be: choose from {', '.join(FIRST)}")
    spec = OPERATIONS[operation]
    trial = _trial_of(factory, spec, label)
    names = places(trial)
    own = _claims_of(factory, spec, label, names)
    found = Implementation(
        name=label,
        operation=operation,
        create=partial(ModuleLayer, build=partial(built, factory), names=names),
        claims=Claims(**own, conventions=conventions),
        refusals=REFUSALS,
        statement=f"torch module {label}, gradients by autograd",
    )
    shape = _shape(own["ranks"][0])
    beyond = going_beyond(found, shape, momentum=hasattr(trial, "momentum"))
    return replace(beyond, claims=replace(beyond.claims, **dict(claims or {})))


def built(factory: Factory, case: Case) -> nn.Module:
    """Return the module that a factory builds for a case."""
    shape = case.first.shape
    return factory(*FIRST[case.operation](factory, case, shape), **_keywords(factory, case))


def names_of(factory: Factory) -> tuple[str, ...]:
    """Return the names of a factory's parameters."""
    return tuple(signature(factory).parameters)


def _of_channels(factory: Factory, case: Case, shape: Shape) -> tuple[Any, ...]:
    return (shape[1],)


def _of_last_axes(factory: Factory, case: Case, shape: Shape) -> tuple[Any, ...]:
    """Return the normalized shape: a number where only the last axis can be one."""
    return (normalized_shape(case, shape) if _several_axes(factory) else shape[-1],)


def _of_groups(factory: Factory, case: Case, shape: Shape) -> tuple[Any, ...]:
    known = {True: case.attributes["groups"], False: shape[1]}
    return tuple(known["group" in name] for name in names_of(factory)[:2])


FIRST: Mapping[str, Callable[[Factory, Case, Shape], tuple[Any, ...]]] = {
    "batch_norm": _of_channels,
    "instance_norm": _of_channels,
    "layer_norm": _of_last_axes,
    "rms_norm": _of_last_axes,
    "group_norm": _of_groups,
}
"""What stands first among the arguments of each operation's modules."""


def _several_axes(factory: Factory) -> bool:
    return "shape" in names_of(factory)[0]


def _keywords(factory: Factory, case: Case) -> dict[str, Any]:
    available = {
        "eps": case.attributes["epsilon"],
        "epsilon": case.attributes["epsilon"],
        "momentum": case.attributes.get("momentum"),
        "affine": bool(case.parameters),
        "elementwise_affine": bool(case.parameters),
        "bias": "beta" in case.parameters,
        "track_running_stats": bool(case.state),
    }
    return {name: available[name] for name in names_of(factory)[1:] if name in available}


def _trial(operation: Operation, shape: Shape) -> Case:
    """Return a case without steps for an x of this shape, with every parameter."""
    attributes = {"epsilon": 1e-5, "momentum": 0.1, **operation.choices(shape)[0]}
    bare = Case(operation.name, "float32", attributes, ())
    held = {
        name: torch.ones(operation.shape_of(name, shape, attributes)).numpy()
        for name in (*operation.parameters, *operation.state)
    }
    return bare.but(
        parameters={name: held[name] for name in operation.parameters},
        state={name: held[name] for name in operation.state},
    )


def _for_shape(factory: Factory, operation: Operation, shape: Shape) -> nn.Module:
    case = _trial(operation, shape)
    return factory(*FIRST[operation.name](factory, case, shape), **_keywords(factory, case))


def _shape(rank: int) -> Shape:
    return (2, 3, *[2] * (rank - 2))


def _ranks(factory: Factory, operation: Operation, label: str) -> tuple[int, ...]:
    """Return the ranks of input that a new module takes."""
    taken, why = [], ""
    for rank in operation.ranks:
        try:
            _for_shape(factory, operation, _shape(rank)).eval()(torch.zeros(_shape(rank)))
            taken.append(rank)
        except Exception as error:
            why = why or told(error)
    if not taken:
        ranks = f"{operation.ranks[0]} to {operation.ranks[-1]}"
        raise TargetError(f"{label}(3) takes no input (2, 3, ...) of rank {ranks}: {why}")
    return tuple(taken)


def _trial_of(factory: Factory, operation: Operation, label: str) -> nn.Module:
    """Return a module to look at."""
    names = names_of(factory)
    if not names or not {"eps", "epsilon"} & set(names[1:]):
        raise TargetError(
            f"{label}{signature_of(factory)} is no implementation: "
            "its first argument must be the number of channels, and it must take eps"
        )
    try:
        return _for_shape(factory, operation, _shape(operation.ranks[0]))
    except Exception as error:
        raise TargetError(f"{label}(3) raised {told(error)}") from error


def _claims_of(factory: Factory, operation: Operation, label: str, held: Mapping[str, str]) -> dict[str, Any]:
    """Return the claims that show in what a trial module holds, and in the factory's parameters."""
    names = names_of(factory)
    parameters = tuple(name for name in operation.parameters if name in held)
    state = tuple(name for name in operation.state if name in held)
    tracked = len(state) == 2 or not operation.state
    return {
        "ranks": _ranks(factory, operation, label),
        "layouts": LAYOUTS,
        "parameters": parameters,
        "gradients": ("dx", *(f"d{name}" for name in parameters)),
        "state": state if len(state) == 2 else (),
        "optional": (*parameters, *(("state",) if "track_running_stats" in names else ())),
        "verbs": ("train", "infer", "backward") if tracked else ("train", "backward"),
        "fixed": {"axes": 1} if "axes" in operation.open_attributes and not _several_axes(factory) else {},
    }
