"""The plug-in contract: what an implementation is, and what is said about it in a program that shows a defect."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from normspec.spec.case import Case
from normspec.spec.claims import Claims
from normspec.spec.formats import Array
from normspec.spec.outcome import Outcome


class Instance(Protocol):
    """One living layer. Arrays are NumPy arrays in the dtype and layout of the case."""

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return y for x, and move the running statistics where training says so.

        Where the operation returns more than y, return a mapping from names to arrays.
        """
        ...

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Return the wanted gradients of the step-th call of forward, counted from 0."""
        ...

    def state(self) -> Mapping[str, Array]:
        """Return the running statistics as they are now, or nothing when none are tracked."""
        ...


class Differentiable(Protocol):
    """What a layer has besides that claims double_backward and jvp among its verbs."""

    def double_backward(
        self, step: int, cotangent: Array, direction: Array, wanted: tuple[str, ...]
    ) -> Mapping[str, Array]:
        """Return the wanted cotangents of dy, x and gamma, where direction is that of dx at the step-th forward."""
        ...

    def jvp(self, step: int, tangents: Mapping[str, Array]) -> Array:
        """Return the tangent of the step-th y, where x, gamma and beta move along tangents. No statistic moves."""
        ...


class Living(Protocol):
    """What a layer has besides that claims save (and load), copy, freeze or momentum among its verbs."""

    def save(self) -> Any:
        """Return all that a layer of the same kind needs to go on as this one would: nothing of it moves any more."""
        ...

    def load(self, saved: Any) -> None:
        """Take what a layer has saved in the place of what this one has."""
        ...

    def copy(self) -> Instance:
        """Return another layer that goes on as this one would; its calls of forward are counted from 0."""
        ...

    def freeze(self) -> None:
        """Infer from now on, also where training is asked for."""
        ...

    def change_momentum(self, momentum: float | None) -> None:
        """Weigh by this momentum from now on."""
        ...


@dataclass(frozen=True)
class Fact:
    """What one element of one step's output must be: within tolerance of expected.

    step is an index into the script, output a name such as y or dgamma, index the element's place in C order. observed
    is what came, where that is known.
    """

    step: int
    output: str
    index: int
    expected: float
    tolerance: float
    observed: float | None = None


def no_snippet(case: Case, facts: tuple[Fact, ...] = ()) -> str:
    """Return nothing: there is no program that shows a case."""
    return ""


def _nothing_to_close() -> None:
    pass


@dataclass(frozen=True)
class Implementation:
    """Somebody's implementation of one operation.

    create builds the layer that a case asks for. refusals are the exceptions by which it says no. snippet returns a
    program that shows what this implementation does on a case, and the facts that it must meet, without normspec; or
    nothing. answer, where there is one, answers whole cases instead of a layer, for what is not in this process; close
    ends what answers, until it is asked again. stands_for names the implementation that this one is a use of, so that
    what is on record about that one is known of this one too. share is the part of the usual number of cases that are
    drawn for it, and of the pinned cases every pinned_every-th is tried: fewer where each takes seconds.
    """

    name: str
    operation: str
    create: Callable[[Case], Instance]
    claims: Claims = field(default_factory=Claims)
    refusals: tuple[type[Exception], ...] = (ValueError, TypeError, NotImplementedError)
    snippet: Callable[[Case, tuple[Fact, ...]], str] = no_snippet
    statement: str = ""
    answer: Callable[[Case], Outcome] | None = None
    stands_for: str = ""
    share: float = 1.0
    pinned_every: int = 1
    close: Callable[[], None] = _nothing_to_close
