"""The failures of a run, told once for each law: what it says, the smallest case, what came, the program to paste."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import click

from normspec.clean import cleaned, one_line
from normspec.properties.laws import LAWS
from normspec.properties.verdict import PASSING, Counterexample, Result
from normspec.terminal.layout import width, wrapped
from normspec.terminal.words import case_in_words, size


@dataclass(frozen=True)
class Group:
    """The failing results of one target, operation and law, on record or not."""

    results: tuple[Result, ...]

    @property
    def first(self) -> Result:
        """Return the result whose case is the smallest, or the first where none has a case."""
        return min(self.results, key=lambda result: _size(result.counterexample))

    @property
    def dtypes(self) -> str:
        """Return the dtypes in which the law fails."""
        return ", ".join(result.dtype for result in self.results)


def _size(found: Counterexample | None) -> float:
    return float("inf") if found is None else size(found.case)


def groups(results: Iterable[Result]) -> tuple[Group, ...]:
    """Return the failing results by target, operation, law and the reason on record, in the order they came."""
    found: dict[tuple[object, ...], list[Result]] = {}
    for result in results:
        if result.verdict not in PASSING or result.known is not None:
            found.setdefault((result.target, result.operation, result.law, result.known), []).append(result)
    return tuple(Group(tuple(members)) for members in found.values())


def print_failures(results: Iterable[Result]) -> None:
    """Print every group of failures that are not on record, in full."""
    for number, group in enumerate((g for g in groups(results) if g.first.known is None), 1):
        click.echo(cleaned("\n".join(_told(number, group)), longest=100_000))


def print_known(results: Iterable[Result]) -> None:
    """Print the failures that are on record, each with its reason."""
    recorded = [group for group in groups(results) if group.first.known is not None]
    if recorded:
        click.echo("\nKNOWN FAILURES, on record and not counted")
    for group in recorded:
        first = group.first
        reason = "" if first.known is None else f"{first.known.reason} ({first.known.link})"
        click.echo(wrapped(one_line(f"{first.target} {first.law} ({group.dtypes}): {reason}"), "    ", "  "))


def _told(number: int, group: Group) -> Iterator[str]:
    first = group.first
    head = f"FAILURE {number}: {one_line(first.target)} {first.operation}: {first.law}"
    yield f"\n{head}\n{'-' * min(len(head), width())}"
    if first.law in LAWS:
        yield _labelled("the law", LAWS[first.law].statement)
    yield _labelled("verdict", f"{first.verdict} in {group.dtypes}")
    found = first.counterexample
    yield _labelled("found", cleaned(found.message if found else first.message))
    for note in first.notes:
        yield _labelled("note", cleaned(note))
    if found is not None:
        yield _labelled("smallest", "\n".join(case_in_words(found.case)))
        yield from _program(found.snippet)


def _labelled(label: str, text: str) -> str:
    return wrapped(text, " " * 10, label.ljust(10))


def _program(snippet: str) -> Iterator[str]:
    """Return a program flush left, so that it can be pasted as it stands."""
    if snippet.strip():
        yield "see it without normspec:\n"
        yield cleaned(snippet.strip("\n"))
