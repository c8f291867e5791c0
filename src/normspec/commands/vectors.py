"""`normspec vectors`: cases with what must come, and the judgement of answers made elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from normspec.commands.amount import DTYPES, OPERATIONS, SEED, examples
from normspec.commands.errors import as_wrong_call
from normspec.commands.written import written_options

if TYPE_CHECKING:
    from normspec.commands.written import Files

_FOLDER = click.Path(path_type=Path)


@click.group(no_args_is_help=False)
def command() -> None:
    """Write cases with what must come, and judge answers made elsewhere.

    A case is a question of docs/protocol.md. A program that answers such questions over a pipe can be given the files
    as they are; what it writes is what 'normspec vectors check' reads.
    """


@command.command("export")
@click.argument("folder", type=_FOLDER, metavar="DIR")
@OPERATIONS
@DTYPES
@click.option(
    "--convention",
    "conventions",
    multiple=True,
    metavar="NAME=VALUE",
    help="Where the answers will follow another than the default; may be repeated.",
)
@examples(20, "How many cases are drawn of the main kind, besides those that are always tried.")
@SEED
def export_command(folder: Path, **asked: Any) -> int:
    """Write cases into a new folder DIR, a file for each operation and dtype.

    Each case has certified enclosures of what must come, and the tolerance around it.
    """
    from normspec.vectors.export import export, kit

    with as_wrong_call(ValueError):
        for name, count in export(kit(**asked), folder):
            click.echo(f"{name}: {count} cases")
    return 0


@command.command("check")
@click.argument("folder", type=_FOLDER, metavar="DIR")
@click.argument("results", type=_FOLDER, metavar="RESULTS")
@written_options
def check_command(folder: Path, results: Path, files: "Files") -> int:
    """Judge the answers in the file RESULTS to the cases in the folder DIR.

    RESULTS has an answer a line, as docs/protocol.md describes them. With the program's answer to hello among them,
    its claims count; without it, whatever dtype has an answer is taken as claimed. The exit codes are those of
    'normspec check'.
    """
    from normspec.spec.environment import PollutedEnvironmentError
    from normspec.terminal.page import print_report
    from normspec.vectors.judge import check_vectors

    with as_wrong_call(ValueError, PollutedEnvironmentError):
        written = files()
        report = check_vectors(folder, results)
    written.write(report)
    print_report(report)
    return report.exit_code
