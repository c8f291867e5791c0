"""The failures of a run, told once for each smallest case: the laws that it breaks, what came, the program to paste."""

import json
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import click

from normspec.clean import cleaned, one_line
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result
from normspec.spec.plain import plain_case
from normspec.terminal.layout import width, wrapped
from normspec.terminal.words import case_in_words, size

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


def _size(result: Result) -> float:
    return float("inf") if result.counterexample is None else size(result.counterexample.case)


def _by(key: Callable[[Item], Hashable], items: Iterable[Item]) -> list[tuple[Item, ...]]:
    found: dict[Hashable, list[Item]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return list(map(tuple, found.values()))


def _case(group: Group) -> Hashable:
    found = group.first.counterexample
    return (group.first.target, group.first.law) if found is None else json.dumps(plain_case(found.case))


def failures(results: Iterable[Result]) -> list[tuple[Group, ...]]:
    """Return the failures that are not on record: the groups that one smallest case shows, together."""
    failing = (result for result in results if result.failed)
    return _by(_case, map(Group, _by(lambda result: (result.target, result.operation, result.law), failing)))


def print_failures(results: Iterable[Result]) -> None:
    """Print every failure that is not on record, in full."""
    for number, groups in enumerate(failures(results), 1):
        click.echo(cleaned("\n".join(_told(number, groups)), longest=100_000))


def print_known(results: Iterable[Result]) -> None:
    """Print the failures that are on record: each reason once, with the laws that fail for it."""
    recorded = [(known, result) for result in results for known in result.known]
    if recorded:
        click.echo("\nKNOWN FAILURES, on record and not counted")
    for pairs in _by(lambda pair: pair[0], recorded):
        click.echo("\n" + wrapped(one_line(pairs[0][0].sentence, 2000), "  ", "  "))
        for of_target in _by(lambda result: result.target, (result for _, result in pairs)):
            laws = (f"{group.first.law} ({group.dtypes})" for group in map(Group, _by(_law_of, of_target)))
            click.echo(wrapped(one_line(f"{of_target[0].target}: {', '.join(laws)}", 4000), "      ", "    "))


def _law_of(result: Result) -> str:
    return result.law


def _told(number: int, groups: tuple[Group, ...]) -> Iterator[str]:
    smallest = min((group.first for group in groups), key=_size)
    head = f"FAILURE {number}: {smallest.operation}"
    yield f"\n{head}\n{'-' * min(len(head), width())}"
    yield from _story(groups, smallest)


def told(result: Result) -> str:
    """Return one failure as text: the law in words, what came, the smallest case, the program to paste."""
    group = Group((result,))
    return cleaned("\n".join(_story((group,), result)), longest=100_000)


def _story(groups: tuple[Group, ...], smallest: Result) -> Iterator[str]:
    for members in _by(lambda group: group.first.law, groups):
        yield from _law(members)
        yield ""
    if smallest.counterexample is not None:
        yield _labelled("smallest", "\n".join(case_in_words(smallest.counterexample.case)))
        yield from _program(smallest.counterexample.snippet)


def _law(groups: tuple[Group, ...]) -> Iterator[str]:
    """Tell a law that the case breaks, and for whom."""
    first = groups[0].first
    yield _labelled("broken", first.law)
    if first.law in LAWS:
        yield _labelled("", LAWS[first.law].statement)
    for group in groups:
        yield _labelled("by", f"{one_line(group.first.target)} in {group.dtypes}: {group.first.verdict}")
    found = first.counterexample
    yield _labelled("found", cleaned(found.message if found else first.message))
    for note in first.notes:
        yield _labelled("note", cleaned(note))


def _labelled(label: str, text: str) -> str:
    return wrapped(text, " " * 10, label.ljust(10))


def _program(snippet: str) -> Iterator[str]:
    """Return a program flush left, so that it can be pasted as it stands."""
    if snippet.strip():
        yield "\nsee it without normspec:\n"
        yield cleaned(snippet.strip("\n"))
