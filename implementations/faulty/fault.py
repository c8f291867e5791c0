"""What a faulty implementation is: the correct NumPy one of an operation with one thing changed.

A fault is a change that is made to the correct layer of each operation that it concerns.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any, cast

from normspec.implementations.contract import Implementation, Instance
from normspec.implementations.numpy.family import NUMPY
from normspec.implementations.numpy.layer import NumpyLayer
from normspec.spec.case import Case
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS

Change = Callable[[Implementation], Implementation]

CORRECT: Mapping[str, Implementation] = MappingProxyType({each.operation: each for each in reversed(NUMPY)})
"""The correct layer of each operation that faults are made from."""


def parts_of(implementation: Implementation) -> partial[Any]:
    """Return what the layer is put together from: its class, and what that is given beside the case."""
    return cast("partial[Any]", implementation.create)


def class_of(implementation: Implementation) -> type[Any]:
    """Return the class of the layer."""
    return cast("type[Any]", parts_of(implementation).func)


def _is_layer(operation: str) -> bool:
    return issubclass(class_of(CORRECT[operation]), NumpyLayer)


EVERY = tuple(name for name in OPERATIONS if name in CORRECT and isinstance(CORRECT[name].create, partial))
FAMILY = tuple(name for name in EVERY if _is_layer(name))
PLAIN = tuple(name for name in FAMILY if class_of(CORRECT[name]) is NumpyLayer)
CENTRED = tuple(name for name in FAMILY if "zero-mean" in OPERATIONS[name].requirements)
ROOTS = tuple(name for name in PLAIN if name not in CENTRED and OPERATIONS[name].has_epsilon)  # of mean squares
MEANS = (*CENTRED, *ROOTS)
AFFINE = tuple(name for name in FAMILY if "gamma" in OPERATIONS[name].parameters)
SHIFTED = tuple(name for name in FAMILY if "beta" in OPERATIONS[name].parameters)
EPSILON = tuple(name for name in FAMILY if OPERATIONS[name].has_epsilon)
TRACKED = tuple(name for name in FAMILY if OPERATIONS[name].state)
TWICE = tuple(name for name in FAMILY if "double_backward" in CORRECT[name].claims.verbs)


class Passing:
    """A layer that hands everything on to another one: what a fault of conduct changes is a method of it."""

    def __init__(self, case: Case, inner: Instance) -> None:
        self.case, self.inner = case, inner

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return what the inner layer returns."""
        return self.inner.forward(x, training=training)

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Return what the inner layer returns."""
        return self.inner.backward(step, cotangent, wanted)

    def double_backward(
        self, step: int, cotangent: Array, direction: Array, wanted: tuple[str, ...]
    ) -> Mapping[str, Array]:
        """Return what the inner layer returns."""
        found: Mapping[str, Array] = self.inner.double_backward(step, cotangent, direction, wanted)  # type: ignore[attr-defined]
        return found

    def jvp(self, step: int, tangents: Mapping[str, Array]) -> Array:
        """Return what the inner layer returns."""
        found: Array = self.inner.jvp(step, tangents)  # type: ignore[attr-defined]
        return found

    def state(self) -> Mapping[str, Array]:
        """Return what the inner layer returns."""
        return self.inner.state()


@dataclass(frozen=True)
class Fault:
    """One fault.

    bug_class is the class of real defects that it stands for; statement says what is wrong, exposed_by on which
    property of the result it shows. operations are those that it concerns, change what it does to their layers.
    """

    name: str
    bug_class: str
    statement: str
    exposed_by: str
    operations: tuple[str, ...]
    change: Change

    def made_of(self, operation: str) -> Implementation:
        """Return the faulty implementation of one operation. Raises KeyError for one that has no correct layer."""
        wrong = self.change(CORRECT[operation])
        return replace(wrong, name=f"faulty:{self.name}", statement=self.statement)

    @property
    def implementations(self) -> tuple[Implementation, ...]:
        """Return the faulty implementation of each operation that the fault concerns."""
        return tuple(self.made_of(operation) for operation in self.operations)


def with_parts(implementation: Implementation, build: Callable[..., Any] | None = None, **parts: Any) -> Implementation:
    """Return the implementation put together from other parts."""
    old = parts_of(implementation)
    return replace(implementation, create=partial(build or old.func, **{**old.keywords, **parts}))


def by_formula(
    name: str,
    bug_class: str,
    statement: str,
    exposed_by: str,
    operations: tuple[str, ...] = FAMILY,
    **changes: Callable[..., Any],
) -> Fault:
    """Return the fault of a layer in which some formulas are others."""

    def change(correct: Implementation) -> Implementation:
        return with_parts(correct, formulas=replace(parts_of(correct).keywords["formulas"], **changes))

    return Fault(name, bug_class, statement, exposed_by, operations, change)


def by_wrapping(
    name: str,
    bug_class: str,
    statement: str,
    exposed_by: str,
    operations: tuple[str, ...] = FAMILY,
    **wrappers: Callable[[Callable[..., Any]], Callable[..., Any]],
) -> Fault:
    """Return the fault of a layer in which some formulas are made from the operation's own, each by its wrapper."""

    def change(correct: Implementation) -> Implementation:
        formulas = parts_of(correct).keywords["formulas"]
        wrapped = {field: wrap(getattr(formulas, field)) for field, wrap in wrappers.items()}
        return with_parts(correct, formulas=replace(formulas, **wrapped))

    return Fault(name, bug_class, statement, exposed_by, operations, change)


def by_layer(
    name: str,
    bug_class: str,
    statement: str,
    exposed_by: str,
    layer: type[NumpyLayer],
    operations: tuple[str, ...] = FAMILY,
) -> Fault:
    """Return the fault of a layer that handles its arrays or its state in another way."""

    def change(correct: Implementation) -> Implementation:
        own = class_of(correct)
        return with_parts(correct, layer if own is NumpyLayer else type(layer.__name__, (layer, own), {}))

    return Fault(name, bug_class, statement, exposed_by, operations, change)


def by_conduct(
    name: str,
    bug_class: str,
    statement: str,
    exposed_by: str,
    outer: type[Passing],
    operations: tuple[str, ...] = EVERY,
) -> Fault:
    """Return the fault of a layer that is correct inside, in what stands between it and its caller."""

    def change(correct: Implementation) -> Implementation:
        return replace(correct, create=lambda case: outer(case, correct.create(case)))

    shown = "forward" in vars(outer)
    concerned = tuple(each for each in operations if shown or "dx" in OPERATIONS[each].requirements)
    return Fault(name, bug_class, statement, exposed_by, concerned, change)


def by_convention(
    name: str,
    bug_class: str,
    statement: str,
    exposed_by: str,
    operations: tuple[str, ...],
    declared: Mapping[str, str] = MappingProxyType({}),
    **followed: str,
) -> Fault:
    """Return the fault of a layer that follows another convention than the one that it declares."""

    def change(correct: Implementation) -> Implementation:
        return with_parts(declaring(correct, declared), declared={**declared, **followed})

    return Fault(name, bug_class, statement, exposed_by, operations, change)


def declaring(correct: Implementation, declared: Mapping[str, str]) -> Implementation:
    """Return the implementation with these conventions declared and followed."""
    claims = replace(correct.claims, conventions=dict(declared))
    return replace(with_parts(correct, declared=dict(declared)), claims=claims)


def by_rows(
    name: str,
    bug_class: str,
    statement: str,
    exposed_by: str,
    operations: tuple[str, ...],
    **wrappers: Callable[[Callable[..., Any]], Callable[..., Any]],
) -> Fault:
    """Return the fault of a layer of two functions of rows, forward and backward, each made from the correct one."""

    def change(correct: Implementation) -> Implementation:
        own = parts_of(correct).keywords
        return with_parts(correct, **{which: wrap(own[which]) for which, wrap in wrappers.items()})

    return Fault(name, bug_class, statement, exposed_by, operations, change)
