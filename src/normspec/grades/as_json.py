"""Tables of grades as JSON and back, in the form that schemas/grades.schema.json describes.

A case that attains something stands once, in the list of cases; an entry names it by its place there, and takes it in
the entry's own layout.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast, get_args

from normspec.grades.grading import SETTINGS, Table
from normspec.properties.accuracy import Entry, Largest
from normspec.properties.measure import MODES, NUMBERS, OUTPUTS, Place
from normspec.properties.search import fingerprint
from normspec.spec.case import Case
from normspec.spec.formats import FORMATS
from normspec.spec.grades import CONTRACTS, Grade
from normspec.spec.node import Node, PlainError, Record, read_json
from normspec.spec.plain import Plain, case_from, plain_case

FORMAT = "normspec-grades-1"
_TOP = ("format", "settings", "versions", "asked", "entries", "cases")
_PLACE = ("target", "operation", "dtype", "mode", "output", "layout")
_COUNTS = ("cases", "undecided", "unanswered")
_ENTRY = (*_PLACE, "declared", "grade", "case", "numbers", *_COUNTS)
_NUMBER = ("largest", "proved", "case")


class _Cases:
    """The cases named so far, each once."""

    def __init__(self) -> None:
        self.places: dict[bytes, int] = {}
        self.plain: list[Plain] = []

    def place(self, case: Case | None) -> int | None:
        """Return where a case stands in the list; None for none."""
        if case is None:
            return None
        bare = case.but(layout="contiguous")
        key = fingerprint(bare)
        if key not in self.places:
            self.places[key] = len(self.plain)
            self.plain.append(plain_case(bare))
        return self.places[key]


def plain_table(table: Table) -> Plain:
    """Return a table as plain data; the same measurements give the same data."""
    cases = _Cases()
    entries = [_plain_entry(entry, cases) for entry in table.entries]
    names = {"settings": dict(table.settings), "versions": dict(table.versions), "asked": dict(table.asked)}
    return {"format": FORMAT, **names, "entries": entries, "cases": cases.plain}


def _plain_entry(entry: Entry, cases: _Cases) -> Plain:
    numbers = {
        name: {"largest": _size(number.value), "proved": _size(number.proved), "case": cases.place(number.case)}
        for name, number in entry.numbers.items()
    }
    return {
        **{name: getattr(entry.place, name) for name in _PLACE},
        "declared": entry.declared,
        "grade": entry.grade,
        "case": cases.place(entry.case),
        "numbers": numbers,
        **{name: getattr(entry, name) for name in _COUNTS},
    }


def _size(value: float) -> float | str:
    return value if value < float("inf") else "inf"


def table_text(table: Table) -> str:
    """Return a table as JSON text."""
    return json.dumps(plain_table(table), indent=1, allow_nan=False) + "\n"


def is_table(path: Path) -> bool:
    """Return whether a file says that it is a table. Raises PlainError, with one line, where it is no JSON."""
    node = read_json(path)
    return isinstance(node.value, dict) and node.value.get("format") == FORMAT


def read_table(path: Path) -> Table:
    """Return the table in a file. Raises PlainError, with one line, when there is none."""
    node = read_json(path)
    if not isinstance(node.value, dict) or node.value.get("format") != FORMAT:
        raise PlainError(f"{node.path} is no table of grades: give a file that 'normspec grade' wrote")
    record = node.record(*_TOP)
    cases = tuple(case_from(item) for item in record["cases"].items())
    entries = tuple(_entry_from(item, cases) for item in record["entries"].items())
    if len({entry.place for entry in entries}) < len(entries):
        raise PlainError(f"{node.path}.entries has two entries for one place: take one out")
    settings = record["settings"].record(*SETTINGS)
    return Table(
        entries,
        asked={name: value.text() for name, value in record["asked"].entries()},
        settings={name: settings[name].count(below=2**63) for name in SETTINGS},
        versions={name: value.text() for name, value in record["versions"].entries()},
    )


def _entry_from(node: Node, cases: tuple[Case, ...]) -> Entry:
    record = node.record(*_ENTRY)
    place = _place_from(record)
    return Entry(
        place,
        declared=record["declared"].one_of(*CONTRACTS),
        grade=cast(Grade, record["grade"].one_of(*get_args(Grade))),
        case=_case_from(record, cases, place),
        numbers=_numbers_from(record["numbers"], cases, place),
        **{name: record[name].count() for name in _COUNTS},
    )


def _place_from(record: Record) -> Place:
    choices = {"dtype": tuple(FORMATS), "mode": MODES, "output": OUTPUTS}
    values: dict[str, Any] = {
        name: record[name].one_of(*choices[name]) if name in choices else record[name].text() for name in _PLACE
    }
    return Place(**values)


def _numbers_from(node: Node, cases: tuple[Case, ...], place: Place) -> Mapping[str, Largest]:
    found = {}
    node.record(optional=tuple(NUMBERS))
    for name, value in node.entries():
        record = value.record(*_NUMBER)
        found[name] = Largest(record["largest"].size(), record["proved"].size(), _case_from(record, cases, place))
    return MappingProxyType(found)


def _case_from(record: Record, cases: tuple[Case, ...], place: Place) -> Case | None:
    if record.get("case") is None:
        return None
    case = cases[record["case"].count(below=len(cases))].but(layout=place.layout)
    if (case.operation, case.dtype) != (place.operation, place.dtype):
        raise record["case"].wrong(f"a case of {place.operation} in {place.dtype}")
    return case
