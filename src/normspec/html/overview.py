"""The overview on a page: operations down, their implementations beneath, each with its share of laws that are kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from normspec.html.matrix import Matrix
from normspec.reports.groups import by
from normspec.reports.marks import Kind
from normspec.reports.overview import Tally, overview
from normspec.reports.report import Report


@dataclass(frozen=True)
class Part:
    """A piece of a bar, in hundredths of its length."""

    class_: str
    start: float
    length: float


@dataclass(frozen=True)
class Line:
    """An implementation of an operation: where its matrix is, the counts by kind, and the bar that they make."""

    target: str
    href: str
    counts: tuple[int, ...]
    bar: tuple[Part, ...]


@dataclass(frozen=True)
class Overview:
    """The kinds that occur, and the lines of each operation."""

    kinds: tuple[Kind, ...]
    operations: tuple[tuple[str, tuple[Line, ...]], ...]


def overview_of(report: Report, matrices: Sequence[Matrix]) -> Overview | None:
    """Return the overview of a report; None where one matrix shows it all."""
    if len(matrices) < 2:
        return None
    found = overview(report.results)
    places = {each.caption: each.anchor for each in matrices}

    def line(each: Tally) -> Line:
        anchor = places.get(each.target) or places[each.operation]
        return Line(each.target, anchor, each.counts, tuple(_bar(found.kinds, each.counts)))

    grouped = by(lambda each: each.operation, found.tallies)
    return Overview(found.kinds, tuple((those[0].operation, tuple(map(line, those))) for those in grouped))


def _bar(kinds: Sequence[Kind], counts: Sequence[int]) -> Iterator[Part]:
    """Yield what was claimed, in the order of the kinds."""
    claimed = [
        (kind.class_, 0 if kind.class_ == "silent" else count) for kind, count in zip(kinds, counts, strict=True)
    ]
    whole = sum(count for _, count in claimed)
    ends = accumulate(count for _, count in claimed)
    yield from (
        Part(class_, round(100 * (end - count) / whole, 2), round(100 * count / whole, 2))
        for (class_, count), end in zip(claimed, ends, strict=True)
        if count
    )
