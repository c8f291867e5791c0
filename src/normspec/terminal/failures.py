"""The failures of a run, told once for each smallest case: the laws that it breaks, what came, the program to paste."""

from collections.abc import Iterable, Iterator

import click

from normspec.clean import cleaned, one_line
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result
from normspec.reports.enclosure import enclosure
from normspec.reports.groups import Failure, Group, by, failures, known
from normspec.spec.case import Case
from normspec.terminal.layout import width, wrapped
from normspec.terminal.words import case_in_words


def print_failures(results: Iterable[Result]) -> None:
    """Print every failure that is not on record, in full."""
    for number, failure in enumerate(failures(results), 1):
        click.echo(cleaned("\n".join(_told(number, failure)), longest=100_000))


def print_known(results: Iterable[Result]) -> None:
    """Print the failures that are on record: each reason once, with the laws that fail for it."""
    recorded = known(results)
    if recorded:
        click.echo("\nKNOWN FAILURES, on record and not counted")
    for entry, groups in recorded:
        click.echo("\n" + wrapped(one_line(entry.sentence, 2000), "  ", "  "))
        for of_target in by(lambda group: group.first.target, groups):
            laws = (f"{group.first.law} ({group.dtypes})" for group in of_target)
            click.echo(wrapped(one_line(f"{of_target[0].first.target}: {', '.join(laws)}", 4000), "      ", "    "))


def _told(number: int, failure: Failure) -> Iterator[str]:
    head = f"FAILURE {number}: {one_line(failure.smallest.operation)}"
    yield f"\n{head}\n{'-' * min(len(head), width())}"
    yield from _story(failure)


def told(result: Result) -> str:
    """Return one failure as text: the law in words, what came, the smallest case, the program to paste."""
    return cleaned("\n".join(_story(Failure((Group((result,)),)))), longest=100_000)


def _story(failure: Failure) -> Iterator[str]:
    smallest = failure.smallest
    if failure.diagnosis:
        yield _labelled("diagnosis", cleaned(failure.diagnosis))
        yield ""
    for members in failure.by_law:
        yield from _law(members, failure.elsewhere(members[0]))
        yield ""
    if smallest.counterexample is not None:
        yield _labelled("smallest", "\n".join(case_in_words(smallest.counterexample.case)))
        yield from _program(smallest.counterexample.snippet)


def _law(groups: tuple[Group, ...], elsewhere: Case | None) -> Iterator[str]:
    """Tell a law that is broken, for whom, and on which case, where that is not the one told below."""
    first = groups[0].first
    yield _labelled("broken", first.law)
    if first.law in LAWS:
        yield _labelled("", LAWS[first.law].statement)
    for group in groups:
        yield _labelled("by", f"{one_line(group.first.target)} in {group.dtypes}: {group.first.verdict}")
    found = first.counterexample
    yield _labelled("found", cleaned(found.message if found else first.message))
    if found and found.facts:
        yield _labelled("must lie", f"in {enclosure(found.facts[0])}")
    if elsewhere is not None:
        yield _labelled("on", "\n".join(case_in_words(elsewhere)))
    for note in first.notes:
        yield _labelled("note", cleaned(note))


def _labelled(label: str, text: str) -> str:
    return wrapped(text, " " * 10, label.ljust(10))


def _program(snippet: str) -> Iterator[str]:
    """Return a program flush left, so that it can be pasted as it stands."""
    if snippet.strip():
        yield "\nsee it without normspec:\n"
        yield cleaned(snippet.strip("\n"))
