"""What an axis of convention is that numbers show, and how a question is put in a variant's words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from normspec.spec.case import Case
from normspec.spec.formats import Array

Reworded = tuple[Case, Callable[[Array], Array]]
"""A case, and what takes an array in the shape of its x back to the shape that was asked for."""

Wording = Callable[[Case, int], Reworded | None]
"""From a case and a step to the same demand in other words; None where the variant demands nothing there."""


def same(values: Array) -> Array:
    """Return the values."""
    return values


def as_asked(case: Case, index: int) -> Reworded | None:
    """Return the question itself."""
    return case, same


def forward_of(case: Case, index: int) -> int:
    """Return the position of a step, or of the forward that it is the backward of."""
    origin = case.script[index].of
    return index if origin is None else origin


@dataclass(frozen=True)
class Axis:
    """One axis: its variants in words, the outputs that show it, the first best, and the dtypes; all where none.

    wordings puts the question in a variant's words; a variant without one is a convention of the specification.
    """

    name: str
    statement: str
    variants: Mapping[str, str]
    outputs: tuple[str, ...] = ("y", "dx")
    dtypes: tuple[str, ...] = ()
    wordings: Mapping[str, Wording] = field(default_factory=dict)
