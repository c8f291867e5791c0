"""The file of known failures, in the form that schemas/known-failures.schema.json describes."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from normspec.properties.known import KnownFailure
from normspec.spec.formats import FORMATS
from normspec.spec.node import Node, PlainError, read_json
from normspec.spec.operations import OPERATIONS
from normspec.spec.plain import Plain, attribute_from, case_from, plain_attribute, plain_case

FORMAT = "normspec-known-failures-1"
_TEXTS = ("target", "law", "reason", "link")


def _feature_from(node: Node) -> Any:
    value = attribute_from(node)
    return list(value) if isinstance(value, tuple) else value


def known_failure_from(node: Node) -> KnownFailure:
    """Return the entry that plain data holds. Raises PlainError, naming the place, when it holds none."""
    record = node.record(*_TEXTS, "operation", "dtype", "case", optional=("where",))
    if not record["reason"].text().strip():
        raise PlainError(
            f"{node.path}.reason={record['reason'].value!r} says nothing: say why the failure is tolerated"
        )
    where = record.get("where")
    entry = KnownFailure(
        **{name: record[name].text() for name in _TEXTS},
        operation=record["operation"].one_of(*OPERATIONS),
        dtype=record["dtype"].one_of(*FORMATS),
        case=case_from(record["case"]),
        where={name: _feature_from(value) for name, value in where.entries()} if where else {},
    )
    try:
        covered = entry.covers(entry.target, entry.law, entry.case)
    except ValueError as error:
        raise PlainError(f"{node.path}.{error}") from None
    if not covered:
        raise PlainError(f"{node.path}.case is not covered by its own entry: mend its operation, dtype or where")
    return entry


def read_known_failures(path: Path) -> tuple[KnownFailure, ...]:
    """Return the entries of a file of known failures. Raises PlainError, with one line, when it is none."""
    node = read_json(path)
    if not isinstance(node.value, dict) or node.value.get("format") != FORMAT:
        raise PlainError(f"{str(path)!r} is no file of known failures: give one whose format is {FORMAT!r}")
    items = node.record("format", "entries")["entries"].items()
    entries = tuple(known_failure_from(item) for item in items)
    _require_each_once(items)
    return entries


def _require_each_once(items: Iterable[Node]) -> None:
    """Refuse two entries about the same: mended, one of them would still be there."""
    found: dict[str, str] = {}
    for node in items:
        about = {name: value.value for name, value in node.entries() if name not in ("reason", "link")}
        key = json.dumps(about, sort_keys=True)
        if key in found:
            raise PlainError(f"{node.path} is {found[key]} again: take one of them out")
        found[key] = node.path


def plain_known_failure(entry: KnownFailure) -> Plain:
    """Return an entry as plain data, from which known_failure_from makes the same entry again."""
    return {
        **{name: getattr(entry, name) for name in ("target", "operation", "law", "dtype", "reason", "link")},
        "where": {name: plain_attribute(value) for name, value in entry.where.items()},
        "case": plain_case(entry.case),
    }


def known_failures_text(entries: Iterable[KnownFailure]) -> str:
    """Return entries as the text of a file of known failures."""
    plain = [plain_known_failure(entry) for entry in entries]
    return json.dumps({"format": FORMAT, "entries": plain}, indent=1, allow_nan=False) + "\n"
