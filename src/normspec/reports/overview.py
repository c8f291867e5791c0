"""One line an operation: how many laws each implementation keeps, and what became of the others."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from normspec.properties.verdict import Result
from normspec.reports.marks import KINDS, Kind


@dataclass(frozen=True)
class Tally:
    """The results of one implementation and operation: those kept, those asked, the others by kind."""

    kept: int
    asked: int
    others: tuple[tuple[Kind, int], ...]


@dataclass(frozen=True)
class Overview:
    """A tally for each operation and implementation; None where it was not asked."""

    targets: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Tally | None, ...]], ...]


def overview(results: Sequence[Result]) -> Overview | None:
    """Return the overview of a run; None where it is about one operation, whose matrix is as short."""
    targets = tuple(dict.fromkeys(result.target for result in results))
    found: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        found.setdefault((result.operation, result.target), []).append(result)
    operations = tuple(dict.fromkeys(result.operation for result in results))
    rows = tuple((o, tuple(tally(found[o, t]) if (o, t) in found else None for t in targets)) for o in operations)
    return Overview(targets, rows) if len(operations) > 1 else None


def tally(results: Sequence[Result]) -> Tally:
    """Return what became of some results."""
    counts = counted(results)
    besides = ("conforms", "not claimed")
    others = tuple((kind, counts[name]) for name, kind in KINDS.items() if counts[name] and name not in besides)
    return Tally(counts["conforms"], len(results) - counts["not claimed"], others)


def counted(results: Sequence[Result]) -> Counter[str]:
    """Return how many results there are of each verdict; a failure on record is known."""
    return Counter("known" if result.known else result.verdict for result in results)
