"""Counterexamples run again: the same law, on the same case, with the target as it is now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from normspec.close_names import choose
from normspec.implementations.contract import Implementation
from normspec.properties.judge import judge
from normspec.properties.laws import LAWS
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Inapplicable, Judgement, Kept, Result, Undecided
from normspec.reports.report import Report
from normspec.runs.request import named
from normspec.spec.case import Case

NOW: Mapping[type[Judgement], str] = {
    Broken: "still fails",
    Kept: "holds now",
    Undecided: "is undecided now",
    Inapplicable: "does not apply now",
}


@dataclass(frozen=True)
class Replayed:
    """A result of a report, and how its law judges its counterexample now."""

    result: Result
    judgement: Judgement

    @property
    def still_fails(self) -> bool:
        """Return whether the law is still broken."""
        return isinstance(self.judgement, Broken)

    @property
    def now(self) -> str:
        """Return how the law judges the case now, in words."""
        return NOW[type(self.judgement)]


def replay(report: Report) -> Iterator[Replayed]:
    """Judge every counterexample of a report again.

    Raises ValueError, with one line, when a law or a target no longer exists, before anything runs; or when a case
    cannot be judged.
    """
    failing = [(r, r.counterexample) for r in report.results if r.counterexample is not None]
    choose("law", (result.law for result, _ in failing), LAWS, "'normspec list laws' shows them all")
    find = cache(lambda target, operation: named(report.asked.get(target, target), operation, target))
    prepared = [(result, found, find(result.target, result.operation)) for result, found in failing]
    trials = dict[tuple[int, int], Trial]()  # laws that judge one case share what it gives

    def trial(implementation: Implementation, case: Case) -> Trial:
        return trials.setdefault((id(implementation), id(case)), Trial(implementation, case))

    return (_again(result, trial(implementation, found.case)) for result, found, implementation in prepared)


def _again(result: Result, trial: Trial) -> Replayed:
    """Judge one case again. A file can hold a case that is well formed and yet makes no sense for the law."""
    try:
        return Replayed(result, judge(LAWS[result.law], trial))
    except Exception as error:
        place = f"{result.target} {result.operation} {result.law} {result.dtype}"
        why = f"{type(error).__name__}: {error}"
        raise ValueError(f"the case of {place} cannot be judged ({why}): check the target again") from error
