"""Reports side by side: which results differ between them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from normspec.properties.laws import LAWS
from normspec.properties.observations import Observations
from normspec.properties.verdict import Result
from normspec.reports.report import Report
from normspec.spec.formats import FORMATS

Place = tuple[str, str, str, str]


@dataclass(frozen=True)
class Row:
    """What the columns say of one law: the dtypes in which they say the same, a result for each column or None."""

    target: str
    operation: str
    law: str
    dtypes: tuple[str, ...]
    results: tuple[Result | None, ...]


@dataclass(frozen=True)
class Column:
    """A report, or one implementation of it: its name, its results by place, what it observed."""

    name: str
    results: dict[Place, Result]
    observations: tuple[Observations, ...]

    @property
    def conforming(self) -> int:
        """Return how many results conform."""
        return sum(result.verdict == "conforms" for result in self.results.values())

    @property
    def claimed(self) -> int:
        """Return how many results there are of what was claimed."""
        return sum(result.verdict != "not claimed" for result in self.results.values())


@dataclass(frozen=True)
class Comparison:
    """Columns, the rows in which they differ, and how many results were compared and how many of them differ."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    compared: int
    differing: int

    @property
    def observations(self) -> tuple[Observations, ...]:
        """Return what was observed, under the names of the columns."""
        return tuple(found for column in self.columns for found in column.observations)

    @property
    def sentence(self) -> str:
        """Return what came of it in one sentence."""
        if not self.compared:
            return "The reports have nothing in common."
        if not self.differing:
            return f"The verdicts are the same on all {self.compared} results."
        return f"{self.differing} of {self.compared} results differ."


def comparison(reports: Sequence[tuple[str, Report]]) -> Comparison:
    """Compare reports, each with its name.

    Where they are about the same implementations, each report is a column. Otherwise each implementation is one.
    """
    targets = [{result.target for result in report.results} for _, report in reports]
    shared = len(set.union(*targets)) < sum(map(len, targets))
    columns = _reports(reports) if shared else _implementations(reports)
    places = dict.fromkeys(place for column in columns for place in column.results)
    both = [place for place in places if sum(place in column.results for column in columns) > 1]
    differing = [place for place in places if len({_said(column.results.get(place)) for column in columns}) > 1]
    return Comparison(columns, tuple(_rows(columns, differing)), len(both), len(set(differing) & set(both)))


def _reports(reports: Sequence[tuple[str, Report]]) -> tuple[Column, ...]:
    """Return a column for each report, in which an implementation is part of a result's place."""
    several = len({result.target for _, report in reports for result in report.results}) > 1

    def column(name: str, report: Report) -> Column:
        seen = (replace(each, target=f"{name}, {each.target}" if several else name) for each in report.observations)
        return Column(name, {place_of(result): result for result in report.results}, tuple(seen))

    return tuple(column(name, report) for name, report in reports)


def _implementations(reports: Sequence[tuple[str, Report]]) -> tuple[Column, ...]:
    """Return a column for each implementation, which then is no part of a result's place."""

    def column(target: str, report: Report) -> Column:
        results = (result for result in report.results if result.target == target)
        seen = (each for each in report.observations if each.target == target)
        return Column(target, {("", *place_of(result)[1:]): result for result in results}, tuple(seen))

    pairs = {result.target: report for _, report in reports for result in report.results}
    return tuple(column(target, report) for target, report in pairs.items())


def place_of(result: Result) -> Place:
    """Return what a result is about."""
    return result.target, result.operation, result.law, result.dtype


def _said(result: Result | None) -> str:
    return "not asked" if result is None else "known" if result.known else result.verdict


def _rows(columns: Sequence[Column], places: Sequence[Place]) -> list[Row]:
    """Return the rows of the places, those that differ in their dtype alone as one."""
    found: dict[tuple[str, ...], list[Place]] = {}
    for place in places:
        said = tuple(_said(column.results.get(place)) for column in columns)
        found.setdefault((*place[:3], *said), []).append(place)
    rows = [
        Row(*of[0][:3], tuple(place[3] for place in of), tuple(column.results.get(of[0]) for column in columns))
        for of in found.values()
    ]
    order = {law: at for at, law in enumerate(LAWS)}
    dtypes = list(FORMATS)
    return sorted(rows, key=lambda r: (r.target, r.operation, order.get(r.law, len(order)), dtypes.index(r.dtypes[0])))
