"""What an implementation says that it supports. What is not claimed is reported as not claimed, never as passed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from normspec.spec.case import GRADIENTS, Case
from normspec.spec.formats import FORMATS
from normspec.spec.operations import Operation
from normspec.spec.operations.fitting import unseen


@dataclass(frozen=True)
class Claims:
    """The extent of an implementation.

    dtypes, ranks, layouts: the arrays that it takes. verbs: the steps that it can take. gradients: what its backward
    returns. parameters: the parameters that it takes, each of which may be left out of a case when it is named in
    `optional`; state: whether running statistics are optional is said there too. momentum_none: whether momentum=None
    is taken, for the cumulative average. scripts: whether one instance can take several steps, and the backward of any
    earlier one. fixed: attributes that cannot be asked to have another value. shapes: those that x can have, any where
    none is named; its first axis may also be shorter. conventions: the choices that differ from
    the operation's defaults. grade: the accuracy contract kept.
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
    fixed: Mapping[str, Any] = field(default_factory=dict)
    shapes: tuple[tuple[int, ...], ...] = ()
    conventions: Mapping[str, str] = field(default_factory=dict)
    grade: str = "B1"

    def beyond(self, case: Case) -> str:
        """Return which attribute, shape or step of a case is none that can be asked for; nothing where all can."""
        for name, value in self.fixed.items():
            if case.attributes.get(name, value) != value:
                return f"{name}={case.attributes[name]!r}, where {value!r} is fixed"
        if unseen(case.state) and case.script[0].verb != "train":
            return "an inference before anything was seen"
        for step in case.script:
            if step.x is not None and not self._takes(step.x.shape):
                return f"x of shape {step.x.shape}, where {self.shapes} are claimed"
        return ""

    def _takes(self, shape: tuple[int, ...]) -> bool:
        return not self.shapes or any(shape[1:] == own[1:] and 0 < shape[0] <= own[0] for own in self.shapes)


def claims_for(operation: Operation, **changed: Any) -> Claims:
    """Return the claims of an implementation that supports all of an operation, with some of them changed."""
    optional = tuple(
        name for name, role in operation.parameters.items() if role == "blocks" and not name.startswith("running_")
    )
    backward = "dx" in operation.requirements
    whole: dict[str, Any] = {
        "ranks": operation.ranks,
        "verbs": ("train", "infer", "backward") if backward else ("train", "infer"),
        "gradients": operation.gradients if backward else (),
        "parameters": tuple(operation.parameters),
        "state": operation.state,
        "optional": (*optional, *(("state",) if operation.state and not operation.needs_state else ())),
    }
    return Claims(**(whole | changed))


BEYOND: Mapping[str, str] = MappingProxyType(
    {
        "double-backward": "double_backward",
        "forward-mode": "jvp",
        "several-layers": "layer",
        "saving": "save",
        "copying": "copy",
        "freezing": "freeze",
        "momentum-change": "momentum",
    }
)
"""The verbs beyond train, infer and backward, by the requirement for which they are claimed."""


def beyond(operation: Operation, *, without: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the verbs beyond train, infer and backward that an operation has requirements for."""
    known = (verb for requirement, verb in BEYOND.items() if requirement in operation.requirements)
    return tuple(verb for verb in known if verb not in without)
