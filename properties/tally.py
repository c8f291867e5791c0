"""What has been seen of one law, and what that amounts to."""

from dataclasses import dataclass, field, replace

from hypothesis.strategies import SearchStrategy

from normspec.properties.cases import Stream
from normspec.properties.cases.shapes import Extent
from normspec.properties.known import KnownFailure
from normspec.properties.law import Law
from normspec.properties.search import complexity
from normspec.properties.verdict import (
    Broken,
    Counterexample,
    Inapplicable,
    Judgement,
    Kept,
    Known,
    Result,
    Undecided,
)
from normspec.spec.case import Case


@dataclass(frozen=True)
class Batch:
    """Cases drawn together: of which stream, for what extent, from which seed, and how many."""

    stream: Stream
    extent: Extent
    seed: int
    size: int

    @property
    def strategy(self) -> SearchStrategy[Case]:
        """Return the strategy that the cases are drawn from."""
        return self.stream.strategy(self.extent)


@dataclass(frozen=True, eq=False)
class Failure:
    """A case on which a law is broken, and where it was drawn; a pinned case was not drawn."""

    drawn: Batch | None
    case: Case
    broken: Broken

    def suits(self, law: Law) -> bool:
        """Return whether the case is of a kind that the law is tried on."""
        return self.drawn is not None and self.drawn.stream.name in law.streams


@dataclass
class Tally:
    """What has been seen of one law for one implementation and dtype.

    new is the first failure that is not on record, least the one with the simplest case. known are the entries of the
    record that were seen to fail, mended those whose own case does not fail any more.
    """

    law: Law
    examples: int = 0
    undecided: int = 0
    worst_ratio: float = 0.0
    new: Failure | None = None
    least: Failure | None = None
    known: list[KnownFailure] = field(default_factory=list)
    mended: list[KnownFailure] = field(default_factory=list)

    def fail(self, failure: Failure) -> None:
        """Take note of a failure that is not on record."""
        self.new = self.new or failure
        if self.least is None or complexity(failure.case) < complexity(self.least.case):
            self.least = failure

    def count(self, judgement: Judgement) -> None:
        """Count a judgement; one that does not apply is no example."""
        self.examples += not isinstance(judgement, Inapplicable)
        self.undecided += isinstance(judgement, Undecided)
        if isinstance(judgement, Kept):
            self.worst_ratio = max(self.worst_ratio, judgement.ratio)


def conclude(tally: Tally, target: str, operation: str, dtype: str, counterexample: Counterexample | None) -> Result:
    """Return the result of a law. counterexample is the smallest new failure, where there is one."""
    result = Result(
        target=target,
        operation=operation,
        law=tally.law.name,
        dtype=dtype,
        verdict="conforms" if tally.examples > tally.undecided else "undecided",
        examples=tally.examples,
        undecided=tally.undecided,
        worst_ratio=tally.worst_ratio,
    )
    if tally.new is not None and counterexample is not None:
        return replace(
            result, verdict=tally.new.broken.verdict, message=counterexample.message, counterexample=counterexample
        )
    if tally.mended:
        entry = tally.mended[0]
        message = f"stands in the file of known failures, but its case does not fail any more: {entry.reason}"
        return replace(
            result, verdict="nonconforming", message=message, counterexample=Counterexample(entry.case, message)
        )
    if tally.known:
        known = tuple(dict.fromkeys(Known(entry.reason, entry.link) for entry in tally.known))
        entry = tally.known[0]
        return replace(
            result,
            verdict="nonconforming",
            message=entry.reason,
            counterexample=Counterexample(entry.case, entry.reason),
            known=known,
        )
    return result
