"""Common parts of formulas are computed once: operations of a number system, remembered by their operands."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, TypeAlias, TypeVar

Memory: TypeAlias = dict[tuple[Any, ...], Any]
"""From an operation's name and its operands to the result. Numbers are equal to themselves alone, integers by value."""


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
        key = (name, *operands)
        found = memory.get(key)
        if found is None:
            found = memory[key] = method(self, *operands)
        return found

    return looked_up  # type: ignore[return-value]
