"""Failures as the page tells them: the laws in words, what came and what must come, the smallest case, the program."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from normspec.implementations.contract import Fact
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Known, Result
from normspec.reports.comparing import Place, place_of
from normspec.reports.enclosure import enclosure
from normspec.reports.groups import Failure, Group, by
from normspec.terminal.words import case_in_words

ROOM = 250_000
"""Characters of cases and programs that one page holds; what comes after is left to the JSON report."""

LONGEST = 6_000
"""Characters of one case or program."""

SHORT = 1_000
"""Characters of a case that stands beside the smallest one."""


@dataclass(frozen=True)
class Law:
    """A law in words, with the claim that proves it."""

    name: str
    statement: str
    claim: str


def law_of(name: str) -> Law:
    """Return a law in words; one that this version does not know has its name alone."""
    return Law(name, LAWS[name].statement, LAWS[name].claim) if name in LAWS else Law(name, "", "")


@dataclass(frozen=True)
class Broken:
    """One law that a case breaks: for whom, why, and by how much; elsewhere is its own case, where that is another."""

    law: Law
    groups: tuple[Group, ...]
    elsewhere: str = ""

    @property
    def result(self) -> Result:
        """Return the result that is told."""
        return self.groups[0].first

    @property
    def message(self) -> str:
        """Return the reason."""
        found = self.result.counterexample
        return found.message if found else self.result.message

    @property
    def figures(self) -> list[tuple[str, str]]:
        """Return what came and what must come, by name."""
        found = self.result.counterexample
        return list(_figures(found.facts[0])) if found and found.facts else []


@dataclass(frozen=True)
class Story:
    """One failure: its place on the page, what is broken, the smallest case, the program; empty where left out."""

    number: int
    failure: Failure
    case: str
    program: str
    left_out: bool

    @property
    def anchor(self) -> str:
        """Return the name of the failure's place on the page."""
        return f"failure-{self.number}"

    @property
    def broken(self) -> list[Broken]:
        """Return the laws that are broken."""
        return [Broken(law_of(g[0].first.law), g, self._elsewhere(g[0])) for g in self.failure.by_law]

    def _elsewhere(self, group: Group) -> str:
        case = None if self.left_out else self.failure.elsewhere(group)
        return "" if case is None else "\n".join(case_in_words(case))[:SHORT]

    @property
    def operations(self) -> list[str]:
        """Return the operations that fail."""
        return list(dict.fromkeys(result.operation for result in self.failure.results))

    @property
    def targets(self) -> list[str]:
        """Return the implementations that fail."""
        return list(dict.fromkeys(result.target for result in self.failure.results))


def _figures(fact: Fact) -> Iterator[tuple[str, str]]:
    """Yield the figures of one element, each to as many digits as tell it from the others."""
    yield "element", f"{fact.output}, element {fact.index}, of step {fact.step}"
    if fact.observed is not None:
        yield "came", f"{fact.observed:.9g}"
    yield "must lie in", enclosure(fact)
    yield "exact", f"{fact.expected:.9g} ± {fact.tolerance:.2g} tolerance"
    if fact.observed is not None and fact.tolerance > 0 and isfinite(fact.observed):
        error = abs(fact.observed - fact.expected)
        yield "off by", f"{error:.3g}, {error / fact.tolerance:.3g} times the tolerance"


def stories(failures: Iterable[Failure]) -> list[Story]:
    """Return the failures as they are told; the first ones at length, as far as there is room."""
    told, left = [], ROOM
    for number, failure in enumerate(failures, 1):
        found = failure.smallest.counterexample
        case = "\n".join(case_in_words(found.case))[:LONGEST] if found else ""
        program = found.snippet.strip("\n")[:LONGEST] if found else ""
        fits = len(case) + len(program) <= left
        left -= len(case) + len(program) if fits else 0
        told.append(Story(number, failure, case if fits else "", program if fits else "", not fits))
    return told


@dataclass(frozen=True)
class Recorded:
    """Failures on record for one reason: what fails, by implementation."""

    number: int
    known: Known
    groups: tuple[Group, ...]

    @property
    def anchor(self) -> str:
        """Return the name of its place on the page."""
        return f"known-{self.number}"

    @property
    def title(self) -> str:
        """Return the first sentence of the reason."""
        return self.known.reason.partition(". ")[0]

    @property
    def rest(self) -> str:
        """Return what the reason says after its first sentence."""
        return self.known.reason.partition(". ")[2]

    @property
    def link(self) -> str:
        """Return the link, if it is one to a page."""
        return self.known.link if self.known.link.startswith(("https://", "http://")) else ""

    @property
    def laws(self) -> int:
        """Return how many laws fail."""
        return len({group.first.law for group in self.groups})

    @property
    def by_target(self) -> list[tuple[Group, ...]]:
        """Return the laws that fail, those of each implementation and operation together."""
        return by(lambda group: (group.first.target, group.first.operation), self.groups)


def anchors(told: Sequence[Story], recorded: Sequence[Recorded]) -> Mapping[Place, str]:
    """Return where on the page each failing result is told."""
    found = {place_of(result): each.anchor for each in recorded for group in each.groups for result in group.results}
    return found | {place_of(result): story.anchor for story in told for result in story.failure.results}
