"""The results of a run, grouped for people: failures by what is behind them, those on record by their reason."""

import json
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from normspec.properties.verdict import Known, Result
from normspec.spec.case import Case
from normspec.spec.plain import plain_case
from normspec.terminal.words import size

Item = TypeVar("Item")


@dataclass(frozen=True)
class Group:
    """The results of one target and law: the dtypes in which it fails in the same way."""

    results: tuple[Result, ...]

    @property
    def first(self) -> Result:
        """Return the result whose case is the smallest, or the first where none has a case."""
        return min(self.results, key=_size)

    @property
    def dtypes(self) -> str:
        """Return the dtypes in which the law fails."""
        return ", ".join(result.dtype for result in self.results)


@dataclass(frozen=True)
class Failure:
    """What one cause breaks: the laws with the targets and dtypes, and the smallest case that shows it."""

    groups: tuple[Group, ...]

    @property
    def smallest(self) -> Result:
        """Return the result with the smallest case."""
        return min((group.first for group in self.groups), key=_size)

    @property
    def results(self) -> tuple[Result, ...]:
        """Return every result that fails for this cause."""
        return tuple(result for group in self.groups for result in group.results)

    @property
    def diagnosis(self) -> str:
        """Return what explains all of it, in words, where one known thing does."""
        return self.smallest.diagnosis

    def elsewhere(self, group: Group) -> Case | None:
        """Return the case of a group, where it is not the smallest one of all."""
        own, smallest = group.first.counterexample, self.smallest.counterexample
        if own is None or smallest is None or _case_text(own.case) == _case_text(smallest.case):
            return None
        return own.case

    @property
    def by_law(self) -> list[tuple[Group, ...]]:
        """Return the groups of each law."""
        return by(lambda group: group.first.law, self.groups)


def by(key: Callable[[Item], Hashable], items: Iterable[Item]) -> list[tuple[Item, ...]]:
    """Return items with the same key together, in the order of the first of each."""
    found: dict[Hashable, list[Item]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return list(map(tuple, found.values()))


def failures(results: Iterable[Result]) -> list[Failure]:
    """Return the failures that are not on record, grouped by what is behind them."""
    failing = (result for result in results if result.failed)
    groups = map(Group, by(lambda result: (result.target, result.operation, result.law), failing))
    return list(map(Failure, by(_behind, groups)))


def known(results: Iterable[Result]) -> list[tuple[Known, tuple[Group, ...]]]:
    """Return the failures on record: each reason once, with what fails for it."""
    recorded = [(entry, result) for result in results for entry in result.known]
    return [
        (pairs[0][0], tuple(map(Group, by(lambda r: (r.target, r.operation, r.law), (r for _, r in pairs)))))
        for pairs in by(lambda pair: pair[0], recorded)
    ]


def _size(result: Result) -> float:
    return float("inf") if result.counterexample is None else size(result.counterexample.case)


def _behind(group: Group) -> Hashable:
    """Return what is behind a failure: the diagnosis, or else the smallest case, which several laws share."""
    found = group.first.counterexample
    if group.first.diagnosis:
        return group.first.operation, group.first.diagnosis
    return (group.first.target, group.first.law) if found is None else _case_text(found.case)


def _case_text(case: Case) -> str:
    return json.dumps(plain_case(case))
