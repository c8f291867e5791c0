"""What a habit is: an axis of convention that conduct shows, the cases that show it, and what denies each variant."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from normspec.properties.cases.shapes import Extent
from normspec.properties.identification.denials import Test
from normspec.spec.case import Case
from normspec.spec.conventions import CONVENTIONS

Variants = Mapping[str, tuple[str, Test]]


@dataclass(frozen=True)
class Habit:
    """One axis: the cases that show it, and for each variant its meaning and what denies it.

    dtype is the one that it shows in, where that is not the plainest claimed. in_process says that only a layer in this
    process can be asked, because the question is none that a case holds. note says why several variants are left.
    """

    name: str
    statement: str
    cases: Callable[[Extent], Iterator[Case]]
    variants: Variants
    dtype: str = ""
    in_process: bool = False
    note: str = ""


def of_specification(name: str, **tests: Test) -> dict[str, tuple[str, Test]]:
    """Return variants with the meanings that the specification's convention gives them."""
    return {variant: (CONVENTIONS[name].variants[variant], test) for variant, test in tests.items()}
