"""Large groups in pieces that stay in the processor's cache: a formula is run on each piece, pass after pass.

In each pass a total whose terms are known is summed up over all pieces, and is known in the next one; what depends on
an unknown total is unknown, and costs nothing. The last pass gives the outputs. So a formula with two totals, one of
which needs the other, takes three passes; nothing but outputs is ever stored in the size of a group.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeAlias

from normspec.spec.formats import Array
from normspec.spec.numbers.computed import Computed, Partial
from normspec.spec.numbers.contract import ContractArithmetic
from normspec.spec.numbers.memory import remembered

PIECE = 2**14
"""Elements of a piece: some twenty float64 arrays of it fit in a second-level cache of 2 MB."""


class Unknown:
    """A number that depends on a total that is not known yet. Its operations are remembered like those of any other."""

    def __init__(self, system: Any) -> None:
        self.system = system

    def __add__(self, other: "Number") -> "Number":
        return self.system.add(self, other)

    def __sub__(self, other: "Number") -> "Number":
        return self.system.subtract(self, other)

    def __rsub__(self, other: int) -> "Number":
        return self.system.add(-self, other)

    def __mul__(self, other: "Number") -> "Number":
        return self.system.multiply(self, other)

    def __truediv__(self, other: "Number") -> "Number":
        return self.system.divide(self, other)

    def __neg__(self) -> "Number":
        return self.system.negative(self)

    __radd__ = __add__
    __rmul__ = __mul__


Number: TypeAlias = Any


@dataclass(eq=False)
class PiecewiseArithmetic(ContractArithmetic):
    """Contract arithmetic on one piece of each group at a time; totals are numbered in the order of asking."""

    members: int = 0
    known: list[Computed | None] = field(default_factory=list)
    sums: dict[int, Partial] = field(default_factory=dict)
    roles: dict[int, Any] = field(default_factory=dict)
    asked: int = 0

    def begin_piece(self) -> None:
        """Forget what belongs to the piece before: elements, totals by their terms, and what was unknown."""
        self.asked = 0
        self.memory = {key: entry for key, entry in (self.memory or {}).items() if _lasts(key[0], entry)}

    @remembered
    def total(self, a: Number) -> Number:
        """Return the total where it is known; else note what this piece contributes."""
        number, self.asked = self.asked, self.asked + 1
        if number == len(self.known):
            self.known.append(None)
        found = self.known[number]
        if found is not None:
            return found
        if not isinstance(a, Unknown):
            part = self.partial(a)
            self.sums[number] = self.sums[number] + part if number in self.sums else part
            self.roles[number] = a.role
        return Unknown(self)

    def finish_pass(self) -> bool:
        """Make known what was summed up in this pass; return whether every total was known before it."""
        complete = not self.sums and None not in self.known
        for number, sums in self.sums.items():
            self.known[number] = self.completed(sums, self.members, self.roles[number])
        self.sums = {}
        return complete


def _lasts(name: str, result: Number) -> bool:
    return name != "total" and isinstance(result, Computed) and result.scalar


def _skipping(name: str) -> Callable[..., Number]:
    """Return an operation that leaves what is unknown unknown.

    It is remembered either way, so that equal formulas are equal numbers in every pass, and totals are counted alike.
    """
    operation = getattr(ContractArithmetic, name).__wrapped__

    def skipping(self: PiecewiseArithmetic, *operands: Number) -> Number:
        if any(isinstance(operand, Unknown) for operand in operands):
            return Unknown(self)
        return operation(self, *operands)

    skipping.__name__ = name
    return remembered(skipping)


for _name in ("add", "subtract", "negative", "multiply", "product", "divide", "sqrt", "rsqrt", "kept"):
    setattr(PiecewiseArithmetic, _name, _skipping(_name))


def in_pieces(
    system: PiecewiseArithmetic, arrays: Mapping[str, Array], run: Callable[[Mapping[str, Array]], Any]
) -> list[Any]:
    """Return what run gives for each piece in the last pass, when every total is known."""
    while True:
        found = []
        for piece in pieces(arrays):
            system.begin_piece()
            found.append(run(piece))
        if system.finish_pass():
            return found


def pieces(arrays: Mapping[str, Array]) -> Iterator[dict[str, Array]]:
    """Yield the arrays piece by piece along the members, in pieces of nearly one length, 2 or more."""
    groups, members = arrays["x"].shape
    count = max(1, min(members // 2, groups * members // PIECE))
    ends = [members * number // count for number in range(count + 1)]
    for start, stop in pairwise(ends):
        yield {name: rows[:, start:stop] if rows.shape[-1] == members else rows for name, rows in arrays.items()}


def batches(arrays: Mapping[str, Array]) -> Iterator[dict[str, Array]]:
    """Yield the arrays some groups at a time: groups are independent."""
    groups, members = arrays["x"].shape
    size = max(1, PIECE // members)
    for start in range(0, groups, size):
        yield {name: rows[start : start + size] for name, rows in arrays.items()}
