"""Common parts of formulas are computed once: operations of a number system, remembered by their operands."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, TypeAlias, TypeVar

Memory: TypeAlias = dict[tuple[Any, ...], tuple[Any, ...]]
"""From an operation's name and its operands' identities to the result, with the operands, so that none is reused."""


PLAIN = frozenset({int, float, str})
"""Operands that are compared by value."""


class Remembering(Protocol):
    """A number system that may have a memory."""

    memory: Memory | None


Method = TypeVar("Method", bound=Callable[..., Any])


def remembered(method: Method) -> Method:
    """Return the method of a number system, looking into the system's memory first. Operands are never changed."""
    name = method.__name__

    @wraps(method)
    def looked_up(self: Remembering, *operands: Any) -> Any:
        memory = self.memory
        if memory is None:
            return method(self, *operands)
        key = (name, *(value if type(value) in PLAIN else (id(value),) for value in operands))
        found = memory.get(key)
        if found is None:
            found = memory[key] = (method(self, *operands), operands)
        return found[0]

    return looked_up  # type: ignore[return-value]
