"""Targets: the names by which implementations are asked for."""

import sys
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NoReturn

from normspec.implementations.ask import told
from normspec.implementations.contract import Implementation
from normspec.implementations.errors import TargetError, label_of, raised_here, signature_of
from normspec.implementations.faulty import FAULTS, Fault
from normspec.implementations.locate import beside, load_registered, locate
from normspec.implementations.pipe import ISOLATED, PIPE, Terms, from_process
from normspec.implementations.plug_in import check_signature, forward_names, from_function, names_of, needs_nothing
from normspec.implementations.registry import REGISTERED, shipped
from normspec.implementations.vetting import objection
from normspec.spec.operations import OPERATIONS

FAULTY, TORCH, KERAS, ONNX = "faulty:", "torch", "keras@", ".onnx"
KNOWN_NAMES = tuple(dict.fromkeys(name for each in OPERATIONS.values() for name in forward_names(each)))


def resolve(target: str, operation: str | None = None, terms: Terms | None = None) -> tuple[Implementation, ...]:
    """Return the implementations that a target names, those of one operation where one is given.

    A target is a registered name, faulty:NAME, package.module:attribute, path/to/file.py:attribute, a name that a
    package ships by an entry point, or FILE.onnx. The attribute may be an Implementation, a tuple of them, a function
    whose parameters have the specification's names, a torch module class, or a torch model or what builds one, of which
    every normalization layer is meant. pipe:COMMAND is a program that speaks docs/protocol.md, isolated:TARGET any
    other target in a process of its own; terms limits both. Raises TargetError, with one line that says what to do.
    """
    found = _looked_at(target, operation, terms)
    kept = tuple(each for each in found if operation in (None, each.operation))
    if not kept:
        has = ", ".join(sorted({each.operation for each in found}))
        raise TargetError(f"target={target!r} has nothing for operation={operation!r}: it implements {has}")
    return kept


def list_names() -> Mapping[str, str]:
    """Return every registered name with one line that says what it is. Imports no framework."""
    faulty = {f"{FAULTY}{name}": f"on purpose: {fault.statement}" for name, fault in FAULTS.items()}
    own = {name: statement for name, (_, statement) in REGISTERED.items()}
    others = {
        name: f"shipped by {place.dist.name if place.dist else place.module}" for name, place in shipped().items()
    }
    return {**others, **own, **faulty}


def _looked_at(target: str, operation: str | None, terms: Terms | None) -> tuple[Implementation, ...]:
    """Return what a target names. What somebody's thing raises when it is looked at is no defect of normspec's."""
    try:
        return _found(target, operation, terms)
    except (KeyboardInterrupt, TargetError):
        raise
    except BaseException as error:
        if raised_here(error):
            raise
        raised = told(error)
        raise TargetError(f"target={target!r}: looking at it raised {raised}") from None


def _found(target: str, operation: str | None, terms: Terms | None) -> tuple[Implementation, ...]:
    if target.startswith((PIPE, ISOLATED)):
        return tuple(_vetted(target, each) for each in from_process(target, operation, terms))
    if target in REGISTERED:
        return _as_implementations(target, load_registered(target, REGISTERED[target][0]), operation)
    if target in shipped():
        return _as_implementations(target, locate(shipped()[target].value), operation)
    if target.startswith(KERAS):
        return _on_backend(target, operation)
    if target.endswith(ONNX):
        return _in_file(target, operation)
    if target.startswith(TORCH) and "@" in target:
        return _on_device(target, operation, *target.split("@", 1))
    if target.startswith(FAULTY):
        found = _faulty(target).implementations  # on the operation that shows it best, unless another is asked for
        return found if operation else found[:1]
    if ":" in target:
        return _as_implementations(target, locate(target), operation)
    raise TargetError(f"target={target!r} is unknown: {_hint(target, (*REGISTERED, *shipped()))}")


def _on_device(target: str, operation: str | None, name: str, device: str) -> tuple[Implementation, ...]:
    """Return what a registered name of torch has, on a device."""
    from normspec.implementations.torch.family import on_device

    found = _found(name, operation, None)
    try:
        return tuple(on_device(each, device) for each in found)
    except ValueError as error:
        raise TargetError(f"target={target!r}: {error}") from None


def _on_backend(target: str, operation: str | None) -> tuple[Implementation, ...]:
    """Return the layers of Keras on the back-end that stands behind the @."""
    from normspec.implementations.keras.choice import choose

    try:
        choose(target.removeprefix(KERAS))
    except ValueError as error:
        raise TargetError(f"target={target!r}: {error}") from None
    return _found("keras", operation, None)


def _in_file(target: str, operation: str | None) -> tuple[Implementation, ...]:
    """Return what an ONNX file holds, by ONNX Runtime."""
    onnx_model = load_registered(target, "normspec.implementations.onnx.model:onnx_model")
    try:
        return (_vetted(target, onnx_model(target, operation or "")),)
    except TargetError as error:
        raise TargetError(f"target={target!r}: {error}") from None


def _faulty(target: str) -> Fault:
    name = target.removeprefix(FAULTY)
    if name not in FAULTS:
        raise TargetError(f"target={target!r} is unknown: {_hint(target, tuple(FAULTY + each for each in FAULTS))}")
    return FAULTS[name]


def _hint(asked: str, names: tuple[str, ...]) -> str:
    if asked.endswith(".py"):
        return f"name what to test in the file, as {asked}:ATTRIBUTE"
    close = get_close_matches(asked, names, n=3)
    start = f"did you mean {' or '.join(close)}? " if close else ""
    return f"{start}'normspec list implementations' shows the names; others are MODULE:ATTRIBUTE or FILE.py:ATTRIBUTE"


def _as_implementations(target: str, thing: Any, operation: str | None) -> tuple[Implementation, ...]:
    if isinstance(thing, Implementation):
        return (_vetted(target, thing),)
    if isinstance(thing, tuple | list) and thing and all(isinstance(each, Implementation) for each in thing):
        return tuple(_vetted(target, each) for each in thing)
    if _is_model(thing):
        return _in_model(target, thing, operation)
    if not callable(thing):
        kind = type(thing).__name__
        raise TargetError(
            f"target={target!r} is a {kind}, no implementation: name a function, a module class or an Implementation"
        )
    try:
        return (_adapted(target, thing, operation),)
    except TargetError as error:
        raise TargetError(f"target={target!r}: {error}") from None


def _in_model(target: str, thing: Any, operation: str | None) -> tuple[Implementation, ...]:
    """Return the normalization layers inside a torch model."""
    from normspec.implementations.torch.model import layers_in

    extra = {"example": beside(target, "example_input"), "declared": beside(target, "layers")}
    try:
        found = layers_in(thing, target.rpartition(":")[2], **extra)
    except TargetError as error:
        raise TargetError(f"target={target!r}: {error}") from None
    return tuple(_vetted(target, each) for each in found if operation in (None, each.operation)) or found


def _vetted(target: str, implementation: Implementation) -> Implementation:
    why = objection(implementation)
    if why:
        raise TargetError(f"target={target!r}: {implementation.name} cannot be used: {why}")
    return implementation


def _adapted(target: str, thing: Any, operation: str | None) -> Implementation:
    if _is_keras_layer_class(thing):
        from normspec.implementations.keras.layer import keras_layer

        return keras_layer(thing, operation or _named(thing) or _undecided(thing), name=target)
    if _is_torch_module_class(thing):
        from normspec.implementations.torch.module import torch_module

        named = operation or _named(thing)
        found = torch_module(thing, named or "batch_norm", name=target)
        return found if named or found.claims.state else _undecided(thing)
    return from_function(thing, operation=operation or _operation_of(thing), name=target)


def _is_torch_module_class(thing: Any) -> bool:
    torch = sys.modules.get("torch")  # whoever defines a module class has imported it
    return torch is not None and isinstance(thing, type) and issubclass(thing, torch.nn.Module)


def _is_keras_layer_class(thing: Any) -> bool:
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(thing, type) and issubclass(thing, keras.layers.Layer)


def _is_model(thing: Any) -> bool:
    """Return whether a thing is a torch model, or builds one when it is called without an argument."""
    torch = sys.modules.get("torch")
    if torch is None or isinstance(thing, torch.nn.Module):
        return torch is not None
    return callable(thing) and not _is_keras_layer_class(thing) and needs_nothing(thing)


def _operation_of(function: Any) -> str:
    """Return the operation that a function's name or parameters show: running statistics are batch norm's."""
    named = _named(function)
    if named:
        return named
    check_signature(function, label_of(function), KNOWN_NAMES, required=("x",))
    names = names_of(function)
    if "groups" in names:
        return "group_norm"
    return "batch_norm" if any(name in names for name in OPERATIONS["batch_norm"].state) else _undecided(function)


def _named(thing: Any) -> str | None:
    """Return the operation that is in the name of a function or class, where one is."""
    written = label_of(thing).replace("_", "").lower()
    return max((name for name in OPERATIONS if name.replace("_", "") in written), key=len, default=None)


def _undecided(thing: Any) -> NoReturn:
    raise TargetError(
        f"{label_of(thing)}{signature_of(thing)} does not show which operation it is: "
        f"give --operation, one of {', '.join(OPERATIONS)}"
    )
