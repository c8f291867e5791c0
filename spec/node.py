"""Checked reading of JSON: a value together with the path to it, so that every error says where it stands."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LARGEST_FILE = 512 * 1024 * 1024


class PlainError(ValueError):
    """A file or value is not what it should be; the message is one line."""


@dataclass(frozen=True)
class Node:
    """A value of a JSON document and the path to it.

    Every reader raises PlainError, naming the path, when the value is of another kind.
    """

    value: Any
    path: str

    def wrong(self, wanted: str) -> PlainError:
        """Return the error that this value is not what is wanted."""
        shown = repr(self.value)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        return PlainError(f"{self.path}={shown}: {wanted} is needed here")

    def record(self, *needed: str, optional: tuple[str, ...] = ()) -> "Record":
        """Return the value as an object that has every needed key and no key besides the optional ones."""
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        for key in needed:
            if key not in self.value:
                raise PlainError(f"{self.path} lacks {key!r}")
        for key in self.value:
            if key not in needed and key not in optional:
                raise PlainError(f"{self.path} has {key!r}, which is none of {', '.join(needed + optional)}")
        return Record(self.value, self.path)

    def entries(self) -> Iterator[tuple[str, "Node"]]:
        """Return the keys and values of an object with any keys."""
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return ((key, Node(value, f"{self.path}.{key}")) for key, value in self.value.items())

    def items(self) -> tuple["Node", ...]:
        """Return the elements of a list."""
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return tuple(Node(value, f"{self.path}[{index}]") for index, value in enumerate(self.value))

    def text(self) -> str:
        """Return a string."""
        if not isinstance(self.value, str):
            raise self.wrong("a string")
        return self.value

    def one_of(self, *choices: str) -> str:
        """Return a string that is one of the choices."""
        if not isinstance(self.value, str) or self.value not in choices:
            raise self.wrong(f"one of {', '.join(choices)}")
        return self.value

    def count(self, *, below: int = 2**31) -> int:
        """Return an integer from 0 up to `below`, which it does not reach."""
        if type(self.value) is not int or not 0 <= self.value < below:
            raise self.wrong(f"an integer from 0 to {below - 1}")
        return self.value

    def whole(self, first: int, last: int) -> int:
        """Return an integer from first to last, both of them allowed."""
        if type(self.value) is not int or not first <= self.value <= last:
            raise self.wrong(f"an integer from {first} to {last}")
        return self.value

    def number(self) -> float:
        """Return a number; JSON has none that is not finite, so that they are strings."""
        if self.value in ("inf", "-inf", "nan"):
            return float(self.value)
        if type(self.value) not in (int, float) or not abs(self.value) <= sys.float_info.max:
            raise self.wrong("a number")
        return float(self.value)

    def truth(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def size(self) -> float:
        """Return a number from 0 on; JSON has no infinity, so that it is a string."""
        if self.value == "inf":
            return float("inf")
        if type(self.value) not in (int, float) or not 0 <= self.value <= sys.float_info.max:
            raise self.wrong("a number from 0 on, or 'inf',")
        return float(self.value)


@dataclass(frozen=True)
class Record:
    """The checked keys of a JSON object."""

    values: dict[str, Any]
    path: str

    def __getitem__(self, key: str) -> Node:
        return Node(self.values[key], f"{self.path}.{key}")

    def get(self, key: str) -> Node | None:
        """Return the value of a key, or None where it is absent or null."""
        return None if self.values.get(key) is None else self[key]


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def read_json(path: Path) -> Node:
    """Return the JSON document in a file. Raises PlainError, with one line, when there is none."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise PlainError(f"{str(path)!r} has more than {LARGEST_FILE} bytes: give a smaller file")
        value = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_constant)
    except OSError as error:
        raise PlainError(f"{str(path)!r} cannot be read ({error.strerror}): give a file that exists") from None
    except RecursionError:
        raise PlainError(f"{str(path)!r} is nested too deeply to be read") from None
    except PlainError:
        raise
    except ValueError as error:
        raise PlainError(f"{str(path)!r} is no JSON ({error}): give a JSON file") from None
    return Node(value, path.name)
