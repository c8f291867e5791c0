"""Which law catches which faulty implementation, as it is recorded in docs/data/faults.json."""

from dataclasses import dataclass
from pathlib import Path

from normspec.spec.node import PlainError, read_json

FORMAT = "normspec-faults-1"


@dataclass(frozen=True)
class Catch:
    """A law that catches a fault in an operation, and the smallest case, in words."""

    fault: str
    operation: str
    law: str
    case: str = ""


def read_catches(path: Path) -> tuple[Catch, ...]:
    """Return what a file records. Raises PlainError, with one line, when it is no such record."""
    node = read_json(path)
    if not isinstance(node.value, dict) or node.value.get("format") != FORMAT:
        raise PlainError(f"{node.path} is no record of faults: its format is not {FORMAT!r}")
    found = []
    for item in node.record("format", "catches", optional=tuple(node.value)).values["catches"].items():
        record = item.record("fault", "operation", "law", optional=("case",))
        case = record.get("case")
        fault, operation, law = (record[name].text() for name in ("fault", "operation", "law"))
        found.append(Catch(fault, operation, law, case.text() if case else ""))
    return tuple(found)
