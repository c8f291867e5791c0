"""`normspec compare`: reports side by side."""

from pathlib import Path

import click

from normspec.commands.errors import as_wrong_call

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("reports", nargs=-1, required=True, type=_FILE, metavar="REPORT REPORT...")
@click.option("--html", "page", type=_FILE, metavar="FILE", help="Write the comparison as a page, with the plots.")
def command(reports: tuple[Path, ...], page: Path | None) -> int:
    """Tell in what reports differ.

    A REPORT is what 'normspec check --json FILE' wrote. Where they are about the same implementations, the reports are
    compared, say of yesterday and of today; otherwise the implementations are.

    Exit code 0: the verdicts are the same; 1: some differ; 2: a file is no report.
    """
    from normspec.files import check_writable, write_whole
    from normspec.reports.as_json import read_report
    from normspec.reports.comparing import comparison
    from normspec.terminal.comparison import print_comparison

    with as_wrong_call(ValueError):
        if len(reports) < 2:
            raise ValueError(f"reports={str(reports[0])!r}: give two or more")
        if page is not None:
            check_writable(page)
        found = comparison([(name, read_report(path)) for name, path in zip(_names(reports), reports, strict=True)])
    if page is not None:
        from normspec.html.page import comparison_page

        write_whole(page, comparison_page(found))
    print_comparison(found)
    return int(bool(found.rows))


def _names(paths: tuple[Path, ...]) -> tuple[str, ...]:
    """Return short names of files: what they are called, or where they are if that is the same."""
    stems = tuple(path.stem for path in paths)
    return stems if len(set(stems)) == len(stems) else tuple(map(str, paths))
