"""The normalization layers inside a torch model, each as an implementation that is checked in its place.

One forward pass records the shapes that flow through the layers; each is then asked in these, as it stands.
"""

from collections.abc import Mapping
from copy import deepcopy
from functools import partial
from typing import Any

import torch
from torch import nn

from normspec.implementations.ask import message_of
from normspec.implementations.contract import Implementation
from normspec.implementations.errors import TargetError
from normspec.implementations.torch_beyond import going_beyond
from normspec.implementations.torch_interface import Interface, interface_of, is_candidate
from normspec.implementations.torch_layer import ModuleLayer, ShapeError
from normspec.implementations.torch_module import REFUSALS
from normspec.implementations.torch_structure import faults_of
from normspec.spec.case import Case
from normspec.spec.claims import Claims
from normspec.spec.operations import OPERATIONS
from normspec.spec.outcome import Malformed, Outcome
from normspec.spec.partition import Shape

Declared = Mapping[str, Mapping[str, Any]]
SIZES = (28, 32, 64, 224)
"""Heights and widths that an image model may expect, where nothing says which."""


def layers_in(thing: Any, name: str, example: Any = None, declared: Any = None) -> tuple[Implementation, ...]:
    """Return an implementation for each normalization layer of a model, named by its path in it.

    thing is a model, or builds one when it is called. example is an input, or a function that gives one. declared
    gives, by the name of a layer's class, what the layer does not show: conventions, epsilon, momentum. Behind the
    layers follows one implementation for each fault of construction, which nothing that it answers could mend.
    Raises TargetError for what is no model, has no normalization layer or cannot be run.
    """
    model = _model(thing, name)
    flowing = _recorded(model, name, example)
    found = [
        each
        for path, module in model.named_modules()
        if is_candidate(module) and path in flowing
        for each in _layer(f"{name}:{path}" if path else name, module, flowing[path], declared or {})
    ]
    if not found:
        raise TargetError(f"{name} has no normalization layer through which its example input flows")
    return tuple(found)


def _model(thing: Any, name: str) -> nn.Module:
    try:
        model = thing if isinstance(thing, nn.Module) else thing()
    except Exception as error:
        raise TargetError(f"{name}() raised {type(error).__name__}: {message_of(error)}") from None
    if not isinstance(model, nn.Module):
        raise TargetError(f"{name}() returned a {type(model).__name__}, no torch.nn.Module")
    return model


def _recorded(model: nn.Module, name: str, example: Any) -> dict[str, Shape]:
    """Return the shape of what flows into each module in one forward pass, up to where the pass fails, if it does."""
    whys: list[str] = []
    for inputs in _examples(model, example):
        flowing, why = _pass(model, inputs)
        if not why or any(is_candidate(model.get_submodule(path)) for path in flowing):
            return flowing
        whys.append(why)
    why = whys[0] if whys else "its first layer does not show what it takes"
    raise TargetError(f"{name} cannot be run: {why}; add a function example_input() beside it that returns an input")


def _pass(model: nn.Module, inputs: tuple[Any, ...]) -> tuple[dict[str, Shape], str]:
    flowing: dict[str, Shape] = {}

    def record(path: str, module: nn.Module, given: tuple[Any, ...]) -> None:
        if given and isinstance(given[0], torch.Tensor):
            flowing.setdefault(path, tuple(given[0].shape))

    hooks = [each.register_forward_pre_hook(partial(record, path)) for path, each in model.named_modules()]
    try:
        with torch.no_grad():
            model.eval()(*inputs)
    except Exception as error:
        return flowing, f"it raised {type(error).__name__}: {message_of(error)}"
    finally:
        for hook in hooks:
            hook.remove()
    return flowing, ""


def _examples(model: nn.Module, example: Any) -> list[tuple[Any, ...]]:
    """Return the inputs to try: the one that is given, or what the first layer with weights may take."""
    if example is not None:
        given = example() if callable(example) else example
        return [given if isinstance(given, tuple) else (given,)]
    first = next((each for each in model.modules() if isinstance(each, nn.Linear | nn.modules.conv._ConvNd)), None)
    if isinstance(first, nn.Linear):
        return [(torch.zeros(2, first.in_features),)]
    if first is None:
        return []
    space = first.weight.dim() - 2
    return [(torch.zeros(2, first.in_channels, *[size] * space),) for size in SIZES]


def _layer(name: str, module: nn.Module, shape: Shape, declared: Declared) -> list[Implementation]:
    """Return a layer as an implementation, and its faults of construction."""
    found = interface_of(module, shape, declared.get(type(module).__name__, {}))
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
        shapes=_shapes(module, shape, found),
        conventions=found.conventions,
    )
    layer = Implementation(
        name=name,
        operation=found.operation,
        create=partial(ModuleLayer, build=partial(_copied, module), names=found.names),
        claims=claims,
        refusals=(ShapeError, *(REFUSALS if own else ())),  # what raises in anybody else's layer may be a mistake
        stands_for="torch-module" if own else "",
        statement=f"{type(module).__name__} in its place, on x of shape {'x'.join(map(str, shape))}",
    )
    layer = going_beyond(layer, claims.shapes[0], momentum=False)  # the layer has the momentum that it has
    return [layer, *(_faulty(layer, fault, why) for fault, why in faults_of(module, shape, found).items())]


def _copied(module: nn.Module, case: Case) -> nn.Module:
    return deepcopy(module)


def _shapes(module: nn.Module, shape: Shape, found: Interface) -> tuple[Shape, ...]:
    """Return the shape that flows, and a small one where the layer takes that too: there wrong formulas show best."""
    operation = OPERATIONS[found.operation]
    spatial = "axes" not in operation.open_attributes and len(shape) > 2
    small = (3, shape[1], *[2] * (len(shape) - 2)) if spatial else (3, *shape[1:])
    try:
        with torch.no_grad():
            takes = deepcopy(module).eval()(torch.zeros(small, dtype=found.dtype)).shape == small
    except Exception:
        takes = False  # its parameters belong to the one shape
    return (small, shape) if takes and small != shape else (shape,)


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
