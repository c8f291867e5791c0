"""Batch normalization as PyTorch has it: the function and the modules. Importing this file imports torch."""

from collections.abc import Mapping

import torch
from torch import nn

from normspec.implementations.contract import Implementation
from normspec.implementations.torch_arrays import to_numpy, to_torch
from normspec.implementations.torch_tape import Taped, wanted_by_forward
from normspec.spec.case import Case
from normspec.spec.claims import Claims
from normspec.spec.formats import Array

MODULES = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}
LEAVES = {"dgamma": "gamma", "dbeta": "beta"}
PARAMETERS = {"dgamma": "weight", "dbeta": "bias"}
LAYOUTS = ("contiguous", "channels_last", "transposed", "strided", "offset", "expanded")
REFUSALS = (ValueError, RuntimeError)


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
        wanted = self.wanted[len(self.taped)]
        leaves = {"dx": to_torch(x)} | {
            name: self.parameters[of].detach() for name, of in LEAVES.items() if of in self.parameters
        }
        for name, leaf in leaves.items():
            leaf.requires_grad_(name in wanted)
        y = nn.functional.batch_norm(
            leaves["dx"],
            self.running.get("running_mean"),
            self.running.get("running_var"),
            leaves.get("dgamma"),
            leaves.get("dbeta"),
            training,
            self.momentum,
            self.epsilon,
        )
        self.taped.append(Taped(leaves, y))
        return to_numpy(y)

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Return the wanted gradients by autograd."""
        return self.taped[step].gradients(cotangent, wanted)

    def state(self) -> Mapping[str, Array]:
        """Return the running statistics."""
        return {name: to_numpy(values) for name, values in self.running.items()}


class ModuleLayer:
    """nn.BatchNorm1d, 2d or 3d, as the rank of the input has it.

    A module has both parameters or none: the one that a case leaves out stays at 1 or 0, where a new module has it.
    """

    def __init__(self, case: Case) -> None:
        self.wanted = wanted_by_forward(case)
        self.taped: list[Taped] = []
        self.module = self._built(case)
        self.tracked = tuple(case.state)
        self._require_gradients(case)

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return y, in the module's training or evaluation mode."""
        leaf = to_torch(x).requires_grad_("dx" in self.wanted[len(self.taped)])
        y = self.module.train(training)(leaf)
        leaves = {"dx": leaf} | {name: getattr(self.module, of) for name, of in PARAMETERS.items()}
        self.taped.append(Taped(leaves, y))
        return to_numpy(y)

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Return the wanted gradients by autograd."""
        return self.taped[step].gradients(cotangent, wanted)

    def state(self) -> Mapping[str, Array]:
        """Return the running statistics."""
        return {name: to_numpy(getattr(self.module, name)) for name in self.tracked}

    def _built(self, case: Case) -> nn.Module:
        shape = next(step.input.shape for step in case.script if step.verb != "backward")
        module = MODULES[len(shape)](
            shape[1],
            eps=case.attributes["epsilon"],
            momentum=case.attributes["momentum"],
            affine=bool(case.parameters),
            track_running_stats=bool(case.state),
            dtype=getattr(torch, case.dtype),
        )
        given = {"weight": "gamma", "bias": "beta"}
        stored = {name: case.parameters[of] for name, of in given.items() if of in case.parameters} | dict(case.state)
        module.load_state_dict({name: to_torch(values) for name, values in stored.items()}, strict=False)
        return module

    def _require_gradients(self, case: Case) -> None:
        wanted = frozenset().union(*self.wanted)
        if case.parameters:
            for gradient, name in PARAMETERS.items():
                getattr(self.module, name).requires_grad_(gradient in wanted)


FUNCTIONAL = Implementation(
    name="torch-functional",
    operation="batch_norm",
    create=FunctionalLayer,
    claims=Claims(layouts=LAYOUTS, conventions={"statistics_dtype": "input"}),
    refusals=REFUSALS,
    statement="torch.nn.functional.batch_norm, gradients by autograd",
)

MODULE = Implementation(
    name="torch-module",
    operation="batch_norm",
    create=ModuleLayer,
    claims=Claims(layouts=LAYOUTS, momentum_none=True, conventions={"statistics_dtype": "input"}),
    refusals=REFUSALS,
    statement="torch.nn.BatchNorm1d, BatchNorm2d and BatchNorm3d, gradients by autograd",
)

TORCH = (FUNCTIONAL, MODULE)
