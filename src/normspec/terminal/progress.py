"""The live bar of a run: what is being checked, how far it is, the time left; plain lines without a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import click
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from normspec.clean import one_line
from normspec.properties import hunt
from normspec.properties.verdict import Result
from normspec.runs.request import Request
from normspec.runs.run import Watch
from normspec.terminal.layout import console


@dataclass
class Share:
    """How much of a run is done: each dtype of each implementation is one part of it, and tells how far it is.

    Several parts may be under way at once.
    """

    parts: dict[tuple[str, str, str], float] = field(default_factory=dict)

    def done(self, event: hunt.Progress | Result) -> float | None:
        """Return how many parts are done, or None for an event that does not tell."""
        if isinstance(event, Result):
            return None
        self.parts[event.target, event.operation, event.dtype] = min(event.done / max(event.total, 1), 1.0)
        return sum(self.parts.values())


def parts(request: Request) -> int:
    """Return how many parts a run has: an implementation is only tried on the dtypes that it claims."""
    asked = request.settings.dtypes or ()
    return sum(dtype in each.claims.dtypes for _, each in request.implementations for dtype in asked)


def doing(event: hunt.Progress | Result) -> str:
    """Return what is being checked."""
    return one_line(f"{event.target} {event.operation} {event.law} {event.dtype}")


@contextmanager
def watching(request: Request) -> Iterator[Watch]:
    """Give the function that shows every event of a run while it lasts."""
    screen = console(stderr=True)
    with _bar(request) if screen.is_terminal and not screen.is_dumb_terminal else _lines() as watch:
        yield watch


@contextmanager
def _bar(request: Request) -> Iterator[Watch]:
    share = Share()
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(16), TaskProgressColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=parts(request))
        yield lambda event: bar.update(task, completed=share.done(event), description=_fitted(event, bar.console.width))


def _fitted(event: hunt.Progress | Result, columns: int) -> str:
    room, text = max(columns - 36, 10), doing(event)
    return text if len(text) <= room else f"{text[: room - 3]}..."


@contextmanager
def _lines() -> Iterator[Watch]:
    seen: set[tuple[str, str]] = set()

    def watch(event: hunt.Progress | Result) -> None:
        if (event.target, event.operation) not in seen:
            seen.add((event.target, event.operation))
            click.echo(one_line(f"checking {event.target}: {event.operation}"), err=True)

    yield watch
