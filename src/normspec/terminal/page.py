"""The page that a run ends with: tables, known failures, failures, and one last line that says what was executed."""

from collections.abc import Iterator

import click

from normspec.report import Report
from normspec.terminal.failures import print_failures, print_known
from normspec.terminal.layout import console, wrapped
from normspec.terminal.table import tables

VERDICTS = {0: "CONFORMS", 1: "DOES NOT CONFORM", 3: "NOTHING EXECUTED", 130: "STOPPED"}


def print_report(report: Report) -> None:
    """Print a report for people."""
    screen = console()
    for table in tables(report.results):
        with screen.capture() as printed:
            screen.print(table)
        lines = (line.rstrip() for line in printed.get().splitlines())
        click.echo("\n" + "\n".join(lines), color=True)
    print_known(report.results)
    print_failures(report.results)
    if report.interrupted:
        click.echo("\nstopped before the end: this is what was found so far")
    click.echo("\n" + wrapped(last_line(report), "  ", ""))


def last_line(report: Report) -> str:
    """Return the verdict on the run, with how many checks really executed, and of what kind."""
    return f"{VERDICTS[report.exit_code]}: {', '.join(_counts(report))}; {report.seconds:.0f} s{_seed(report)}"


def _seed(report: Report) -> str:
    return f", seed {report.settings['seed']}" if "seed" in report.settings else ""


def _counts(report: Report) -> Iterator[str]:
    summary = report.summary
    yield f"{summary.executed} checks executed"
    if summary.undecided:
        yield f"{summary.undecided} of them undecided (their bound demands nothing)"
    for verdict, count in summary.verdicts.items():
        if verdict != "conforms":
            yield f"{count} {'result' if count == 1 else 'results'} {verdict}"
    yield f"{summary.verdicts.get('conforms', 0)} of {len(report.results)} results conform"
    if summary.known:
        yield f"{summary.known} on record as known"
