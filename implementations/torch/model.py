"""The normalization layers inside a torch model, each as an implementation that is checked in its place.

One forward pass records the shapes that flow through the layers; each is then asked in these, as it stands.
"""

from collections.abc import Mapping
from copy import deepcopy
from functools import partial
from typing import Any

import torch
from torch import nn

from normspec.implementations.ask import told
from normspec.implementations.contract import Implementation
from normspec.implementations.errors import TargetError
from normspec.implementations.torch.beyond import going_beyond
from normspec.implementations.torch.flow import recorded
from normspec.implementations.torch.interface import Interface, interface_of, is_candidate
from normspec.implementations.torch.layer import Build, ModuleLayer, ShapeError
from normspec.implementations.torch.module import REFUSALS
from normspec.implementations.torch.structure import faults_of
from normspec.implementations.torch.weight import directed, is_weight_norm, weight_norm_of
from normspec.spec.case import Case
from normspec.spec.claims import Claims
from normspec.spec.operations import OPERATIONS
from normspec.spec.outcome import Malformed, Outcome
from normspec.spec.partition import Shape

Declared = Mapping[str, Mapping[str, Any]]

STANDS_FOR = {"weight_norm": "torch-functional"}
"""Whose record a layer of torch shares where there is no module of torch for the operation."""


def layers_in(thing: Any, name: str, example: Any = None, declared: Any = None) -> tuple[Implementation, ...]:
    """Return an implementation for each normalization layer of a model, named by its path in it.

    thing is a model, or builds one when it is called. example is an input, or a function that gives one. declared
    gives, by the name of a layer's class, what the layer does not show: conventions, epsilon, momentum. Behind the
    layers follows one implementation for each fault of construction, which nothing that it answers could mend.
    Raises TargetError for what is no model, has no normalization layer or cannot be run.
    """
    model = _model(thing, name)
    flowing = recorded(model, name, example)
    paths: dict[nn.Module, list[str]] = {}
    for path, module in model.named_modules(remove_duplicate=False):
        if is_candidate(module):
            paths.setdefault(module, []).append(path)
    if not paths.keys() & flowing.keys():
        unreached = f": none reaches {', '.join(path for each in paths.values() for path in each)}" if paths else ""
        raise TargetError(f"{name} has no normalization layer through which its example input flows{unreached}")
    dtype = next((each.dtype for each in model.parameters() if each.is_floating_point()), torch.float32)
    return tuple(
        each
        for module, own in paths.items()
        for each in _layer(f"{name}:{' and '.join(own)}" if any(own) else name, module, flowing.get(module, ()),
                           declared or {}, dtype)
    )  # fmt: skip


def _model(thing: Any, name: str) -> nn.Module:
    try:
        model = thing if isinstance(thing, nn.Module) else thing()
    except Exception as error:
        raise TargetError(f"{name}() raised {told(error)}") from None
    if not isinstance(model, nn.Module):
        raise TargetError(f"{name}() returned a {type(model).__name__}, no torch.nn.Module")
    return model


def _layer(
    name: str, module: nn.Module, shapes: tuple[Shape, ...], declared: Declared, dtype: torch.dtype
) -> list[Implementation]:
    """Return a layer as an implementation, and its faults of construction; dtype is that of the model's weights."""
    if not shapes:
        return [_unrecognized(name, "not checked: no input reaches it in the forward pass")]
    shape = shapes[0]
    if is_weight_norm(module):
        found = weight_norm_of(module, shape, dtype)
        build: Build = partial(directed, module)
    else:
        found = interface_of(module, shape, declared.get(type(module).__name__, {}))
        build = partial(_copied, module)
    if isinstance(found, str):
        return [_unrecognized(name, found)]
    own = type(module).__module__.startswith("torch.nn.")
    claims = Claims(
        dtypes=(str(found.dtype).removeprefix("torch."),),
        ranks=(len(shape),),
        layouts=("contiguous", "channels_last") if len(shape) > 3 else ("contiguous",),
        verbs=("train", "infer", "backward"),
        gradients=("dx", *(f"d{each}" for each in found.parameters)),
        parameters=found.parameters,
        state=found.state,
        optional=(),
        momentum_none=True,
        fixed=found.attributes,
        shapes=_shapes(module, shapes, found),
        conventions=found.conventions,
    )
    layer = Implementation(
        name=name,
        operation=found.operation,
        create=partial(ModuleLayer, build=build, names=found.names),
        claims=claims,
        refusals=(ShapeError, *(REFUSALS if own else ())),  # what raises in anybody else's layer may be a mistake
        stands_for=STANDS_FOR.get(found.operation, "torch-module") if own else "",
        statement=f"{type(module).__name__} in its place, on x of shape {'x'.join(map(str, shape))}",
    )
    layer = going_beyond(layer, claims.shapes[0], momentum=False)  # the layer has the momentum that it has
    faults = {} if is_weight_norm(module) else faults_of(module, shape, found)
    return [layer, *(_faulty(layer, fault, why) for fault, why in faults.items())]


def _copied(module: nn.Module, case: Case) -> nn.Module:
    return deepcopy(module)


def _shapes(module: nn.Module, flowing: tuple[Shape, ...], found: Interface) -> tuple[Shape, ...]:
    """Return the shapes that flow, and a small one where the layer takes that too: there wrong formulas show best."""
    operation, shape = OPERATIONS[found.operation], flowing[0]
    spatial = "axes" not in operation.open_attributes and len(shape) > 2
    small = (3, shape[1], *[2] * (len(shape) - 2)) if spatial else (3, *shape[1:])
    own = tuple(each for each in flowing if len(each) == len(shape))
    if is_weight_norm(module):
        return own  # a weight has its shape
    try:
        with torch.no_grad():
            takes = deepcopy(module).eval()(torch.zeros(small, dtype=found.dtype)).shape == small
    except Exception:
        takes = False  # its parameters belong to the one shape
    return (small, *own) if takes and small not in own else own


def _faulty(layer: Implementation, fault: str, why: str) -> Implementation:
    """Return an implementation that stands for a fault of construction: whatever it is asked, the fault is told."""

    def answer(case: Case) -> Outcome:
        return Malformed(-1, f"{fault}: {why}")

    claims = Claims(
        dtypes=layer.claims.dtypes,
        ranks=layer.claims.ranks,
        verbs=("train",),
        gradients=(),
        parameters=(),
        state=(),
        optional=(),
        momentum_none=True,
        fixed=layer.claims.fixed,
        shapes=layer.claims.shapes[:1],
    )
    return Implementation(f"{layer.name} {fault}", layer.operation, _never, claims, answer=answer, statement=why)


def _unrecognized(name: str, why: str) -> Implementation:
    """Return an implementation that claims nothing, and says in its name why a layer is not checked."""
    claims = Claims(dtypes=(), parameters=(), gradients=(), state=(), optional=())
    return Implementation(f"{name} ({why})", "batch_norm", _never, claims, statement=why)


def _never(case: Case) -> Any:
    raise TargetError("this layer is not asked")
