"""The consoles that everything is printed on, and the plain shapes of text."""

import shutil
import textwrap
from collections.abc import Mapping

import click
from rich.console import Console, RenderableType

NARROWEST = 40


def console(*, stderr: bool = False) -> Console:
    """Return a console that takes text as it is: no markup, no highlighting, no emoji. rich honours NO_COLOR."""
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def print_rich(*things: RenderableType) -> None:
    """Print tables and titles after an empty line, without the spaces that fill their lines up."""
    screen = console()
    with screen.capture() as printed:
        for thing in things:
            screen.print(thing)
    click.echo("\n" + "\n".join(line.rstrip() for line in printed.get().splitlines()), color=True)


def width() -> int:
    """Return how many columns to fill: the terminal's, or 80 where there is none."""
    return max(shutil.get_terminal_size().columns, NARROWEST)


def wrapped(text: str, indent: str, first: str | None = None) -> str:
    """Return text wrapped to the width, each of its own lines apart; first stands before the first line."""
    lines: list[str] = []
    for number, line in enumerate(text.splitlines() or [""]):
        start = first if first is not None and number == 0 else indent
        lines += textwrap.wrap(line, width(), initial_indent=start, subsequent_indent=indent) or [start.rstrip()]
    return "\n".join(lines)


def print_names(names: Mapping[str, str]) -> None:
    """Print names with what each one means: on the name's own line where the names are short, else below it."""
    longest = max(map(len, names), default=0) + 2
    for name, meaning in names.items():
        if longest <= width() // 3:
            click.echo(wrapped(meaning, " " * longest, name.ljust(longest)))
        else:
            click.echo(f"{name}\n{wrapped(meaning, '    ')}")
