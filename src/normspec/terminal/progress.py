"""The live bar of a run: what is being checked, how far it is, the time left. Plain lines where there is no terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from normspec.clean import one_line
from normspec.properties import check
from normspec.properties.verdict import Result
from normspec.request import Request
from normspec.run import Watch
from normspec.terminal.layout import console


@dataclass
class Share:
    """How much of a run is done, counted in results: one is due for each implementation, law and dtype.

    An implementation that claims fewer dtypes gives fewer results, which is made up for when the next one starts.
    """

    request: Request
    before: int = 0
    results: int = 0
    target: str = ""
    dues: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        dtypes = len(self.request.settings.dtypes or ())
        for _, implementation in self.request.implementations:
            self.dues[implementation.name] = len(self.request.laws_for(implementation)) * dtypes

    @property
    def total(self) -> int:
        """Return how many results are due in all."""
        return sum(self.dues.values())

    def done(self, event: check.Progress | Result) -> float:
        """Return how many results are done, with the part of the one under way."""
        if event.target != self.target:
            self.before += self.dues.get(self.target, 0)
            self.target, self.results = event.target, 0
        if isinstance(event, Result):
            self.results += 1
            return self.before + self.results
        return self.before + self.results + min(event.done / max(event.total, 1), 1.0)


def doing(event: check.Progress | Result) -> str:
    """Return what is being checked."""
    return one_line(f"{event.target} {event.law} {event.dtype}")


@contextmanager
def watching(request: Request) -> Iterator[Watch]:
    """Give the function that shows every event of a run while it lasts."""
    screen = console(stderr=True)
    with _bar(request) if screen.is_terminal and not screen.is_dumb_terminal else _lines() as watch:
        yield watch


@contextmanager
def _bar(request: Request) -> Iterator[Watch]:
    share = Share(request)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=16), TaskProgressColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=share.total)
        yield lambda event: bar.update(task, completed=share.done(event), description=_fitted(event, bar.console.width))


def _fitted(event: check.Progress | Result, columns: int) -> str:
    room, text = max(columns - 34, 10), doing(event)
    return text if len(text) <= room else f"{text[: room - 3]}..."


@contextmanager
def _lines() -> Iterator[Watch]:
    seen: set[str] = set()

    def watch(event: check.Progress | Result) -> None:
        if event.target not in seen:
            seen.add(event.target)
            click.echo(one_line(f"checking {event.target}: {event.operation}"), err=True)

    yield watch
