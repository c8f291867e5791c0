"""A recorded table of grades, which may only get better."""

from collections.abc import Iterator
from pathlib import Path

from normspec.clean import one_line
from normspec.grades.as_json import read_table
from normspec.grades.grading import Table, settings_of
from normspec.properties.accuracy import Entry
from normspec.properties.measure import NUMBERS, Place
from normspec.runs.request import Request
from normspec.spec.grades import ORDER, drops_below

NOISE = 1 + 2.0**-30  # sums in float64 of some thousand terms, in whichever order a machine adds them


def recorded(path: Path, asked: Request) -> Table | None:
    """Return the table on record, or None where there is no file yet.

    Raises ValueError, with one line, for a file that is none, or that was recorded on other cases.
    """
    if not path.exists():
        return None
    table, settings = read_table(path), settings_of(asked)
    if table.settings != settings:
        said, now = (" ".join(f"--{k.replace('_', '-')} {v}" for k, v in s.items()) for s in (table.settings, settings))
        raise ValueError(f"{path.name} was recorded with {said}, not {now}: ask with the same, or record anew")
    return table


def worse(record: Table, found: Table, asked: Request) -> tuple[str, ...]:
    """Return a line for each way in which an entry of the record, within what was asked for, got worse."""
    now = {entry.place: entry for entry in found.entries}
    return tuple(
        one_line(f"{_named(old.place)}: {what}")
        for old in record.entries
        if _asked_for(old.place, asked)
        for what in _changes(old, now.get(old.place))
    )


def unrecorded(record: Table, found: Table) -> int:
    """Return how many entries are not on record."""
    return len({entry.place for entry in found.entries} - {entry.place for entry in record.entries})


def _asked_for(place: Place, asked: Request) -> bool:
    names = {(implementation.name, implementation.operation) for _, implementation in asked.implementations}
    return (place.target, place.operation) in names and place.dtype in (asked.settings.dtypes or (place.dtype,))


def _changes(old: Entry, new: Entry | None) -> Iterator[str]:
    if new is None:
        yield "is no longer measured"
        return
    if old.grade in ORDER and (new.grade not in ORDER or drops_below(new.grade, old.grade)):
        yield f"grade {new.grade}, on record {old.grade}"
    for name, before in old.numbers.items():
        after = new.numbers.get(name)
        if after is not None and after.value > before.value * NOISE:
            yield f"{name} {after.value:.6g}, on record {before.value:.6g} ({NUMBERS[name]})"
    if new.unanswered > old.unanswered:
        yield f"{new.unanswered} cases are not answered, on record {old.unanswered}"


def _named(place: Place) -> str:
    return f"{place.target} {place.operation} {place.dtype} {place.layout} {place.output} ({place.mode})"
