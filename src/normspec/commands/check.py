"""`normspec check`: the main job."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from normspec.commands.amount import DTYPES, OPERATIONS, amount_options
from normspec.commands.errors import as_wrong_call
from normspec.commands.processes import process_options
from normspec.commands.written import written_options

if TYPE_CHECKING:
    from normspec.commands.written import Files
    from normspec.reports.report import Report
    from normspec.runs.request import Request

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@OPERATIONS
@click.option("--law", "laws", multiple=True, metavar="NAME", help="Only this law; may be repeated.")
@DTYPES
@amount_options
@click.option("--known-failures", type=_FILE, metavar="FILE", help="Failures on record: shown, but not counted.")
@click.option(
    "--write-known-failures", type=_FILE, metavar="FILE", help="Record what fails now; entries that hold stay."
)
@click.option(
    "--undecided", is_flag=True, help="Show how many cases had a bound that demands nothing, by law and dtype."
)
@written_options
@process_options
def command(
    targets: tuple[str, ...],
    files: "Files",
    write_known_failures: Path | None,
    undecided: bool,
    jobs: int | None,
    dask: str | None,
    **asked: Any,
) -> int:
    """Hold implementations against the specification.

    TARGET is a registered name ('normspec list implementations'), package.module:attribute,
    path/to/file.py:attribute, or 'pipe:COMMAND' for a program that speaks docs/protocol.md.

    \b
    Exit codes
      0  all that ran conforms, or fails as the record of known failures says
      1  something does not conform
      2  the call was wrong; one line says what and what to do
      3  nothing was executed that could have failed
    """
    from normspec.files import check_writable
    from normspec.runs.profiles import files_of
    from normspec.runs.request import request
    from normspec.runs.run import run
    from normspec.runs.spreading import jobs_worth
    from normspec.runs.units import UnitError
    from normspec.spec.environment import PollutedEnvironmentError
    from normspec.terminal.page import print_report
    from normspec.terminal.progress import watching

    with as_wrong_call(ValueError):
        written = files(files_of(asked["profile"]))
        if write_known_failures:
            check_writable(write_known_failures)
            if asked["known_failures"] is None and write_known_failures.exists():
                asked["known_failures"] = write_known_failures
        this = request(targets, **asked)
    with as_wrong_call(PollutedEnvironmentError, UnitError), watching(this) as watch:
        report = run(this, watch, jobs or jobs_worth(this), dask)
    written.write(report)
    print_report(report, undecided=undecided)
    return _recorded(report, this, write_known_failures) if write_known_failures else report.exit_code


def _recorded(report: "Report", asked: "Request", path: Path) -> int:
    """Write the record of what fails now; return 0 where every failure is on it."""
    from normspec.files import write_whole
    from normspec.records.known_file import known_failures_text
    from normspec.records.recording import record
    from normspec.reports.report import CONFORMS, NONCONFORMING, finished

    if not finished(report.exit_code):
        click.echo(f"{path.name} is left as it is: the run did not come to its end, or executed nothing", err=True)
        return report.exit_code
    made = record(report, asked)
    write_whole(path, known_failures_text(made.entries))
    click.echo(f"{path.name}: {made.kept} entries kept, {made.added} added, {made.dropped} dropped")
    if made.unrecorded:
        click.echo(f"{len(made.unrecorded)} failures have no case and cannot be recorded", err=True)
    return NONCONFORMING if made.unrecorded else CONFORMS
