"""Batch norm folded into the layer before it, by torch.nn.utils.fusion. Importing this file imports torch."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from normspec.implementations.contract import Implementation
from normspec.implementations.torch.arrays import to_numpy, to_torch
from normspec.implementations.torch.calls import BETA, GAMMA, Call, Named, X
from normspec.implementations.torch.functional import called
from normspec.implementations.torch.module import LAYOUTS, REFUSALS
from normspec.implementations.torch.snippet import functional_snippet
from normspec.spec.case import Case
from normspec.spec.claims import claims_for
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS
from normspec.spec.partition import Shape

OPERATION = OPERATIONS["fold_batch_norm"]


class FoldedLayer:
    """A folding: statistics and parameters go into the weight x and the bias of the layer before."""

    def __init__(self, case: Case, device: str = "cpu") -> None:
        self.case, self.device = case, device
        self.given = {name: to_torch(values, device) for name, values in case.parameters.items()}

    def forward(self, x: Array, *, training: bool) -> Any:
        """Return y, the new weight, and new_bias."""
        weight, bias = called(_fused(self.case, x.shape, training), {**self.given, "x": to_torch(x, self.device)})
        return {"y": to_numpy(weight), "new_bias": to_numpy(bias)}

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Refuse: what torch returns are new parameters, cut off from the old ones."""
        raise NotImplementedError("folding has no backward")

    def state(self) -> Mapping[str, Array]:
        """Return nothing: there are no running statistics of its own."""
        return {}


def _fused(case: Case, shape: Shape, training: bool) -> Call:
    """Return the call that takes a weight of this shape, which is a linear layer's or a convolution's."""
    kind = "linear" if len(shape) == 2 else "conv"
    statistics = (Named("running_mean"), Named("running_var"), case.attributes["epsilon"])
    return Call(f"nn.utils.fusion.fuse_{kind}_bn_weights", (X, Named("bias"), *statistics, GAMMA, BETA))


FOLD = Implementation(
    name="torch-fold",
    operation=OPERATION.name,
    create=FoldedLayer,
    claims=claims_for(
        OPERATION,
        layouts=LAYOUTS,
        conventions={"statistics_dtype": "input"},
        optional=("bias", "gamma", "beta"),
    ),
    refusals=REFUSALS,
    snippet=partial(functional_snippet, functions={OPERATION.name: _fused}),
    statement="fuse_linear_bn_weights and fuse_conv_bn_weights in torch.nn.utils.fusion",
)
