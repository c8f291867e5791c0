"""What is said to somebody who names a thing that is no implementation: one line, what was asked, what to do."""

from inspect import signature
from pathlib import Path
from traceback import walk_tb
from typing import Any

from normspec.implementations.ask import clean

HERE = Path(__file__).parents[1]


class TargetError(ValueError):
    """A target cannot be used. The message is one line."""


def signature_of(thing: Any) -> str:
    """Return a callable's signature as text, or (...) where Python does not know it."""
    try:
        return clean(str(signature(thing)))
    except Exception:  # defaults have a repr of their own
        return "(...)"


def label_of(thing: Any) -> str:
    """Return a thing's own name, or that of its type where it has none."""
    try:
        name = thing.__name__
    except Exception:
        name = None
    return clean(name) if isinstance(name, str) and name else f"a {type(thing).__name__}"


def raised_here(error: BaseException) -> bool:
    """Return whether an exception was raised by a line of normspec itself."""
    frames = [frame.f_code.co_filename for frame, _ in walk_tb(error.__traceback__)]
    return bool(frames) and Path(frames[-1]).is_relative_to(HERE)
