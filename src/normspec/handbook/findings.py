"""What the pages show of runs: a report, a table of grades, and which law catches which fault."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from normspec.grades.as_json import read_table
from normspec.grades.grading import Table, run_grades
from normspec.handbook.catches import Catch, read_catches
from normspec.handbook.markdown import code
from normspec.handbook.prose import markdown
from normspec.properties.verdict import Result
from normspec.reports.as_json import read_report
from normspec.reports.report import Report
from normspec.runs.request import request
from normspec.runs.run import run

GRADED = "numpy-two-pass"
RECORDED_GRADES = Path(str(files("normspec.implementations").joinpath("grades")))


@dataclass(frozen=True)
class Graded:
    """A table of grades, with words that say of what and when."""

    table: Table
    said: str


@dataclass(frozen=True)
class Findings:
    """A report with words that say of what and when, tables of grades, and what is recorded of the faults."""

    report: Report = field(default_factory=lambda: Report(()))
    said: str = "No implementation was asked for these pages."
    graded: tuple[Graded, ...] = ()
    catches: tuple[Catch, ...] = ()

    def caught_by(self, law: str) -> list[str]:
        """Return the names of the faults that a law is recorded to catch."""
        return list(dict.fromkeys(catch.fault for catch in self.catches if catch.law == law))

    def of(self, laws: Iterable[str]) -> list[Result]:
        """Return the results of some laws."""
        names = set(laws)
        return [result for result in self.report.results if result.law in names]


def gather(report: Path | None, grades: Path | None, faults: Path | None, *, quick: bool) -> Findings:
    """Return what files hold; for what no file is given, run quickly, or leave it out.

    Raises ValueError, with one line, for a file that does not hold what it should.
    """
    asked = Findings()
    found, said = (read_report(report), _from_file(report, "verdicts")) if report else (asked.report, asked.said)
    graded = (Graded(read_table(grades), _from_file(grades, "grades")),) if grades else asked.graded
    if quick and not report:
        found, said = _quick_report()
    if quick and not grades:
        graded = (_quick_grades(), *map(_recorded, sorted(RECORDED_GRADES.glob("*.json"))))
    return Findings(found, said, graded, read_catches(faults) if faults else ())


def _from_file(path: Path, what: str) -> str:
    when = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return f"The {what} are those in {code(path.name)}, written on {when:%Y-%m-%d}."


def _quick_report() -> tuple[Report, str]:
    report = run(request(_at_hand(), dtypes=["float32"], profile="quick"))
    return report, f"The verdicts are of a quick run of {_when(report.versions)}: {_these()} in float32."


def _quick_grades() -> Graded:
    """Grade the layers that centre, in one algorithm: the whole table takes minutes, and is given as a file."""
    table = run_grades(request([GRADED], dtypes=["float32"], max_examples=1), lambda event: None)
    return Graded(table, f"The grades of {GRADED} are of a quick run of {_when(table.versions)}.")


def _recorded(path: Path) -> Graded:
    table = read_table(path)
    names = ", ".join(markdown(name) for name in table.asked)
    return Graded(table, f"Those of {names} are on record in {code(path.name)}, with {_versions(table.versions)}.")


def _at_hand() -> list[str]:
    return ["numpy", "torch"] if find_spec("torch") else ["numpy"]


def _these() -> str:
    return " and ".join(_at_hand())


def _when(versions: Mapping[str, str]) -> str:
    return f"{datetime.now(UTC):%Y-%m-%d} with {_versions(versions)}"


def _versions(versions: Mapping[str, str]) -> str:
    return markdown(", ".join(f"{name} {version}" for name, version in versions.items()))
