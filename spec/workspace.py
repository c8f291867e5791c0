"""What the formulas of a case have in common: made once, and kept while the case and its variants are looked at.

A backward step needs the statistics that its forward step found, and a variant often has the same input. Arrays are
known by their identity: they are kept, and nobody changes one that was handed over. What is found does not depend on
whether anything was kept.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from normspec.spec.formats import Array
from normspec.spec.numbers.contract import ContractArithmetic

Made = TypeVar("Made")

KEPT = 2**12
"""Elements of an array up to which anything is kept: what is made of longer ones fills the memory."""


@dataclass(eq=False)
class Workspace:
    """Arrays made of the arrays of a case, and the number systems that worked on some rows of x."""

    made: dict[Hashable, tuple[Array, Any]] = field(default_factory=dict)
    systems: dict[Hashable, tuple[Array, ContractArithmetic]] = field(default_factory=dict)

    def of(self, array: Array, how: Hashable, make: Callable[[], Made]) -> Made:
        """Return what is made of an array in some way: as it was made before, where it was."""
        if array.size > KEPT:
            return make()
        key = (id(array), how)
        if key not in self.made:
            self.made[key] = array, make()
        found: Made = self.made[key][1]
        return found

    def system(self, x: Array, how: Hashable, make: Callable[[], ContractArithmetic]) -> ContractArithmetic:
        """Return the number system that works on these rows in some way, with all that it remembers."""
        key = (id(x), how)
        if key not in self.systems:
            self.systems[key] = x, make()
        return self.systems[key][1]

    def __del__(self) -> None:
        """Let go of what the systems remember: numbers know their system, and would wait for the garbage collector."""
        for _, system in self.systems.values():
            system.forget()
