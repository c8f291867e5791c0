"""A Keras layer on torch: a module to torch, followed by autograd."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

from normspec.implementations.keras.layer import NAMES, mode_of
from normspec.implementations.torch.layer import ModuleLayer
from normspec.spec.case import Case
from normspec.spec.partition import Shape

torch.set_num_threads(1)  # sums are split among threads: on one, every machine adds in the same order


class Held(nn.Module):
    """A module that has the layer's variables under the specification's names."""

    def __init__(self, case: Case, build: Callable[[Case, Shape], Any]) -> None:
        super().__init__()
        self.case = case
        self.layers = (build(case, case.script[0].input.shape),)  # in a tuple, torch does not see it a second time
        for variable in self.layers[0].variables:
            self.register_parameter(NAMES[variable.name], variable.value)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Call the layer in the mode that the module is in."""
        y: torch.Tensor = self.layers[0](x, **mode_of(self.case, self.training))
        return y


def module_layer(case: Case, build: Callable[[Case, Shape], Any]) -> ModuleLayer:
    """Return the layer at work in torch."""
    return ModuleLayer(case, partial(Held, build=build), {name: name for name in NAMES.values()})
