"""The accuracy table of `normspec grade` on a page: by operation, dtype, output and layout."""

from collections.abc import Sequence
from dataclasses import dataclass

from normspec.grades.grading import Table
from normspec.properties.accuracy import Entry
from normspec.reports.groups import by
from normspec.spec.grades import ORDER


@dataclass(frozen=True)
class Mark:
    """A grade in one layout, with the largest known errors that stand beside it."""

    grade: str
    class_: str
    ulps: str
    of_bound: str


@dataclass(frozen=True)
class Line:
    """One output in one dtype: a mark for each layout, None where it was not graded."""

    dtype: str
    output: str
    declared: str
    marks: tuple[Mark | None, ...]


@dataclass(frozen=True)
class Sheet:
    """The grades of one implementation and operation."""

    target: str
    operation: str
    layouts: tuple[str, ...]
    lines: tuple[Line, ...]


def sheets(table: Table | None) -> list[Sheet]:
    """Return the sheets of a table, or none where there is no table."""
    entries = table.entries if table else ()
    return [_sheet(of) for of in by(lambda entry: (entry.place.target, entry.place.operation), entries)]


def _sheet(entries: Sequence[Entry]) -> Sheet:
    layouts = tuple(dict.fromkeys(entry.place.layout for entry in entries))
    lines = by(lambda entry: (entry.place.dtype, entry.place.mode, entry.place.output), entries)
    first = entries[0].place
    return Sheet(first.target, first.operation, layouts, tuple(_line(line, layouts) for line in lines))


def _line(entries: Sequence[Entry], layouts: Sequence[str]) -> Line:
    first, found = entries[0], {entry.place.layout: entry for entry in entries}
    output = first.place.output + (", infer" if first.place.mode == "infer" else "")
    marks = tuple(_mark(found[layout]) if layout in found else None for layout in layouts)
    return Line(first.place.dtype, output, first.declared, marks)


def _mark(entry: Entry) -> Mark:
    class_ = "broken" if entry.drops else "kept" if entry.grade in ORDER else "undecided"
    ulps, of_bound = (_number(entry, name) for name in ("ulps", "of_bound"))
    return Mark(entry.grade, class_, ulps, of_bound)


def _number(entry: Entry, name: str) -> str:
    return f"{entry.numbers[name].value:.2g}" if name in entry.numbers else ""
