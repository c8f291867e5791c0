"""The operations for which PyTorch has no function, as they are written with it; gradients by autograd.

Each function stands alone: a program that shows a failure prints it as it is here. Half precision is computed in
float32, as kernels do.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import torch

from normspec.implementations.contract import Implementation
from normspec.implementations.torch.calls import BETA, GAMMA, Call, Function, Named, X, normalized_shape
from normspec.implementations.torch.dress import in_float32
from normspec.implementations.torch.family import differentiated
from normspec.implementations.torch.functional import FunctionalLayer, Given, Pure
from normspec.implementations.torch.module import REFUSALS
from normspec.implementations.torch.snippet import functional_snippet
from normspec.spec.case import Case
from normspec.spec.partition import Shape


def adain(x: torch.Tensor, style: torch.Tensor, eps: float) -> torch.Tensor:
    """Return the content with the statistics of the style (Huang and Belongie, 2017, equation 8)."""
    space = tuple(range(2, x.dim()))
    variance, mean = torch.var_mean(x, space, correction=0, keepdim=True)
    style_variance, style_mean = torch.var_mean(style, space, correction=0, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps) * torch.sqrt(style_variance + eps) + style_mean


def weight_standardization(w: torch.Tensor, eps: float) -> torch.Tensor:
    """Return each output channel of a weight, normalized (Qiao et al., 2019, equation 9)."""
    variance, mean = torch.var_mean(w, tuple(range(1, w.dim())), correction=0, keepdim=True)
    return (w - mean) / torch.sqrt(variance + eps)


def add_layer_norm(
    x: torch.Tensor,
    residual: torch.Tensor,
    shape: tuple[int, ...],
    gamma: torch.Tensor | None,
    beta: torch.Tensor | None,
    eps: float,
) -> torch.Tensor:
    """Return the layer norm of the sum."""
    if residual.shape != x.shape:
        raise ValueError(f"a residual of shape {tuple(residual.shape)} for x of shape {tuple(x.shape)}")
    return torch.nn.functional.layer_norm(x + residual, shape, gamma, beta, eps)


def add_rms_norm(
    x: torch.Tensor, residual: torch.Tensor, shape: tuple[int, ...], gamma: torch.Tensor | None, eps: float
) -> torch.Tensor:
    """Return the RMS norm of the sum."""
    if residual.shape != x.shape:
        raise ValueError(f"a residual of shape {tuple(residual.shape)} for x of shape {tuple(x.shape)}")
    return torch.nn.functional.rms_norm(x + residual, shape, gamma, eps)


def standardize(x: torch.Tensor) -> torch.Tensor:
    """Return the z-scores of each column."""
    variance, mean = torch.var_mean(x, 0, correction=0)
    return (x - mean) / torch.sqrt(variance)


def min_max_scale(x: torch.Tensor, gamma: torch.Tensor | None, beta: torch.Tensor | None) -> torch.Tensor:
    """Return each column from its own range to [beta, gamma + beta]."""
    least, greatest = torch.aminmax(x, dim=0)
    y = (x - least) / (greatest - least)
    y = y if gamma is None else y * gamma
    return y if beta is None else y + beta


def batch_renorm(
    x: torch.Tensor,
    running_mean: torch.Tensor,
    running_var: torch.Tensor,
    gamma: torch.Tensor | None,
    beta: torch.Tensor | None,
    training: bool,
    momentum: float,
    r_max: float,
    d_max: float,
    eps: float,
) -> torch.Tensor:
    """Return batch norm corrected towards the running statistics, which move (Ioffe, 2017, algorithm 1)."""
    axes, column = (0, *range(2, x.dim())), (1, -1, *[1] * (x.dim() - 2))
    mean, variance = (each.to(x.dtype).view(column) for each in (running_mean, running_var))
    deviation = torch.sqrt(variance + eps)
    y = (x - mean) / deviation
    if eps < 0:
        raise ValueError(f"eps={eps!r}: it must be positive")
    for each in (gamma, beta):
        if each is not None and each.shape != x.shape[1:2]:
            raise ValueError(f"parameters of shape {tuple(each.shape)}: {x.shape[1]} channels need as many")
    if training and x.numel():
        count = x.numel() // x.shape[1]
        if count == 1:
            raise ValueError(f"x.shape={tuple(x.shape)}: one value per channel has no variance")
        own_variance, own_mean = torch.var_mean(x, axes, correction=0, keepdim=True)
        own_deviation = torch.sqrt(own_variance + eps)
        r = (own_deviation / deviation).detach().clamp(1 / r_max, r_max)
        d = ((own_mean - mean) / deviation).detach().clamp(-d_max, d_max)
        y = (x - own_mean) / own_deviation * r + d
        with torch.no_grad():
            unbiased = own_variance * (count / (count - 1))
            running_mean.copy_((mean + momentum * (own_mean - mean)).view(-1))
            running_var.copy_((variance + momentum * (unbiased - variance)).view(-1))
    y = y if gamma is None else y * gamma.view(column)
    return y if beta is None else y + beta.view(column)


STYLE, RESIDUAL = Named("style"), Named("residual")


def _call(function: Callable[..., torch.Tensor], *arguments: Any) -> Call:
    return Call(function.__name__, arguments, function=function)


def _adain(case: Case, shape: Shape, training: bool) -> Call:
    return _call(adain, X, STYLE, case.attributes["epsilon"])


def _weight_standardization(case: Case, shape: Shape, training: bool) -> Call:
    return _call(weight_standardization, X, case.attributes["epsilon"])


def _add_layer_norm(case: Case, shape: Shape, training: bool) -> Call:
    return _call(add_layer_norm, X, RESIDUAL, normalized_shape(case, shape), GAMMA, BETA, case.attributes["epsilon"])


def _add_rms_norm(case: Case, shape: Shape, training: bool) -> Call:
    return _call(add_rms_norm, X, RESIDUAL, normalized_shape(case, shape), GAMMA, case.attributes["epsilon"])


def _standardize(case: Case, shape: Shape, training: bool) -> Call:
    return _call(standardize, X)


def _min_max_scale(case: Case, shape: Shape, training: bool) -> Call:
    return _call(min_max_scale, X, GAMMA, BETA)


def _batch_renorm(case: Case, shape: Shape, training: bool) -> Call:
    running = (Named("running_mean"), Named("running_var"))
    settings = (case.attributes[name] for name in ("momentum", "r_max", "d_max", "epsilon"))
    return _call(batch_renorm, X, *running, GAMMA, BETA, training, *settings)


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "adain": _adain,
        "weight_standardization": _weight_standardization,
        "add_layer_norm": _add_layer_norm,
        "add_rms_norm": _add_rms_norm,
        "standardize": _standardize,
        "min_max_scale": _min_max_scale,
        "batch_renorm": _batch_renorm,
    }
)


def widened(function: Pure) -> Pure:
    """Return the function computed in float32 where x is in half precision, and rounded once to its format."""

    def run(given: Given) -> torch.Tensor:
        kept = given["x"].dtype
        wide = torch.promote_types(kept, torch.float32)
        return function({name: value.to(wide) for name, value in given.items()}).to(kept)

    return run


def composed(operation: str, grade: str) -> Implementation:
    """Return an operation as it is written in PyTorch."""
    return Implementation(
        name="torch-composed",
        operation=operation,
        create=partial(FunctionalLayer, wrap=widened, functions=FUNCTIONS),
        claims=differentiated(operation, grade=grade),
        refusals=REFUSALS,
        snippet=partial(functional_snippet, functions=FUNCTIONS, dress=in_float32),
        share=0.25,  # what it is made of is asked by itself too
        statement=f"{operation} as it is written in PyTorch, which has no function for it, gradients by autograd",
    )


KERNELS = ("add_layer_norm", "add_rms_norm", "min_max_scale")
"""What comes down to a kernel of torch, or to no sum. The others have var_mean, which follows Welford's recurrence."""

COMPOSED = tuple(composed(operation, "B1" if operation in KERNELS else "B3") for operation in FUNCTIONS)
