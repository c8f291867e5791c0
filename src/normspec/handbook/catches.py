"""Which law catches which faulty implementation, as benchmarks/detection.py records it in docs/data/faults.json."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from normspec.spec.node import Node, PlainError, read_json
from normspec.spec.plain import case_from
from normspec.terminal.words import case_in_words


@dataclass(frozen=True)
class Catch:
    """A law that catches a fault in an operation: in which format, and in how large a group.

    case is the smallest case that shows the fault there, in words, where it is this law that it breaks.
    """

    fault: str
    operation: str
    law: str
    dtype: str
    members: int
    case: str = ""


def read_catches(path: Path) -> tuple[Catch, ...]:
    """Return what a file records. Raises PlainError, with one line, when it is no such record."""
    node = read_json(path)
    if not isinstance(node.value, dict) or "rows" not in node.value:
        raise PlainError(f"{node.path} is no record of faults: give a file that benchmarks/detection.py wrote")
    rows = dict(node.entries())["rows"].items()
    return tuple(catch for row in rows for catch in _catches(_fields(row)))


def _fields(row: Node) -> Mapping[str, Node]:
    fields = dict(row.entries())
    for name in ("fault", "operation", "dtype", "laws", "smallest"):
        if name not in fields:
            raise PlainError(f"{row.path} lacks {name!r}")
    return fields


def _catches(row: Mapping[str, Node]) -> Iterator[Catch]:
    fault, operation, dtype = (row[name].text() for name in ("fault", "operation", "dtype"))
    shown, case = _smallest(row["smallest"])
    for law, found in row["laws"].entries():
        members = dict(found.entries())["members"].count()
        yield Catch(fault, operation, law, dtype, members, case if law == shown else "")


def _smallest(node: Node) -> tuple[str, str]:
    """Return the law that the smallest case breaks, and the case in words."""
    if node.value is None:
        return "", ""
    fields = dict(node.entries())
    return fields["law"].text(), "\n".join(case_in_words(case_from(fields["case"])))
