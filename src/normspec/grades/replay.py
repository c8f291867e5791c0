"""Grades below the declared ones measured again: the case that shows each, with the target as it is now."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from normspec.close_names import choose
from normspec.grades.grading import Table
from normspec.implementations.contract import Implementation
from normspec.properties.accuracy import Entry
from normspec.properties.measure import Measured, Measuring
from normspec.properties.search import fingerprint
from normspec.properties.trial import Trial
from normspec.runs.request import named
from normspec.spec.case import Case
from normspec.spec.grades import Grade, drops_below, weakest
from normspec.spec.operations import OPERATIONS


@dataclass(frozen=True)
class Regraded:
    """An entry of a table, and the grade of its case now; None where there is no answer."""

    entry: Entry
    grade: Grade | None

    @property
    def still_fails(self) -> bool:
        """Return whether the grade is still below the declared one, or is no more to be had."""
        return self.grade is None or drops_below(self.grade, self.entry.declared)


def regrade(table: Table) -> Iterator[Regraded]:
    """Measure the case of every grade below the declared one again.

    Raises ValueError, with one line, when a target no longer exists, before anything runs.
    """
    dropped = [(entry, entry.case) for entry in table.dropped if entry.case is not None]
    operations = (entry.place.operation for entry, _ in dropped)
    choose("operation", operations, OPERATIONS, "'normspec list operations' shows them all")
    find = cache(lambda target, operation: named(table.asked.get(target, target), operation, target))
    prepared = [(entry, case, find(entry.place.target, entry.place.operation)) for entry, case in dropped]
    known = dict[tuple[int, bytes], Measuring]()  # layouts of one case share what it demands

    def again(entry: Entry, case: Case, implementation: Implementation) -> Regraded:
        key = id(implementation), fingerprint(case.but(layout=""))
        measuring = known.setdefault(key, Measuring(implementation, case))
        found = measuring.measured(Trial(implementation, case))
        return Regraded(entry, _worst(each for place, each in found if place == entry.place))

    return (again(*each) for each in prepared)


def _worst(found: Iterator[Measured | None]) -> Grade | None:
    """Return the weakest grade of the steps that an entry is about; None where one was not answered."""
    grades = [None if each is None else each.grade for each in found]
    answered = tuple(grade for grade in grades if grade is not None)
    return weakest(answered) if answered and len(answered) == len(grades) else None
