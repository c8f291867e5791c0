"""The files that a run is written to: one option each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

if TYPE_CHECKING:
    from normspec.grades.grading import Table
    from normspec.reports.report import Report

Command = TypeVar("Command", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path)
_FORMS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "json": ("Write the report as JSON.", "normspec.reports.as_json", "json_text"),
        "html": ("Write the report as one page, to be looked at.", "normspec.html.page", "report_page"),
        "junit": ("Write the report as JUnit XML.", "normspec.reports.as_junit", "junit_text"),
        "sarif": ("Write the failures as SARIF, for code review.", "normspec.reports.as_sarif", "sarif_text"),
    }
)


_NONE: Mapping[str, Path] = MappingProxyType({})


@dataclass(frozen=True)
class Written:
    """The files that a run is written to, by form, and the accuracy table that the page shows, where one is given."""

    paths: Mapping[str, Path]
    grades: "Table | None" = None

    def write(self, report: "Report") -> None:
        """Write every file, each of them whole or not at all."""
        from normspec.files import write_whole

        for form, path in self.paths.items():
            _, module, function = _FORMS[form]
            more = {"grades": self.grades} if form == "html" else {}
            write_whole(path, getattr(import_module(module), function)(report, **more))


class Files(Protocol):
    """Look over the files that are named, and those that are written besides."""

    def __call__(self, also: Mapping[str, Path] = _NONE) -> Written:
        """Return what will be written. Raises ValueError for a file that cannot be."""
        ...


def written_options(command: Command) -> Command:
    """Give a command the options of every form, as one argument `files`: a function that looks them over.

    It takes what is written, by form, where no option says otherwise. It raises ValueError, with one line, for a file
    that cannot be written, and for a table of grades that is none.
    """

    @wraps(command)
    def called(*positional: Any, grades: Path | None, **asked: Any) -> Any:
        paths = {form: asked.pop(f"{form}_file") for form in _FORMS}
        given = {form: path for form, path in paths.items() if path is not None}
        return command(*positional, files=lambda also=_NONE: _looked_over({**also, **given}, grades), **asked)

    options = [
        click.option(f"--{form}", f"{form}_file", type=_FILE, metavar="FILE", help=_FORMS[form][0]) for form in _FORMS
    ]
    options.insert(
        2, click.option("--grades", type=_FILE, metavar="FILE", help="Show these on the page: of grade --json.")
    )
    for option in reversed(options):
        called = option(called)
    return called  # type: ignore[return-value]


def _looked_over(paths: Mapping[str, Path], grades: Path | None) -> Written:
    from normspec.files import check_writable

    for path in paths.values():
        check_writable(path)
    if grades is None:
        return Written(paths)
    if "html" not in paths:
        raise ValueError(f"--grades={str(grades)!r} is shown on a page: give --html FILE, too")
    from normspec.grades.as_json import read_table

    return Written(paths, read_table(grades))
