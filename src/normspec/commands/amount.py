"""The options that say what is asked and how much is done: operations, dtypes, profile, processes, a cluster."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import click

OPERATIONS = click.option(
    "--operation", "operations", multiple=True, metavar="NAME", help="Only this operation; may be repeated."
)
DTYPES = click.option("--dtype", "dtypes", multiple=True, metavar="NAME", help="Only this dtype; may be repeated.")
SEED = click.option(
    "--seed", metavar="N", type=click.IntRange(min=0), default=0, show_default=True, help="Of the search."
)
"""What several commands are asked."""


def examples(default: int | None, told: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option that says how many cases are drawn; the default is shown where there is one."""
    count = click.IntRange(min=1)
    return click.option("--max-examples", metavar="N", type=count, default=default, show_default=True, help=told)


OPTIONS = (
    click.option(
        "--profile",
        metavar="NAME",
        default="default",
        show_default=True,
        help="How hard to look: quick, default, thorough or ci ('normspec list profiles').",
    ),
    examples(None, "How many cases each law is tried on, for each dtype; without it, what the profile says."),
    SEED,
    click.option(
        "--jobs",
        metavar="N",
        type=click.IntRange(min=1),
        envvar="NORMSPEC_JOBS",
        help="In how many processes; without it, as many as are worth their start. What is found is the same.",
    ),
    click.option("--shard", metavar="K/N", default="1/1", help="Judge the K-th of N parts of the cases."),
    click.option("--dask", metavar="ADDRESS", help="Let the Dask cluster with this scheduler do the work."),
    click.option(
        "--database",
        "databases",
        multiple=True,
        metavar="PLACE",
        help="Where failing cases are kept and shared: a folder, redis://HOST or github:OWNER/REPOSITORY; "
        "may be repeated.",
    ),
)


def amount_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command's function."""
    return reduce(lambda function, option: option(function), reversed(OPTIONS), command)
