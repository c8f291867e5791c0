"""Batch normalization as PyTorch has it: the function and the modules. Importing this file imports torch."""

from collections.abc import Mapping
from functools import partial

import torch
from torch import nn

from normspec.implementations.contract import Implementation
from normspec.implementations.torch_arrays import to_numpy, to_torch
from normspec.implementations.torch_module import LAYOUTS, PARAMETER_OF, REFUSALS, ModuleLayer
from normspec.implementations.torch_snippet import functional_snippet, module_snippet
from normspec.implementations.torch_tape import Taped, wanted_by_forward
from normspec.spec.case import Case
from normspec.spec.claims import Claims
from normspec.spec.formats import Array

MODULES = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}

# Parameters and buffers of half precision: torch 2.13 returns save_mean and save_invstd of native_batch_norm in that
# format, and normalizes with them.
CONVENTIONS = {"statistics_dtype": "input"}

torch.set_num_threads(1)  # sums are split among threads: on one, every machine adds in the same order


class FunctionalLayer:
    """nn.functional.batch_norm, with the tensors that a caller would keep."""

    def __init__(self, case: Case) -> None:
        self.epsilon: float = case.attributes["epsilon"]
        self.momentum: float = case.attributes["momentum"]
        self.parameters = {name: to_torch(values) for name, values in case.parameters.items()}
        self.running = {name: to_torch(values) for name, values in case.state.items()}
        self.wanted = wanted_by_forward(case)
        self.taped: list[Taped] = []

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return y; torch moves the running statistics in place."""
        leaves = {"dx": to_torch(x)} | {
            gradient: self.parameters[name].detach()
            for gradient, name in PARAMETER_OF.items()
            if name in self.parameters
        }
        for gradient, leaf in leaves.items():
            leaf.requires_grad_(gradient in self.wanted[len(self.taped)])
        with torch.enable_grad():
            y = self._y(leaves, training)
        self.taped.append(Taped(leaves, y))
        return to_numpy(y)

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Return the wanted gradients by autograd."""
        return self.taped[step].gradients(cotangent, wanted)

    def state(self) -> Mapping[str, Array]:
        """Return the running statistics."""
        return {name: to_numpy(values) for name, values in self.running.items()}

    def _y(self, leaves: Mapping[str, torch.Tensor], training: bool) -> torch.Tensor:
        return nn.functional.batch_norm(
            leaves["dx"],
            self.running.get("running_mean"),
            self.running.get("running_var"),
            leaves.get("dgamma"),
            leaves.get("dbeta"),
            training,
            self.momentum,
            self.epsilon,
        )


def build_module(case: Case) -> nn.Module:
    """Return the module of torch that takes inputs of the case's rank."""
    shape = next(step.input.shape for step in case.script if step.verb != "backward")
    return MODULES[len(shape)](
        shape[1],
        eps=case.attributes["epsilon"],
        momentum=case.attributes["momentum"],
        affine=bool(case.parameters),
        track_running_stats=bool(case.state),
    )


FUNCTIONAL = Implementation(
    name="torch-functional",
    operation="batch_norm",
    create=FunctionalLayer,
    claims=Claims(layouts=LAYOUTS, conventions=CONVENTIONS),
    refusals=REFUSALS,
    snippet=functional_snippet,
    statement="torch.nn.functional.batch_norm, gradients by autograd",
)

MODULE = Implementation(
    name="torch-module",
    operation="batch_norm",
    create=partial(ModuleLayer, build=build_module),
    claims=Claims(layouts=LAYOUTS, momentum_none=True, conventions=CONVENTIONS),
    refusals=REFUSALS,
    snippet=module_snippet,
    statement="torch.nn.BatchNorm1d, BatchNorm2d and BatchNorm3d, gradients by autograd",
)

TORCH = (FUNCTIONAL, MODULE)
