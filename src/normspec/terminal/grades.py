"""The page of `normspec grade`: a table for each implementation and dtype, and the inputs behind it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

import click
from rich import box
from rich.table import Table as RichTable
from rich.text import Text

from normspec.clean import one_line
from normspec.grades.grading import Table
from normspec.properties.accuracy import Entry
from normspec.properties.measure import LINE, NUMBERS
from normspec.spec.contracts import WORKING
from normspec.spec.formats import FORMATS
from normspec.spec.grades import ORDER
from normspec.terminal.layout import console, wrapped
from normspec.terminal.words import case_in_words, took

HEADS = {"ulps": "ulp", "of_bound": "err/T", "mean_error": "mean, uA", "rstd_error": "rstd, u"}
SMALLEST = 1e-9  # less is noise of the measurement
SHOWN = {("train", "y"), ("train", "dx")}
VERDICTS = {0: "KEEPS ITS GRADE", 1: "BELOW ITS GRADE", 3: "NOTHING GRADED", 130: "STOPPED"}


@dataclass(frozen=True)
class Line:
    """Entries of one output that read alike: their layouts stand together."""

    entries: tuple[Entry, ...]

    @property
    def first(self) -> Entry:
        """Return the entry that stands for the others."""
        return self.entries[0]

    @property
    def layouts(self) -> str:
        """Return the layouts in words."""
        return one_line(", ".join(entry.place.layout for entry in self.entries))


def print_table(table: Table, *, everything: bool, at_length: bool) -> None:
    """Print a table for people: y and dx in training, or everything; at length with the inputs that attain it."""
    shown = [entry for entry in table.entries if everything or (entry.place.mode, entry.place.output) in SHOWN]
    for (target, operation, dtype), group in groupby(shown, _sheet_of):
        entries = list(group)
        lines = list(_lines(entries))
        unit = FORMATS[WORKING[dtype]].precision
        title = f"{one_line(target)}: {operation} in {dtype}, declared {entries[0].declared}, u = 2^-{unit}"
        _print_sheet(title, lines)
        for note in _notes(entries):
            click.echo(wrapped(note, "  ", ""))
        if at_length:
            for line in lines:
                click.echo("\n" + "\n".join(_at_length(line)))
    if shown:
        _print_legend()
    if table.interrupted:
        click.echo("\nstopped before the end: what was not finished is not in the table")
    click.echo("\n" + wrapped(last_line(table), "  ", ""))


def print_ratchet(name: str, lines: tuple[str, ...] | None, new: int) -> None:
    """Print what came of holding a table against the one on record; None where it was recorded just now."""
    if lines is None:
        click.echo(wrapped(f"recorded in {one_line(name)}", "  ", ""))
        return
    for line in lines:
        click.echo(wrapped(f"worse: {line}", "  ", ""))
    besides = f"; {new} entries are not on record" if new else ""
    verdict = f"WORSE: {len(lines)} changes for the worse against" if lines else "NO WORSE than"
    click.echo(wrapped(f"{verdict} {one_line(name)}{besides}", "  ", ""))


def _sheet_of(entry: Entry) -> tuple[str, str, str]:
    return entry.place.target, entry.place.operation, entry.place.dtype


def _lines(entries: Iterable[Entry]) -> Iterator[Line]:
    alike: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        alike.setdefault((_output(entry), *_cells(entry)), []).append(entry)
    return (Line(tuple(group)) for group in alike.values())


def _output(entry: Entry) -> str:
    return entry.place.output + (", infer" if entry.place.mode == "infer" else "")


def _cells(entry: Entry) -> tuple[str, ...]:
    grade = f"{entry.grade} < {entry.declared}" if entry.drops else entry.grade
    return (grade, *(_number(entry.numbers[name].value) if name in entry.numbers else "" for name in NUMBERS))


def _number(value: float) -> str:
    return f"{value:.3g}" if value == 0 or value >= SMALLEST else f"< {SMALLEST:.0e}"


def _print_sheet(title: str, lines: list[Line]) -> None:
    table = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("output", no_wrap=True)
    table.add_column("layout")
    table.add_column("grade", no_wrap=True)
    for name in NUMBERS:
        table.add_column(HEADS[name], no_wrap=True, justify="right")
    for line in lines:
        grade, *numbers = _cells(line.first)
        style = "bold red" if line.first.drops else "green" if line.first.grade in ORDER else "yellow"
        table.add_row(_output(line.first), line.layouts, Text(grade, style=style), *numbers)
    screen = console()
    with screen.capture() as printed:
        screen.print(Text(title, style="bold"))
        screen.print(table)
    click.echo("\n" + "\n".join(row.rstrip() for row in printed.get().splitlines()), color=True)


def _notes(entries: list[Entry]) -> Iterator[str]:
    """Return what a table leaves out: cases without a grade."""
    undecided, graded = (max(getattr(entry, name) for entry in entries) for name in ("undecided", "cases"))
    besides = f", up to {undecided} of them undecided or outside the safe domain" if undecided else ""
    yield f"on up to {graded} cases each{besides}"
    unanswered = max(entry.unanswered for entry in entries)
    if unanswered:
        yield f"up to {unanswered} cases more were not answered: 'normspec check' says why"


def _at_length(line: Line) -> Iterator[str]:
    """Tell the input that attains the grade, and those that attain the numbers; each once, with all that it attains."""
    entry = line.first
    yield wrapped(f"{_output(entry)} ({line.layouts})", "  ", "")
    attained = [(f"grade {entry.grade}", entry.case)]
    for name, number in entry.numbers.items():
        attained.append(
            (f"{HEADS[name]} {_number(number.value)} (proved for {LINE} here: {number.proved:.3g})", number.case)
        )
    for case in {id(case): case for _, case in attained}.values():
        if case is not None:
            yield wrapped("; ".join(what for what, of in attained if of is case), "    ", "  ")
            yield from (wrapped(words, "        ", "      ") for words in case_in_words(case))


def _print_legend() -> None:
    told = f"--long tells the bound that is proved for a layer of grade {LINE} on the same input."
    click.echo("\n" + wrapped(f"The numbers are the largest known, found by search; {told}", ""))
    for name, meaning in NUMBERS.items():
        click.echo(wrapped(meaning, " " * 12, f"  {HEADS[name].ljust(10)}"))


def last_line(table: Table) -> str:
    """Return how many entries there are, and how many of them lie below the declared grade."""
    dropped = f"{len(table.dropped)} of {len(table.entries)} grades are below the declared ones"
    return f"{VERDICTS[table.exit_code]}: {dropped}; {took(table.seconds, table.settings)}"
