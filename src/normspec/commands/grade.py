"""`normspec grade`: the accuracy table."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from normspec.commands.amount import DTYPES, OPERATIONS, SEED, examples
from normspec.commands.errors import as_wrong_call

if TYPE_CHECKING:
    from normspec.grades.grading import Table
    from normspec.runs.request import Request

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@OPERATIONS
@DTYPES
@examples(100, "How many cases are drawn, for each dtype, besides those that are always tried.")
@click.option(
    "--climb",
    metavar="N",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="How often the worst case of each number is changed, towards a larger error.",
)
@SEED
@click.option("--all", "everything", is_flag=True, help="Show every output, not y and dx in training alone.")
@click.option("--long", "at_length", is_flag=True, help="Show the inputs that attain what the table says.")
@click.option("--json", "json_file", type=_FILE, metavar="FILE", help="Write the table as JSON, with those inputs.")
@click.option("--ratchet", type=_FILE, metavar="FILE", help="Record the table, or hold it against the one on record.")
def command(
    targets: tuple[str, ...],
    everything: bool,
    at_length: bool,
    json_file: Path | None,
    ratchet: Path | None,
    **asked: Any,
) -> int:
    """Measure how accurate implementations are, as tables of mathematical libraries do.

    TARGET is what 'normspec check' takes. A grade is the strongest contract kept on every case that was tried: CR
    (correctly rounded), A+ (1 ulp), A, A~, B1, B2, B3, C, or F for none; NF is not finite where it must be.

    \b
    Exit codes
      0  every grade is at least the declared one; with --ratchet: no entry got worse
      1  a grade is below the declared one; with --ratchet: an entry got worse
      2  the call was wrong; one line says what and what to do
      3  nothing was graded
    """
    from normspec.grades.grading import run_grades
    from normspec.grades.ratchet import recorded
    from normspec.runs.request import request
    from normspec.spec.environment import PollutedEnvironmentError
    from normspec.terminal.grades import print_table
    from normspec.terminal.progress import watching

    with as_wrong_call(ValueError):
        _check_writable(json_file, ratchet)
        this = request(targets, **asked)
        record = recorded(ratchet, this) if ratchet else None
    with as_wrong_call(PollutedEnvironmentError), watching(this) as watch:
        table = run_grades(this, watch)
    if json_file:
        _write(json_file, table)
    print_table(table, everything=everything, at_length=at_length)
    return _held(table, ratchet, record, this) if ratchet else table.exit_code


def _held(table: "Table", path: Path, record: "Table | None", asked: "Request") -> int:
    """Record a table, or hold it against the one on record; return the exit code."""
    from normspec.grades.ratchet import unrecorded, worse
    from normspec.reports.report import CONFORMS, NONCONFORMING, finished
    from normspec.terminal.grades import print_ratchet

    if not finished(table.exit_code):
        return table.exit_code
    if record is None:
        _write(path, table)
        print_ratchet(path.name, None, 0)
        return CONFORMS
    lines = worse(record, table, asked)
    print_ratchet(path.name, lines, unrecorded(record, table))
    return NONCONFORMING if lines else CONFORMS


def _check_writable(*paths: Path | None) -> None:
    from normspec.files import check_writable

    for path in paths:
        if path is not None:
            check_writable(path)


def _write(path: Path, table: "Table") -> None:
    from normspec.files import write_whole
    from normspec.grades.as_json import table_text

    write_whole(path, table_text(table))
