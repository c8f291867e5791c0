"""What an implementation says that it supports. What is not claimed is reported as not claimed, never as passed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from normspec.spec.case import GRADIENTS
from normspec.spec.formats import FORMATS


@dataclass(frozen=True)
class Claims:
    """The extent of an implementation.

    dtypes, ranks, layouts: the arrays that it takes. verbs: the steps that it can take. gradients: what its backward
    returns. parameters: the parameters that it takes, each of which may be left out of a case when it is named in
    `optional`; state: whether running statistics are optional is said there too. momentum_none: whether momentum=None
    is taken, for the cumulative average. scripts: whether one instance can take several steps, and the backward of any
    earlier one. conventions: the choices that differ from the operation's defaults. grade: the accuracy contract kept.
    """

    dtypes: tuple[str, ...] = tuple(FORMATS)
    ranks: tuple[int, ...] = (2, 3, 4, 5)
    layouts: tuple[str, ...] = ("contiguous",)
    verbs: tuple[str, ...] = ("train", "infer", "backward")
    gradients: tuple[str, ...] = GRADIENTS
    parameters: tuple[str, ...] = ("gamma", "beta")
    state: tuple[str, ...] = ("running_mean", "running_var")
    optional: tuple[str, ...] = ("gamma", "beta", "state")
    momentum_none: bool = False
    scripts: bool = True
    conventions: Mapping[str, str] = field(default_factory=dict)
    grade: str = "B1"
