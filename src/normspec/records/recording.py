"""The record of what fails now, made from a run: entries that still hold stay as they are, new ones are added."""

from dataclasses import dataclass

from normspec.implementations.contract import Implementation
from normspec.properties.judge import judge
from normspec.properties.known import KnownFailure
from normspec.properties.laws import LAWS
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Result
from normspec.reports.report import Report
from normspec.runs.request import Request


@dataclass(frozen=True)
class Recording:
    """The entries of the new record, how many of each kind there are, and the failures that have no case to record."""

    entries: tuple[KnownFailure, ...]
    kept: int
    added: int
    dropped: int
    unrecorded: tuple[Result, ...]


def record(report: Report, asked: Request) -> Recording:
    """Return the record after a run: what it was asked with, less what does not fail any more, and the new failures.

    Entries that the run did not come to are kept.
    """
    made_by = {(found.name, found.operation): found for _, found in asked.implementations}
    places = {_place(result) for result in report.results}
    kept = [each for each in asked.known if _place(each) not in places or _still_fails(each, made_by)]
    new = [result for result in report.failures if not result.stale]
    added = [_entry(result) for result in new if result.counterexample is not None]
    return Recording(
        entries=(*kept, *added),
        kept=len(kept),
        added=len(added),
        dropped=len(asked.known) - len(kept),
        unrecorded=tuple(result for result in new if result.counterexample is None),
    )


def _place(one: KnownFailure | Result) -> tuple[str, str, str, str]:
    return one.target, one.operation, one.law, one.dtype


def _still_fails(entry: KnownFailure, made_by: dict[tuple[str, str], Implementation]) -> bool:
    implementation = made_by[entry.target, entry.operation]
    if entry.dtype not in implementation.claims.dtypes:
        return False
    return isinstance(judge(LAWS[entry.law], Trial(implementation, entry.case)), Broken)


def _entry(result: Result) -> KnownFailure:
    """Return the entry for a new failure: on every case of its law and dtype, for the reason that was found."""
    if result.counterexample is None:
        raise ValueError(f"{result.law} of {result.target} failed without a case: there is nothing to record")
    return KnownFailure(
        *_place(result), reason=result.message or result.verdict, link="", case=result.counterexample.case
    )
