"""`normspec check`: the main job."""

from pathlib import Path
from typing import Any

import click

from normspec.commands.errors import as_wrong_call
from normspec.commands.processes import process_options

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option("--operation", "operations", multiple=True, metavar="NAME", help="Only this operation; may be repeated.")
@click.option("--law", "laws", multiple=True, metavar="NAME", help="Only this law; may be repeated.")
@click.option("--dtype", "dtypes", multiple=True, metavar="NAME", help="Only this dtype; may be repeated.")
@click.option(
    "--max-examples",
    metavar="N",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="How many cases each law is tried on, for each dtype.",
)
@click.option("--seed", metavar="N", type=click.IntRange(min=0), default=0, show_default=True, help="Of the search.")
@click.option("--known-failures", type=_FILE, metavar="FILE", help="Failures on record: shown, but not counted.")
@click.option("--json", "json_file", type=_FILE, metavar="FILE", help="Write the report as JSON.")
@click.option("--junit", "junit_file", type=_FILE, metavar="FILE", help="Write the report as JUnit XML.")
@process_options
def command(targets: tuple[str, ...], json_file: Path | None, junit_file: Path | None, **asked: Any) -> int:
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
    from normspec.request import request
    from normspec.run import run
    from normspec.spec.environment import PollutedEnvironmentError
    from normspec.terminal.page import print_report
    from normspec.terminal.progress import watching

    with as_wrong_call(ValueError):
        _check_writable(json_file, junit_file)
        this = request(targets, **asked)
    with as_wrong_call(PollutedEnvironmentError), watching(this) as watch:
        report = run(this, watch)
    _write(report, json_file, junit_file)
    print_report(report)
    return report.exit_code


def _check_writable(*paths: Path | None) -> None:
    from normspec.files import check_writable

    for path in paths:
        if path is not None:
            check_writable(path)


def _write(report: Any, json_file: Path | None, junit_file: Path | None) -> None:
    from normspec.files import write_whole

    if json_file is not None:
        from normspec.report_json import json_text

        write_whole(json_file, json_text(report))
    if junit_file is not None:
        from normspec.report_junit import junit_text

        write_whole(junit_file, junit_text(report))
