"""Choosing by name, with the close matches named where a name is unknown."""

from collections.abc import Iterable
from difflib import get_close_matches


class UnknownNameError(ValueError):
    """Something was asked for by a name that nothing has; the message is one line."""


def choose(what: str, asked: Iterable[str], available: Iterable[str], how_to_list: str) -> tuple[str, ...]:
    """Return the asked names without repetitions, or all that are available when none is asked for.

    Raises UnknownNameError, with the close matches, for a name that is not available.
    """
    names = tuple(available)
    chosen = tuple(dict.fromkeys(asked))
    for name in chosen:
        if name not in names:
            close = get_close_matches(name, names, n=3)
            hint = f"did you mean {' or '.join(map(repr, close))}? " if close else ""
            raise UnknownNameError(f"{what}={name!r} is unknown: {hint}{how_to_list}")
    return chosen or names
