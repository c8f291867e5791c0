"""What is said to somebody who names a thing that is no implementation: one line, what was asked, what to do."""

from inspect import signature
from typing import Any


class TargetError(ValueError):
    """A target cannot be used. The message is one line."""


def signature_of(thing: Any) -> str:
    """Return a callable's signature as text, or (...) where Python does not know it."""
    try:
        return str(signature(thing))
    except (TypeError, ValueError):
        return "(...)"
