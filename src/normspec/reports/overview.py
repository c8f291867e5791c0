"""One line an implementation and operation: how many laws, in all dtypes, came out how."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from normspec.properties.verdict import Result
from normspec.reports.groups import by
from normspec.reports.marks import KINDS, Kind


@dataclass(frozen=True)
class Tally:
    """The results of one implementation and operation, counted by kind, in the order of the overview's kinds."""

    target: str
    operation: str
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Overview:
    """The kinds that occur, what is kept first, and a tally for each implementation and operation."""

    kinds: tuple[Kind, ...]
    tallies: tuple[Tally, ...]


def overview(results: Sequence[Result]) -> Overview:
    """Return the overview of a run, in the order in which it was asked."""
    parts = by(lambda result: (result.target, result.operation), results)
    counts = [counted(part) for part in parts]
    shown = [name for name in KINDS if name == "conforms" or any(count[name] for count in counts)]
    tallies = (
        Tally(part[0].target, part[0].operation, tuple(count[name] for name in shown))
        for part, count in zip(parts, counts, strict=True)
    )
    return Overview(tuple(KINDS[name] for name in shown), tuple(tallies))


def counted(results: Sequence[Result]) -> Counter[str]:
    """Return how many results there are of each verdict; a failure on record is known."""
    return Counter("known" if result.known else result.verdict for result in results)
