"""`normspec badge`: the verdict of a report as a small picture."""

from pathlib import Path

import click

from normspec.commands.errors import as_wrong_call

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("report", type=_FILE)
@click.option("--output", type=_FILE, metavar="FILE", help="Write it there instead of printing it.")
def command(report: Path, output: Path | None) -> int:
    """Draw the verdict of a report as an SVG badge.

    REPORT is what 'normspec check --json FILE' wrote. Green: all is kept; amber: known failures, or nothing was
    executed; red: something does not conform.
    """
    from normspec.files import check_writable, write_whole
    from normspec.reports.as_json import read_report
    from normspec.reports.badge import badge

    with as_wrong_call(ValueError):
        if output is not None:
            check_writable(output)
        drawn = badge(read_report(report))
    if output is None:
        click.echo(drawn, nl=False)
    else:
        write_whole(output, drawn)
    return 0
