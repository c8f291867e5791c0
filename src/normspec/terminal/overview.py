"""One line an implementation and operation, where there are too many for a table each."""

from collections.abc import Iterator, Sequence

import click
from rich import box
from rich.table import Table
from rich.text import Text

from normspec.clean import one_line
from normspec.properties.verdict import Result
from normspec.reports.groups import Group, by
from normspec.reports.overview import Overview, overview
from normspec.terminal.layout import print_rich, wrapped

STYLES = {"kept": "green", "broken": "bold red", "known": "yellow", "undecided": "yellow", "silent": "dim"}
"""By the class of a mark."""


def print_overview(results: Sequence[Result]) -> None:
    """Print how many laws, in all dtypes, came out how; and which are undecided, for no failure tells of them."""
    print_rich(_table(overview(results)))
    for line in _undecided(results):
        click.echo(wrapped(line, "  ", ""))


def _table(found: Overview) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("implementation", overflow="fold")
    table.add_column("operation", overflow="fold")
    for kind in found.kinds:
        table.add_column(kind.word, justify="right")
    for each in found.tallies:
        counts = zip(found.kinds, each.counts, strict=True)
        cells = (Text(str(count) if count else "", style=STYLES[kind.class_]) for kind, count in counts)
        table.add_row(Text(one_line(each.target)), Text(one_line(each.operation)), *cells)
    return table


def _undecided(results: Sequence[Result]) -> Iterator[str]:
    open_ = [result for result in results if result.verdict == "undecided"]
    for part in by(lambda result: (result.target, result.operation), open_):
        laws = (f"{group.first.law} ({group.dtypes})" for group in map(Group, by(lambda result: result.law, part)))
        yield one_line(f"undecided: {part[0].target}, {part[0].operation}: {', '.join(laws)}", 4000)
