"""What flows through the modules of a torch model in one forward pass."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import nn

from normspec.implementations.ask import message_of
from normspec.implementations.errors import TargetError
from normspec.implementations.torch_interface import is_candidate
from normspec.implementations.torch_weight import is_weight_norm
from normspec.spec.partition import Shape

Flow = dict[nn.Module, tuple[Shape, ...]]
"""The shapes of what flows into each module, in the order in which they come; a module may be called several times."""

SIZES = (28, 32, 64, 224)
"""Heights and widths that an image model may expect, where nothing says which."""


def recorded(model: nn.Module, name: str, example: Any) -> Flow:
    """Return what flows into each module in one forward pass, up to where the pass fails, if it does.

    example is an input, a tuple of them, or a function that gives one. The model stays as it was. Raises TargetError
    for a model that cannot be run.
    """
    whys: list[str] = []
    for inputs in _examples(model, example):
        flowing, why = _pass(model, inputs)
        if not why or any(map(is_candidate, flowing)):
            return flowing
        whys.append(why)
    why = whys[0] if whys else "its first layer does not show what it takes"
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
        return flowing, f"it raised {type(error).__name__}: {message_of(error)}"
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
    first = next((each for each in model.modules() if isinstance(each, KINDS)), None)
    if first is None:
        return []
    if isinstance(first, nn.Embedding):
        return [(torch.zeros(2, 4, dtype=torch.long),)]
    zeros = partial(torch.zeros, dtype=first.weight.dtype, device=first.weight.device)
    if isinstance(first, nn.Linear):
        return [(zeros(2, first.in_features),)]
    space = first.weight.dim() - 2
    return [(zeros(2, first.in_channels, *[size] * space),) for size in SIZES]


KINDS = (nn.Linear, nn.modules.conv._ConvNd, nn.Embedding)
"""The layers that show what they take."""
