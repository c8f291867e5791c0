"""The page that a run ends with: tables, known failures, failures, and one last line that says what was executed."""

from collections import Counter
from collections.abc import Iterator

import click
from rich.table import Table

from normspec.report import Report, Summary
from normspec.terminal.failures import print_failures, print_known
from normspec.terminal.layout import console, wrapped
from normspec.terminal.table import tables

VERDICTS = {0: "CONFORMS", 1: "DOES NOT CONFORM", 3: "NOTHING EXECUTED", 130: "STOPPED"}


def print_report(report: Report) -> None:
    """Print a report for people."""
    for table, silent in tables(report.results):
        _print_table(table)
        if silent:
            click.echo(wrapped(f"not claimed: {', '.join(silent)}", "  ", ""))
    print_known(report.results)
    print_failures(report.results)
    if report.interrupted:
        click.echo("\nstopped before the end: this is what was found so far")
    click.echo("\n" + wrapped(last_line(report), "  ", ""))


def _print_table(table: Table) -> None:
    """Print a table without the spaces that fill its lines up."""
    screen = console()
    with screen.capture() as printed:
        screen.print(table)
    click.echo("\n" + "\n".join(line.rstrip() for line in printed.get().splitlines()), color=True)


def last_line(report: Report) -> str:
    """Return the verdict on the run, with how many checks really executed, and of what kind."""
    seed = f", seed {report.settings['seed']}" if "seed" in report.settings else ""
    parts = (_executed(report.summary), ", ".join(_results(report)), f"{report.seconds:.0f} s{seed}")
    return f"{VERDICTS[report.exit_code]}: {'; '.join(parts)}"


def _executed(summary: Summary) -> str:
    undecided = f", {summary.undecided} of them undecided (their bound demands nothing)" if summary.undecided else ""
    return f"{summary.executed} checks executed{undecided}"


def _results(report: Report) -> Iterator[str]:
    counts = Counter("known" if result.known else result.verdict for result in report.results)
    yield f"{counts.pop('conforms', 0)} of {len(report.results)} results conform"
    yield from (f"{count} {verdict}" for verdict, count in counts.items())
