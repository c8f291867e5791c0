"""The table of verdicts: for each target and operation, a row for each law and a column for each dtype."""

from collections.abc import Iterable, Mapping
from itertools import groupby

from rich import box
from rich.table import Table
from rich.text import Text

from normspec.clean import one_line
from normspec.properties.verdict import Result, Verdict

STYLES: Mapping[Verdict, str] = {
    "conforms": "green",
    "nonconforming": "bold red",
    "refused": "bold red",
    "crashed": "bold red",
    "timed out": "bold red",
    "not claimed": "dim",
    "undecided": "yellow",
}
WORDS: Mapping[Verdict, str] = {"nonconforming": "BROKEN"}  # four columns of the long word leave no room for the law


def cell(result: Result | None) -> Text:
    """Return what the table says of one law and dtype; nothing where the law was not tried."""
    if result is None:
        return Text("")
    if result.known is not None:
        return Text("known", style="yellow")
    return Text(WORDS.get(result.verdict, result.verdict), style=STYLES[result.verdict])


def tables(results: Iterable[Result]) -> Iterable[Table]:
    """Return one table for each target and operation, in the order of the results."""
    for (target, operation), group in groupby(results, lambda result: (result.target, result.operation)):
        yield _table(f"{one_line(target)}: {operation}", tuple(group))


def _table(title: str, results: tuple[Result, ...]) -> Table:
    dtypes = tuple(dict.fromkeys(result.dtype for result in results))
    by_place = {(result.law, result.dtype): result for result in results}
    table = Table(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), title=Text(title, style="bold")
    )
    table.title_justify = "left"
    table.add_column("law", overflow="fold")
    for dtype in dtypes:
        table.add_column(dtype, no_wrap=True)
    for law in dict.fromkeys(result.law for result in results):
        table.add_row(law, *(cell(by_place.get((law, dtype))) for dtype in dtypes))
    return table
