"""What the suite concludes: one judgement of a case, one result of a law."""

from dataclasses import dataclass, field
from typing import Literal

from normspec.implementations.contract import Fact
from normspec.spec.case import Case

Verdict = Literal["conforms", "nonconforming", "refused", "crashed", "timed out", "not claimed", "undecided"]
PASSING: tuple[Verdict, ...] = ("conforms", "not claimed", "undecided")
FAILING: tuple[Verdict, ...] = ("nonconforming", "refused", "timed out", "crashed")  # the gravest last


@dataclass(frozen=True)
class Kept:
    """The law holds on this case. ratio is the largest error over its tolerance, where the law has one."""

    ratio: float = 0.0


@dataclass(frozen=True)
class Broken:
    """The law fails on this case: why, in words, with what was expected and what came.

    facts are single elements that show it, on the case `shown` where that is not the one judged but a variant of it.
    """

    message: str
    verdict: Verdict = "nonconforming"
    ratio: float = float("inf")
    facts: tuple[Fact, ...] = ()
    shown: Case | None = None


@dataclass(frozen=True)
class Undecided:
    """The bound demands nothing of this case, so that no outcome could break the law."""

    reason: str


@dataclass(frozen=True)
class Inapplicable:
    """The law says nothing about this case: it is not counted."""

    reason: str


Judgement = Kept | Broken | Undecided | Inapplicable


@dataclass(frozen=True, eq=False)
class Counterexample:
    """The smallest case found on which a law fails, the reason, and a program that shows it where there is one.

    facts are single elements of the case's outputs that show it.
    """

    case: Case
    message: str
    snippet: str = ""
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class Known:
    """A failure that is on record: which entry it matches, and why it is tolerated."""

    reason: str
    link: str

    @property
    def sentence(self) -> str:
        """Return the reason, with the link where there is one."""
        return f"{self.reason} ({self.link})" if self.link else self.reason


@dataclass(frozen=True)
class Result:
    """What one law concluded for one target and dtype.

    examples counts the cases that the law really judged; undecided those among them whose bound demanded nothing.
    known holds the entries of the record that account for the failure; stale says that the failure is an entry of the
    record that does not fail any more. diagnosis says in words what one known thing explains all failures in this
    dtype, where one does.
    """

    target: str
    operation: str
    law: str
    dtype: str
    verdict: Verdict
    examples: int
    undecided: int
    message: str = ""
    counterexample: Counterexample | None = None
    known: tuple[Known, ...] = ()
    worst_ratio: float = 0.0
    notes: tuple[str, ...] = field(default=())
    stale: bool = False
    diagnosis: str = ""

    @property
    def failed(self) -> bool:
        """Return whether this result is a failure that is not on record."""
        return self.verdict not in PASSING and not self.known
