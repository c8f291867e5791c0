"""How a wrong call reaches the user: as one line, without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from normspec.clean import cleaned


class WrongCall(click.ClickException):
    """A wrong call whose message already says what to do."""

    exit_code = 2


@contextmanager
def as_wrong_call(*kinds: type[Exception]) -> Iterator[None]:
    """Turn exceptions of these kinds, whose messages say what was wrong and what to do, into wrong calls."""
    try:
        yield
    except kinds as error:
        raise WrongCall(cleaned(str(error))) from None
