"""What has been seen of one law, and what that amounts to."""

from dataclasses import dataclass, field, replace
from zlib import crc32

from hypothesis.strategies import SearchStrategy

from normspec.properties.cases import Stream
from normspec.properties.cases.shapes import Extent
from normspec.properties.known import KnownFailure
from normspec.properties.law import Law
from normspec.properties.search import complexity
from normspec.properties.verdict import (
    FAILING,
    Broken,
    Counterexample,
    Inapplicable,
    Judgement,
    Kept,
    Known,
    Result,
    Undecided,
    Verdict,
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
    def turn(self) -> int:
        """Return where to begin counting cases, so that the first ones of the batches fall to different shards."""
        return crc32(" ".join((self.stream.name, *self.extent.regimes)).encode())

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

    @property
    def gravity(self) -> int:
        """Return how grave the failure is, whatever the order in which failures are found."""
        return FAILING.index(self.broken.verdict)

    def suits(self, law: Law) -> bool:
        """Return whether the case is of a kind that the law is tried on."""
        return self.drawn is not None and self.drawn.stream.name in law.streams


@dataclass
class Tally:
    """What has been seen of one law for one implementation and dtype.

    new is the first of the gravest failures that are not on record, least the one with the simplest case. known are the
    entries of the record that were seen to fail, mended those whose own case does not fail any more.
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
        if self.new is None or self.least is None or failure.gravity > self.new.gravity:
            self.new = self.least = failure
        elif failure.gravity == self.new.gravity and complexity(failure.case) < complexity(self.least.case):
            self.least = failure

    def count(self, judgement: Judgement) -> None:
        """Count a judgement; one that does not apply is no example."""
        self.examples += not isinstance(judgement, Inapplicable)
        self.undecided += isinstance(judgement, Undecided)
        if isinstance(judgement, Kept):
            self.worst_ratio = max(self.worst_ratio, judgement.ratio)


def of_counts(examples: int, undecided: int) -> Verdict:
    """Return the verdict where nothing failed: something must have been judged that could have."""
    return "conforms" if examples > undecided else "undecided"


def conclude(tally: Tally, target: str, operation: str, dtype: str, counterexample: Counterexample | None) -> Result:
    """Return the result of a law. counterexample is the smallest new failure, where there is one."""
    result = Result(
        target=target,
        operation=operation,
        law=tally.law.name,
        dtype=dtype,
        verdict=of_counts(tally.examples, tally.undecided),
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
        found = Counterexample(entry.case, message)
        return replace(result, verdict="nonconforming", message=message, counterexample=found, stale=True)
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
