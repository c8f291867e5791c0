"""`normspec merge`: one report of the shards of a run."""

from pathlib import Path

import click

from normspec.commands.errors import as_wrong_call
from normspec.commands.written import Files, written_options

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("reports", nargs=-1, required=True, metavar="FILE...", type=_FILE)
@written_options
def command(reports: tuple[Path, ...], files: Files) -> int:
    """Make one report of the shards of a run: what 'normspec check --shard K/N --json FILE' wrote, for every K.

    It is the report that the whole run would have given. The exit codes are those of 'normspec check'.
    """
    from normspec.reports.as_json import read_report
    from normspec.reports.merge import merged
    from normspec.terminal.page import print_report

    with as_wrong_call(ValueError):
        written = files()
        report = merged({str(file): read_report(file) for file in reports})
    written.write(report)
    print_report(report)
    return report.exit_code
