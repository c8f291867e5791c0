"""The page that a run ends with: tables, known failures, failures, and one last line that says what was executed."""

from collections import Counter
from collections.abc import Iterator

import click
from rich.text import Text

from normspec.reports.report import Report, Summary
from normspec.terminal.failures import print_failures, print_known
from normspec.terminal.layout import print_rich, wrapped
from normspec.terminal.overview import print_overview
from normspec.terminal.table import Sheet, sheets
from normspec.terminal.undecided import print_undecided
from normspec.terminal.words import took

MOST_TABLES = 2
"""How many tables of laws and dtypes are read with ease; beyond them each has one line, and what is not kept a word."""

VERDICTS = {0: "CONFORMS", 1: "DOES NOT CONFORM", 3: "NOTHING EXECUTED", 130: "STOPPED"}


def print_report(report: Report, *, undecided: bool = False) -> None:
    """Print a report for people; with a table of what is undecided, where that is asked for."""
    found = tuple(sheets(report.results))
    if len(found) > MOST_TABLES:
        print_overview(report.results)
    else:
        for sheet in found:
            _print_sheet(sheet)
    print_known(report.results)
    print_failures(report.results)
    if undecided:
        print_undecided(report.results)
    if report.interrupted:
        click.echo("\nstopped before the end: this is what was found so far")
    click.echo("\n" + wrapped(last_line(report), "  ", ""))


def _print_sheet(sheet: Sheet) -> None:
    """Print a table, and below it what is not claimed."""
    print_rich(Text(sheet.title, style="bold"), *([sheet.table()] if sheet.laws else []))
    if sheet.silent:
        click.echo(wrapped(f"not claimed: {', '.join(sheet.silent)}", "  ", ""))


def last_line(report: Report) -> str:
    """Return the verdict on the run, with how many checks really executed, and of what kind."""
    parts = (_executed(report.summary), ", ".join(_results(report)), took(report.seconds, report.settings))
    return f"{VERDICTS[report.exit_code]}: {'; '.join(parts)}"


def _executed(summary: Summary) -> str:
    undecided = f", {summary.undecided} of them undecided (their bound demands nothing)" if summary.undecided else ""
    return f"{summary.executed} checks executed{undecided}"


def _results(report: Report) -> Iterator[str]:
    counts = Counter("known" if result.known else result.verdict for result in report.results)
    yield f"{counts.pop('conforms', 0)} of {len(report.results)} results conform"
    yield from (f"{count} {verdict}" for verdict, count in counts.items())
