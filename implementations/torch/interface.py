"""What a torch module shows of the normalization layer that it is: the operation, its arrays, its attributes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import nn

from normspec.spec.conventions import CONVENTIONS as KNOWN_CONVENTIONS
from normspec.spec.operations import OPERATIONS
from normspec.spec.partition import Shape

PLACES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "gamma": ("weight", "gamma", "scale"),
        "beta": ("bias", "beta", "shift"),
        "running_mean": ("running_mean", "moving_mean"),
        "running_var": ("running_var", "moving_var", "running_variance", "moving_variance"),
    }
)
"""The names by which modules keep what the specification names."""

ATTRIBUTES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "epsilon": ("eps", "epsilon", "variance_epsilon"),
        "momentum": ("momentum",),
        "groups": ("num_groups", "groups"),
    }
)
"""The names by which modules keep attributes."""

OWN: Mapping[type[nn.Module], str] = MappingProxyType(
    {
        nn.modules.batchnorm._BatchNorm: "batch_norm",
        nn.modules.instancenorm._InstanceNorm: "instance_norm",
        nn.LayerNorm: "layer_norm",
        nn.GroupNorm: "group_norm",
        nn.RMSNorm: "rms_norm",
    }
)
"""torch's modules; instance norm before batch norm where one is a subclass of the other."""


@dataclass(frozen=True)
class Interface:
    """A layer as it was recognized: names says where in the module each array is, attributes what it fixes."""

    operation: str
    names: Mapping[str, str]
    attributes: Mapping[str, Any]
    conventions: Mapping[str, str]
    dtype: torch.dtype

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the parameters that the layer has."""
        return tuple(name for name in OPERATIONS[self.operation].parameters if name in self.names)

    @property
    def state(self) -> tuple[str, ...]:
        """Return the running statistics that the layer has."""
        return tuple(name for name in OPERATIONS[self.operation].state if name in self.names)


def is_candidate(module: nn.Module) -> bool:
    """Return whether a module may be a normalization layer: by its class, its name, or its running statistics."""
    own = type(module).__name__.lower()
    named = "norm" in own and not any(True for _ in module.children())
    return isinstance(module, tuple(OWN)) or named or _tracks(module)


def _tracks(module: nn.Module) -> bool:
    return all(_place(module, name) for name in ("running_mean", "running_var"))


def interface_of(module: nn.Module, shape: Shape, declared: Mapping[str, Any]) -> Interface | str:
    """Return how a module is a normalization layer, or in a few words why that cannot be told.

    declared says what the module does not show: its operation, attributes and conventions.
    """
    operation = declared.get("operation") or _operation(module)
    if operation is None:
        return f"not recognized: the name {type(module).__name__} is of no operation, and it tracks no statistics"
    if len(shape) not in OPERATIONS[operation].ranks:
        return f"not recognized: {operation} takes no x of shape {shape}"
    names = places(module)
    attributes = _attributes(module, operation, shape, names, declared)
    missing = [name for name, value in attributes.items() if value is MISSING]
    if missing:
        return f"not recognized: it shows no {' and no '.join(missing)}; say it in layers, beside the model"
    tensors = (*module.parameters(), *module.buffers())
    floating = (each.dtype for each in tensors if each.is_floating_point())
    conventions = _conventions(module, operation) | {
        name: value for name, value in declared.items() if name in KNOWN_CONVENTIONS and isinstance(value, str)
    }
    return Interface(operation, names, attributes, conventions, next(floating, torch.float32))


MISSING = object()


def _attributes(
    module: nn.Module, operation: str, shape: Shape, names: Mapping[str, str], declared: Mapping[str, Any]
) -> dict[str, Any]:
    known = {name: _first(module, places) for name, places in ATTRIBUTES.items()}
    known |= {name: value for name, value in declared.items() if not isinstance(value, str)}
    if "gamma" in names:
        known["axes"] = known.get("axes", getattr(module, names["gamma"]).dim())
    normalized = getattr(module, "normalized_shape", None)
    if isinstance(normalized, Iterable):
        known["axes"] = len(tuple(normalized))
    found = {name: known.get(name, MISSING) for name in OPERATIONS[operation].open_attributes}
    if not {"running_mean", "running_var"} <= set(names) and found.get("momentum") is MISSING:
        found["momentum"] = 0.1  # nothing is averaged
    if operation == "rms_norm" and found["epsilon"] is None:
        found["epsilon"] = float(torch.finfo(torch.float32).eps)
    return found


def _first(module: nn.Module, places: tuple[str, ...]) -> Any:
    return next((getattr(module, place) for place in places if hasattr(module, place)), MISSING)


def places(module: nn.Module) -> dict[str, str]:
    """Return where a module keeps what the specification names, as far as it does."""
    return {name: place for name in PLACES if (place := _place(module, name))}


def _place(module: nn.Module, name: str) -> str:
    """Return where a module keeps an array, or nothing."""
    held = (place for place in PLACES[name] if isinstance(getattr(module, place, None), torch.Tensor))
    return next(held, "")


def _operation(module: nn.Module) -> str | None:
    for kind, operation in OWN.items():
        if isinstance(module, kind):
            return operation
    written = type(module).__name__.lower()
    named = [name for name in OPERATIONS if name.replace("_", "") in written]
    return max(named, key=len) if named else ("batch_norm" if _tracks(module) else None)


def _conventions(module: nn.Module, operation: str) -> dict[str, str]:
    return {"statistics_dtype": "input"} if "statistics_dtype" in OPERATIONS[operation].conventions else {}
