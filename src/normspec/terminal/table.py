"""The table of verdicts: for each target and operation, a row for each law and a column for each dtype."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from normspec.clean import one_line
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result, Verdict
from normspec.spec.formats import FORMATS

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


def tables(results: Iterable[Result]) -> Iterator[tuple[Table, tuple[str, ...]]]:
    """Return for each target and operation a table, and the laws that are not claimed in any dtype and not in it."""
    for (target, operation), group in groupby(results, lambda result: (result.target, result.operation)):
        rows = _rows(group)
        silent = tuple(law for law, row in rows.items() if {each.verdict for each in row.values()} == {"not claimed"})
        shown = {law: row for law, row in rows.items() if law not in silent}
        yield _table(f"{one_line(target)}: {operation}", shown), silent


def _rows(results: Iterable[Result]) -> Mapping[str, Mapping[str, Result]]:
    """Return the results by law, in the specification's order, and by dtype."""
    rows: dict[str, dict[str, Result]] = {}
    for result in results:
        rows.setdefault(result.law, {})[result.dtype] = result
    order = tuple(LAWS)
    return dict(sorted(rows.items(), key=lambda row: order.index(row[0]) if row[0] in LAWS else len(order)))


def _table(title: str, rows: Mapping[str, Mapping[str, Result]]) -> Table:
    look: Mapping[str, Any] = {"box": box.SIMPLE_HEAD, "show_edge": False, "pad_edge": False, "padding": (0, 2, 0, 0)}
    table = Table(title=Text(title, style="bold"), title_justify="left", **look)
    table.add_column("law", overflow="fold")
    dtypes = tuple(dtype for dtype in FORMATS if any(dtype in row for row in rows.values()))
    for dtype in dtypes:
        table.add_column(dtype, no_wrap=True)
    for law, row in rows.items():
        table.add_row(law, *(cell(row.get(dtype)) for dtype in dtypes))
    return table
