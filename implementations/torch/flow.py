"""What flows through the modules of a torch model in one forward pass."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import nn

from normspec.implementations.ask import told
from normspec.implementations.errors import TargetError
from normspec.implementations.torch.interface import is_candidate
from normspec.implementations.torch.weight import is_weight_norm
from normspec.spec.partition import Shape

Flow = dict[nn.Module, tuple[Shape, ...]]
"""The shapes of what flows into each module, in the order in which they come; a module may be called several times."""

SIZES = (28, 32, 64, 224)
"""Heights and widths that an image model may expect, where nothing says which."""

SPACES = (0, 1, 2, 3)
"""How many axes may follow those that a layer names."""

WHOLE = {nn.InstanceNorm1d: 1, nn.InstanceNorm2d: 2, nn.InstanceNorm3d: 3}
"""How many do where fewer would be taken for one sample alone."""


def recorded(model: nn.Module, name: str, example: Any) -> Flow:
    """Return what flows into each module in one forward pass, up to where the pass fails, if it does.

    example is an input, a tuple of them, or a function that gives one. The model stays as it was. Raises TargetError
    for a model that cannot be run.
    """
    tried = []
    for inputs in _examples(model, example):
        flowing, why = _pass(model, inputs)
        if not why:
            return flowing
        tried.append((flowing, why))
    in_part = next((flowing for flowing, _ in tried if any(map(is_candidate, flowing))), None)
    if in_part is not None:
        return in_part
    why = tried[0][1] if tried else "its first layer does not show what it takes"
    raise TargetError(f"{name} cannot be run: {why}; add a function example_input() beside it that returns an input")


def _pass(model: nn.Module, inputs: tuple[Any, ...]) -> tuple[Flow, str]:
    flowing: Flow = {}

    def record(module: nn.Module, given: tuple[Any, ...], named: Mapping[str, Any]) -> None:
        tensors = [each for each in (*given, *named.values()) if isinstance(each, torch.Tensor)]
        if tensors:
            shape = tuple(tensors[-1 if is_weight_norm(module) else 0].shape)
            flowing[module] = tuple(dict.fromkeys((*flowing.get(module, ()), shape)))

    modes = [(each, each.training) for each in model.modules()]
    hooks = [each.register_forward_pre_hook(record, with_kwargs=True) for each in model.modules()]
    try:
        with torch.no_grad():
            model.eval()(*inputs)
    except Exception as error:
        return flowing, f"it raised {told(error)}"
    finally:
        for hook in hooks:
            hook.remove()
        for module, training in modes:
            module.training = training
    return flowing, ""


def _examples(model: nn.Module, example: Any) -> list[tuple[Any, ...]]:
    """Return the inputs to try: the one that is given, or what the first layer with weights may take."""
    if example is not None:
        given = example() if callable(example) else example
        return [given if isinstance(given, tuple) else (given,)]
    return next((_taken_by(each) for each in model.modules() if isinstance(each, KINDS)), [])


def _taken_by(first: nn.Module) -> list[tuple[Any, ...]]:
    """Return inputs that a layer of one of these kinds may take; none for a lazy one, which does not know yet."""
    if isinstance(first, nn.modules.lazy.LazyModuleMixin):
        return []
    if isinstance(first, nn.Embedding):
        return [(torch.zeros(2, 4, dtype=torch.long),)]
    zeros = partial(torch.zeros, **_kept_in(first))
    if isinstance(first, nn.modules.conv._ConvNd):
        space = first.weight.dim() - 2
        return [(zeros(2, first.in_channels, *[size] * space),) for size in SIZES]
    trailing = next(getattr(first, name) for name in ("in_features", "normalized_shape", "num_features", "num_channels")
                    if hasattr(first, name))  # fmt: skip
    shape = trailing if isinstance(trailing, tuple) else (trailing,)
    spaces = [space for kind, space in WHOLE.items() if isinstance(first, kind)] or SPACES
    return [(zeros(2, *shape, *[4] * space),) for space in spaces]


def _kept_in(layer: nn.Module) -> dict[str, Any]:
    """Return the dtype and the device of a layer's weights, if it has any."""
    weight = next(layer.parameters(), None)
    return {} if weight is None else {"dtype": weight.dtype, "device": weight.device}


KINDS = (
    nn.Linear,
    nn.modules.conv._ConvNd,
    nn.Embedding,
    nn.LayerNorm,
    nn.RMSNorm,
    nn.GroupNorm,
    nn.modules.batchnorm._BatchNorm,
    nn.modules.instancenorm._InstanceNorm,
)
"""The layers that show what they take."""
