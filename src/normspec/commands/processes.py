"""The options of every command that asks implementations in processes of their own."""

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click

OPTIONS = (
    click.option("--isolate", is_flag=True, help="Ask each implementation in a process of its own, under limits."),
    click.option(
        "--time-limit",
        metavar="SECONDS",
        type=click.FloatRange(min=0, min_open=True),
        default=10.0,
        show_default=True,
        help="For a case, in a process of its own.",
    ),
    click.option(
        "--memory-limit",
        metavar="MIB",
        type=click.IntRange(min=1),
        default=4096,
        show_default=True,
        help="For a process; on Linux.",
    ),
    click.option(
        "--run-directory",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="Where a case is written before it is sent to a process. Without it, in a temporary folder.",
    ),
)


def process_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command's function, which gets them under the names that request() takes."""
    return reduce(lambda function, option: option(function), reversed(OPTIONS), command)
