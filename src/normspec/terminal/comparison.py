"""The table of `normspec compare`: a row for each law in which reports differ, a column for each report."""

from itertools import groupby

import click
from rich import box
from rich.table import Table
from rich.text import Text

from normspec.clean import one_line
from normspec.reports.comparing import Comparison, Row
from normspec.reports.marks import SHORT
from normspec.terminal.layout import print_rich, wrapped
from normspec.terminal.table import cell


def print_comparison(found: Comparison) -> None:
    """Print in what reports differ."""
    for (target, operation), rows in groupby(found.rows, lambda row: (row.target, row.operation)):
        title = f"{one_line(target)}: {operation}" if target else operation
        print_rich(Text(one_line(title), style="bold"), _table(found, tuple(rows)))
    click.echo()
    for column in found.columns:
        click.echo(
            wrapped(one_line(f"{column.name}: {column.conforming} of {column.claimed} results conform"), "  ", "")
        )
    click.echo(wrapped(found.sentence, "  ", ""))


def _table(found: Comparison, rows: tuple[Row, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("law", no_wrap=True)
    table.add_column("dtype", overflow="fold")
    for column in found.columns:
        table.add_column(Text(one_line(column.name)), overflow="fold")
    for row in rows:
        cells = (cell(result) if result else Text("not asked", style="dim") for result in row.results)
        table.add_row(one_line(row.law), " ".join(SHORT[dtype] for dtype in row.dtypes), *cells)
    return table
