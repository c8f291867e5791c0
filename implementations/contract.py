"""The plug-in contract: what an implementation is, and the one function that asks it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from normspec.spec.case import Case
from normspec.spec.claims import Claims
from normspec.spec.formats import Array


class Instance(Protocol):
    """One living layer. Arrays are NumPy arrays in the dtype and layout of the case."""

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return y for x, and move the running statistics where training says so."""
        ...

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Return the wanted gradients of the step-th call of forward, counted from 0."""
        ...

    def state(self) -> Mapping[str, Array]:
        """Return the running statistics as they are now, or nothing when none are tracked."""
        ...


def _no_snippet(case: Case) -> str:
    return ""


@dataclass(frozen=True)
class Implementation:
    """Somebody's implementation of one operation.

    create builds the layer that a case asks for. refusals are the exceptions by which it says no. snippet returns a
    program that shows what this implementation does on a case without normspec, or nothing.
    """

    name: str
    operation: str
    create: Callable[[Case], Instance]
    claims: Claims = field(default_factory=Claims)
    refusals: tuple[type[Exception], ...] = (ValueError, TypeError, NotImplementedError)
    snippet: Callable[[Case], str] = _no_snippet
