"""A report: what a run asked, and what it found."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from normspec.clean import one_line
from normspec.properties.observations import Observations
from normspec.properties.verdict import Result

CONFORMS, NONCONFORMING, WRONG_CALL, NOTHING_EXECUTED, INTERRUPTED = 0, 1, 2, 3, 130


def exit_code_of(*, interrupted: bool, failed: bool, decided: bool) -> int:
    """Return the exit code of a run: 130 where it was stopped, whatever it found, and 3 where nothing could fail."""
    if interrupted:
        return INTERRUPTED
    if failed:
        return NONCONFORMING
    return CONFORMS if decided else NOTHING_EXECUTED


def finished(code: int) -> bool:
    """Return whether a run with this exit code came to its end and found something that can be recorded."""
    return code in (CONFORMS, NONCONFORMING)


class NonConformanceError(AssertionError):
    """An implementation broke a law that it is not on record for."""


@dataclass(frozen=True)
class Summary:
    """What a run counted.

    executed counts the cases that a law judged; undecided those among them whose bound demanded nothing. verdicts
    counts the results by verdict; known those whose failure is on record; failed those whose failure is not.
    """

    executed: int
    undecided: int
    verdicts: Mapping[str, int]
    known: int
    failed: int


@dataclass(frozen=True)
class Report:
    """What a run asked and found.

    asked maps the name of each implementation to the target that it was asked for by; settings and versions are plain
    data; seconds is how long the run took; interrupted says that it was stopped before its end. observations hold
    what was seen of accuracy, each of one implementation, operation and dtype.
    """

    results: tuple[Result, ...]
    asked: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    interrupted: bool = False
    observations: tuple[Observations, ...] = ()

    @property
    def summary(self) -> Summary:
        """Return what the run counted."""
        return Summary(
            executed=sum(result.examples for result in self.results),
            undecided=sum(result.undecided for result in self.results),
            verdicts=MappingProxyType(dict(Counter(result.verdict for result in self.results))),
            known=sum(bool(result.known) for result in self.results),
            failed=len(self.failures),
        )

    @property
    def failures(self) -> tuple[Result, ...]:
        """Return the results that fail and are not on record."""
        return tuple(result for result in self.results if result.failed)

    @property
    def exit_code(self) -> int:
        """Return 0 when all that ran conforms, 1 when something does not, 3 when nothing ran that could have failed."""
        decided = self.summary.executed > self.summary.undecided
        return exit_code_of(interrupted=self.interrupted, failed=bool(self.failures), decided=decided)

    def raise_for_failures(self) -> None:
        """Raise NonConformanceError when the exit code is not 0, with one line for each failure."""
        if self.failures:
            lines = map(_line, self.failures)
            raise NonConformanceError(
                "\n".join((f"{len(self.failures)} of {len(self.results)} results do not conform", *lines))
            )
        if self.exit_code != CONFORMS:
            raise NonConformanceError("nothing was executed: no law applied to what the implementation claims")


def _line(result: Result) -> str:
    place = f"{result.target} {result.operation} {result.law} {result.dtype}"
    return one_line(f"{place}: {result.verdict}: {result.message}")
