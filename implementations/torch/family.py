"""Every operation as PyTorch has it: the functions and the modules. Importing this file imports torch."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
from torch import nn

from normspec.implementations.contract import Implementation, Instance
from normspec.implementations.torch.calls import FUNCTIONS, MODULES, SYNCHRONIZED, Module
from normspec.implementations.torch.functional import FunctionalLayer, called
from normspec.implementations.torch.guard import guarded
from normspec.implementations.torch.layer import ModuleLayer
from normspec.implementations.torch.module import LAYOUTS, REFUSALS
from normspec.implementations.torch.snippet import functional_snippet, module_snippet
from normspec.spec.case import Case
from normspec.spec.claims import Claims, beyond, claims_for
from normspec.spec.operations import OPERATIONS

KEPT = {"statistics_dtype": "input"}
"""Parameters of half precision: torch 2.13 returns the mean and rstd of its norms in that format, for the backward."""

CONVENTIONS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "batch_norm": KEPT,
        "layer_norm": KEPT,
        "group_norm": KEPT,
        "instance_norm": {**KEPT, "negative_epsilon": "accept"},  # batch norm of a view, without its check
        "rms_norm": KEPT,
        "weight_norm": KEPT,
        "cosine_similarity": KEPT,
        "l1_normalize": KEPT,
        "l2_normalize": KEPT,
        "max_normalize": KEPT,
    }
)
"""What torch chooses where it is not the operation's default."""

EXTENT: Mapping[str, Mapping[str, Any]] = MappingProxyType({"weight_norm": {"optional": ()}})
"""Where torch supports less than all of an operation: a weight has its length."""

NOT_THERE: Mapping[str, tuple[str, ...]] = MappingProxyType({"weight_norm": ("jvp",)})
"""Verbs that torch refuses: forward AD "has not been implemented yet" for weight norm."""

KEPT_BY_MODULES = ("save", "copy", "freeze", "momentum")
"""What there is no layer for where functions are called."""

torch.set_num_threads(1)  # sums are split among threads: on one, every machine adds in the same order


def claims_of(operation: str, **changed: Any) -> Claims:
    """Return what torch supports of an operation, with some of it changed."""
    declared = {
        "layouts": LAYOUTS,
        "conventions": CONVENTIONS.get(operation, {}),
        **EXTENT.get(operation, {}),
        **changed,
    }
    return claims_for(OPERATIONS[operation], **declared)


def differentiated(operation: str, *, without: tuple[str, ...] = KEPT_BY_MODULES, **changed: Any) -> Claims:
    """Return the claims of what autograd differentiates: twice, and forward, where the operation asks for it."""
    own = claims_of(operation, **changed)
    lacking = (*without, *NOT_THERE.get(operation, ()))
    return replace(own, verbs=(*own.verbs, *beyond(OPERATIONS[operation], without=lacking)))


def functional(operation: str) -> Implementation:
    """Return the function of torch for an operation."""
    return Implementation(
        name="torch-functional",
        operation=operation,
        create=guarded(FunctionalLayer),
        claims=differentiated(operation),
        refusals=REFUSALS,
        snippet=functional_snippet,
        statement=f"the function for {operation} in torch.nn.functional, gradients by autograd",
    )


def build(module: Module, case: Case) -> nn.Module:
    """Return torch's module for a case."""
    made: nn.Module = called(module(case, case.first.shape), {})
    return made


def modular(name: str, operation: str, module: Module) -> Implementation:
    """Return the module of torch for an operation."""
    return Implementation(
        name=name,
        operation=operation,
        create=guarded(partial(ModuleLayer, build=partial(build, module))),
        claims=differentiated(operation, without=(), momentum_none=operation == "batch_norm"),
        refusals=REFUSALS,
        snippet=partial(module_snippet, module=module),
        statement=f"the module for {operation} in torch.nn, gradients by autograd",
    )


def on_device(found: Implementation, device: str) -> Implementation:
    """Return an implementation on another device. Raises ValueError for a device that torch cannot use here."""
    try:
        torch.zeros(1, device=device).cpu()
    except Exception as error:
        raise ValueError(f"device={device!r} cannot be used: {error}".splitlines()[0]) from None
    create: Callable[..., Instance] = found.create
    snippet: Callable[..., str] = found.snippet
    return replace(
        found,
        name=f"{found.name}@{device}",
        create=partial(create, device=device),
        snippet=partial(snippet, device=device),
        statement=f"{found.statement}, on {device}",
    )


FUNCTIONAL = tuple(functional(operation) for operation in FUNCTIONS)
MODULE = tuple(modular("torch-module", operation, module) for operation, module in MODULES.items())
SYNC = tuple(
    replace(modular("torch-sync", operation, module), stands_for="torch-module")  # without other processes it is that
    for operation, module in SYNCHRONIZED.items()
)
