"""What a faulty implementation is: the correct NumPy one with one thing changed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from normspec.implementations.contract import Implementation
from normspec.implementations.formulas import Formulas
from normspec.implementations.numpy_batch_norm import TWO_PASS
from normspec.implementations.numpy_layer import NumpyLayer


@dataclass(frozen=True)
class Fault:
    """One fault.

    bug_class is the class of real defects that it stands for; statement says what is wrong, exposed_by on which
    property of the result it shows.
    """

    name: str
    bug_class: str
    statement: str
    exposed_by: str
    implementation: Implementation


def by_formula(name: str, bug_class: str, statement: str, exposed_by: str, **changes: Callable[..., Any]) -> Fault:
    """Return the fault of a layer in which some formulas are others."""
    create = partial(NumpyLayer, formulas=replace(Formulas(), **changes), declared={})
    return _fault(name, bug_class, statement, exposed_by, create)


def by_layer(name: str, bug_class: str, statement: str, exposed_by: str, layer: type[NumpyLayer]) -> Fault:
    """Return the fault of a layer that handles its arrays or its state in another way."""
    return _fault(name, bug_class, statement, exposed_by, partial(layer, formulas=Formulas(), declared={}))


def by_convention(name: str, bug_class: str, statement: str, exposed_by: str, **followed: str) -> Fault:
    """Return the fault of a layer that follows another convention than the one that it declares."""
    return _fault(name, bug_class, statement, exposed_by, partial(NumpyLayer, formulas=Formulas(), declared=followed))


def _fault(name: str, bug_class: str, statement: str, exposed_by: str, create: Callable[..., Any]) -> Fault:
    wrong = replace(TWO_PASS, name=f"faulty:{name}", create=create, statement=statement)
    return Fault(name, bug_class, statement, exposed_by, wrong)
