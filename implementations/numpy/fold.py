"""Batch norm folded into a weight, in NumPy; float32 inside for smaller formats."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from normspec.implementations.contract import Implementation
from normspec.implementations.layouts import LAYOUTS
from normspec.implementations.numpy.layer import working_dtype
from normspec.spec.case import Case
from normspec.spec.claims import claims_for
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS

OPERATION = OPERATIONS["fold_batch_norm"]


class Folding:
    """The folding of one layer's statistics and parameters into weights."""

    def __init__(self, case: Case) -> None:
        self.dtype, self.attributes = case.format.dtype, case.attributes
        self.working = working_dtype(self.dtype)
        self.given = {name: values.astype(self.working) for name, values in case.parameters.items()}

    def forward(self, x: Array, *, training: bool) -> Any:
        """Return y, the new weight, and new_bias."""
        part, given = OPERATION.groups(x.shape, self.attributes), self.given
        with np.errstate(all="ignore"):
            alpha = 1 / np.sqrt(given["running_var"] + self.working.type(self.attributes["epsilon"]))
            alpha = alpha * given["gamma"] if "gamma" in given else alpha
            weight = part.join(part.split(x.astype(self.working)) * part.spread(alpha))
            bias = (given.get("bias", 0) - given["running_mean"]) * alpha + given.get("beta", 0)
            return {"y": weight.astype(self.dtype), "new_bias": bias.astype(self.dtype)}

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Refuse: folding is done once, after training."""
        raise NotImplementedError("folding has no backward")

    def state(self) -> Mapping[str, Array]:
        """Return nothing: there are no running statistics of its own."""
        return {}


FOLD = Implementation(
    name="numpy-rows",
    operation="fold_batch_norm",
    create=Folding,
    claims=claims_for(OPERATION, layouts=tuple(LAYOUTS)),
    refusals=(ValueError,),
    statement="fold_batch_norm in NumPy, gamma times rstd first",
)
