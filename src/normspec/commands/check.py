"""`normspec check`: the main job."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from normspec.commands.errors import as_wrong_call
from normspec.commands.processes import process_options
from normspec.commands.written import Written, written_options

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
@written_options
@process_options
def command(targets: tuple[str, ...], files: Callable[[], Written], **asked: Any) -> int:
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
        written = files()
        this = request(targets, **asked)
    with as_wrong_call(PollutedEnvironmentError), watching(this) as watch:
        report = run(this, watch)
    written.write(report)
    print_report(report)
    return report.exit_code
