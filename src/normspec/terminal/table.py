"""The table of verdicts: for each target and operation, a row for each law and a column for each dtype."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

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


@dataclass(frozen=True)
class Sheet:
    """The results of one target and operation, by law and dtype."""

    title: str
    results: tuple[Result, ...]

    @property
    def claimed(self) -> tuple[Result, ...]:
        """Return the results that say more than that nothing was claimed."""
        return tuple(result for result in self.results if result.verdict != "not claimed")

    @property
    def laws(self) -> tuple[str, ...]:
        """Return the laws of the table, in the specification's order."""
        names = {result.law for result in self.claimed}
        return tuple(law for law in (*LAWS, *sorted(names - set(LAWS))) if law in names)

    @property
    def dtypes(self) -> tuple[str, ...]:
        """Return the dtypes of the table."""
        return tuple(dtype for dtype in FORMATS if any(result.dtype == dtype for result in self.claimed))

    @property
    def silent(self) -> tuple[str, ...]:
        """Return the dtypes and laws of which nothing is claimed, and which are not in the table."""
        names = dict.fromkeys(result.dtype for result in self.results) | dict.fromkeys(r.law for r in self.results)
        return tuple(name for name in names if name not in self.laws and name not in self.dtypes)

    def table(self) -> Table:
        """Return the table."""
        by_place = {(result.law, result.dtype): result for result in self.results}
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column("law", overflow="fold")
        for dtype in self.dtypes:
            table.add_column(dtype, no_wrap=True)
        for law in self.laws:
            table.add_row(law, *(cell(by_place.get((law, dtype))) for dtype in self.dtypes))
        return table


def cell(result: Result | None) -> Text:
    """Return what the table says of one law and dtype; nothing where the law was not tried."""
    if result is None:
        return Text("")
    if result.known:
        return Text("known", style="yellow")
    return Text(WORDS.get(result.verdict, result.verdict), style=STYLES[result.verdict])


def sheets(results: Iterable[Result]) -> Iterator[Sheet]:
    """Return one sheet for each target and operation, in the order of the results."""
    for (target, operation), group in groupby(results, lambda result: (result.target, result.operation)):
        yield Sheet(f"{one_line(target)}: {operation}", tuple(group))
