"""What a law is: one requirement of the specification as one small function."""

from collections.abc import Callable
from dataclasses import dataclass

from normspec.properties.trial import Trial
from normspec.properties.verdict import Judgement
from normspec.spec.operations import OPERATIONS
from normspec.spec.requirements import REQUIREMENTS, Requirement


@dataclass(frozen=True)
class Law:
    """One rule. It judges the requirement of its own name, unless it names another one.

    needs names what an implementation must claim to be asked: verbs, gradients, parameters, state. streams names the
    kinds of cases that the law is tried on. judges_silence says that it also judges cases that were not answered with
    results. asks_again says that it puts variants of the case to the implementation, which costs several times as much.
    """

    name: str
    judge: Callable[[Trial], Judgement]
    needs: tuple[str, ...] = ()
    streams: tuple[str, ...] = ("small", "large")
    judges_silence: bool = False
    asks_again: bool = False
    of: str = ""

    @property
    def requirement(self) -> Requirement:
        """Return what the law judges."""
        return REQUIREMENTS[self.of or self.name]

    @property
    def statement(self) -> str:
        """Return the requirement in words and symbols."""
        return self.requirement.statement

    @property
    def claim(self) -> str:
        """Return the claim of the derivations that proves the law; empty for a rule of conduct."""
        return self.requirement.claim

    @property
    def operations(self) -> tuple[str, ...]:
        """Return the operations that the law is about: those that have the requirement."""
        return tuple(name for name, operation in OPERATIONS.items() if self.requirement.name in operation.requirements)
