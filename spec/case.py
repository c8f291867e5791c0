"""A case: one question to an implementation, as plain data.

A case has an operation, its attributes, the arrays that the layer starts with, and a script of steps on one instance.
Arrays are NumPy arrays in the case's dtype; nothing in a case refers to an implementation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from normspec.spec.formats import FORMATS, Array, Format

Change = Callable[[Array], Array]
Verb = Literal["train", "infer", "backward", "jvp", "layer", "save", "load", "copy", "freeze", "momentum"]
LIFE: tuple[Verb, ...] = ("layer", "save", "load", "copy", "freeze", "momentum")
"""What may be done to a layer beside computing with it: make another one, save it, load into it, and so on."""

GRADIENTS = ("dx", "dgamma", "dbeta")
SECOND = ("ddy", "ddx", "ddgamma")
"""What a double backward gives: the cotangents of dy, x and gamma, where a cotangent of dx is given."""


@dataclass(frozen=True, eq=False, repr=False)
class Step:
    """One step of a script, on one of its layers, which are numbered from 0 as they are made.

    train and infer take x. backward takes the cotangent of y, the index `of` of the forward step that it belongs to,
    and the gradients wanted of it. One with a direction, the cotangent of dx, is a double backward: wanted are then the
    cotangents of the backward's own inputs, ddy, ddx and ddgamma. jvp takes tangents of x and of parameters, and gives
    ty, the tangent of the y of the step `of`. layer and copy make another layer: as the case says, or like the one that
    the step is on; load takes what the step `of` has saved, momentum a value.
    """

    verb: Verb
    x: Array | None = None
    cotangent: Array | None = None
    direction: Array | None = field(default=None, kw_only=True)
    of: int | None = None
    wanted: tuple[str, ...] = GRADIENTS
    tangents: Mapping[str, Array] = field(default_factory=dict, kw_only=True)
    on: int = field(default=0, kw_only=True)
    value: float | None = field(default=None, kw_only=True)

    @property
    def input(self) -> Array:
        """Return x. Raises ValueError for a step that has none."""
        if self.x is None:
            raise ValueError(f"step {self.verb!r} has x=None: only forward steps have an input")
        return self.x

    @property
    def followed(self) -> tuple[str, ...]:
        """Return the first gradients that a backward step needs: for a double backward dx, and dgamma for ddgamma."""
        if self.direction is None:
            return self.wanted
        return ("dx", *(("dgamma",) if "ddgamma" in self.wanted else ()))


@dataclass(frozen=True, eq=False, repr=False)
class Case:
    """One question: the operation, its attributes, the starting arrays and the script.

    parameters holds gamma and beta where they are given; state holds the running statistics where they are tracked.
    layout names how arrays lie in memory when they reach the implementation; regime names what the values are like.
    """

    operation: str
    dtype: str
    attributes: Mapping[str, Any]
    script: tuple[Step, ...]
    parameters: Mapping[str, Array] = field(default_factory=dict)
    state: Mapping[str, Array] = field(default_factory=dict)
    layout: str = "contiguous"
    regime: str = ""

    def __repr__(self) -> str:  # short: cases may hold thousands of elements
        verbs = ", ".join(step.verb for step in self.script)
        return f"<Case {self.operation} {self.dtype} {self.layout} {self.regime}: {verbs}>"

    @property
    def format(self) -> Format:
        """Return the floating-point format of the case's arrays."""
        return FORMATS[self.dtype]

    @property
    def first(self) -> Array:
        """Return the x of the first forward step. Raises StopIteration for a script without one."""
        return next(step.x for step in self.script if step.x is not None)

    @property
    def lives(self) -> bool:
        """Return whether more is done to layers in the script than to compute with one of them."""
        return any(step.verb in LIFE for step in self.script)

    def forward_of(self, index: int) -> Step:
        """Return the forward step that the backward step at `index` belongs to."""
        origin = self.script[index].of
        if origin is None:
            raise ValueError(f"script[{index}].of=None: a backward step names the forward step that it belongs to")
        return self.script[origin]

    def with_arrays(self, x: Change, cotangent: Change, direction: Change | None = None) -> "Case":
        """Return the case with every input, every cotangent and, where a change is given, every direction changed.

        What changes a direction also changes every tangent.
        """
        script = tuple(
            replace(
                step,
                x=None if step.x is None else x(step.x),
                cotangent=None if step.cotangent is None else cotangent(step.cotangent),
                direction=step.direction if step.direction is None or direction is None else direction(step.direction),
                tangents={name: direction(array) if direction else array for name, array in step.tangents.items()},
            )
            for step in self.script
        )
        return replace(self, script=script)

    def but(self, **changes: Any) -> "Case":
        """Return the case with some fields changed."""
        return replace(self, **changes)


def stranger(case: Case) -> Case:
    """Return the case of a further layer: it starts with other parameters and running statistics, exactly."""
    by = {"running_var": 2}
    return case.but(
        parameters={name: values * values.dtype.type(-1) for name, values in case.parameters.items()},
        state={name: values * values.dtype.type(by.get(name, -1)) for name, values in case.state.items()},
    )
