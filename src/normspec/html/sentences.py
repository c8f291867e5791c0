"""What a page says first: the verdict in one sentence, and the counts of what ran."""

from collections.abc import Sequence
from dataclasses import dataclass

from normspec.reports.report import Report

MOST_NAMED = 3


def names(every: Sequence[str], what: str) -> str:
    """Return a few names in words, or how many there are."""
    some = list(dict.fromkeys(every))
    if len(some) > MOST_NAMED:
        return f"{len(some)} {what}"
    return " and ".join(filter(None, (", ".join(some[:-1]), *some[-1:])))


def verdict(report: Report) -> str:
    """Return the verdict on a run in one sentence."""
    claimed = [result for result in report.results if result.verdict != "not claimed"]
    who = names([result.target for result in claimed], "implementations")
    broken = {result.law for result in report.failures}
    if report.interrupted:
        return f"The run was stopped before its end; {len(broken)} broken laws were found until then."
    if report.exit_code == 3:
        return "Nothing was executed that could have failed."
    several = len({result.target for result in claimed}) > 1
    if broken:
        failing = {result.target for result in report.failures}
        guilty = names([result.target for result in report.failures], "implementations")
        laws = "1 law is broken" if len(broken) == 1 else f"{len(broken)} laws are broken"
        return f"{guilty} {'do' if len(failing) > 1 else 'does'} not conform: {laws}."
    apart = f", apart from {report.summary.known} results whose failure is on record" if report.summary.known else ""
    return f"{who} conform{'' if several else 's'}{apart}."


@dataclass(frozen=True)
class Count:
    """One count of the first screen."""

    number: int
    of: int | None
    words: str
    class_: str = ""


def counts(report: Report) -> list[Count]:
    """Return what ran and what came of it."""
    summary = report.summary
    kinds = summary.verdicts
    claimed = len(report.results) - kinds.get("not claimed", 0)
    found = [
        Count(summary.executed, None, "checks executed"),
        Count(kinds.get("conforms", 0), claimed, "results conform"),
        Count(summary.failed, None, "results do not conform", "broken" if summary.failed else ""),
        Count(summary.known, None, "known failures, on record", "known" if summary.known else ""),
        Count(summary.undecided, summary.executed, "checks undecided: their bound demands nothing"),
        Count(kinds.get("not claimed", 0), None, "results not claimed"),
    ]
    return [count for count in found if count.number or count.class_ or count.words != "results not claimed"]
