"""What goes over a pipe, one JSON object a line: questions, answers, claims. docs/protocol.md says it for both sides.

What is read comes from somebody's program: whatever it is, it becomes an outcome or one line that says what is wrong.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, NamedTuple

from normspec.implementations.answers import RubbishError, checked, demanded
from normspec.implementations.ask import clean
from normspec.spec.case import Case
from normspec.spec.claims import Claims
from normspec.spec.formats import Array
from normspec.spec.node import Node, PlainError
from normspec.spec.outcome import Crashed, Malformed, Outcome, Refused, Returned, TimedOut
from normspec.spec.plain import (
    MOST_AXES,
    Plain,
    array_from,
    attribute_from,
    plain_attribute,
    plain_case,
    whole_array,
)

VERSION = "normspec-pipe-1"
MOST_NAMED = 100

FAILURES: Mapping[str, type[Refused | Crashed | TimedOut | Malformed]] = MappingProxyType(
    {"refused": Refused, "crashed": Crashed, "timed_out": TimedOut, "malformed": Malformed}
)
"""The outcomes other than results, by their names on the pipe."""


class Offer(NamedTuple):
    """One implementation that a program says it has."""

    name: str
    operation: str
    statement: str
    claims: Claims
    stands_for: str = ""


def hello() -> Plain:
    """Return the question that comes first."""
    return {"ask": "hello", "protocol": VERSION}


def question(number: str, implementation: str, case: Case) -> Plain:
    """Return the question that a whole case is."""
    return {"ask": "case", "id": number, "implementation": implementation, "case": plain_case(case, whole_array)}


def line_of(message: Plain) -> bytes:
    """Return a message as a line."""
    return json.dumps(message, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def message_in(line: bytes) -> Node:
    """Return the message that a line holds. Raises PlainError where it holds none."""
    try:
        return Node(json.loads(line.decode("utf-8")), "answer")
    except (ValueError, RecursionError):
        shown = clean(line[:60].decode("utf-8", "backslashreplace"))
        raise PlainError(f"wrote a line that is no JSON: {shown!r}; whatever is no answer belongs on stderr") from None


def plain_claims(claims: Claims) -> Plain:
    """Return claims as plain data."""
    said = {field.name: getattr(claims, field.name) for field in fields(Claims)}
    return {name: _plain_map(value) if isinstance(value, Mapping) else value for name, value in said.items()}


def _plain_map(values: Mapping[str, Any]) -> Plain:
    return {name: plain_attribute(value) for name, value in values.items()}


def plain_outcome(outcome: Outcome) -> Plain:
    """Return the fields of an answer that tell an outcome."""
    if isinstance(outcome, Returned):
        steps = [{name: whole_array(values) for name, values in step.items()} for step in outcome.steps]
        return {"returned": steps, "mutated": list(outcome.mutated)}
    kind = next(name for name, each in FAILURES.items() if isinstance(outcome, each))
    return {kind: {"step": outcome.step, "message": outcome.message}}


def outcome_in(case: Case, answer: Node) -> Outcome:
    """Return the outcome that an answer tells. An answer that tells none, or a wrong one, is malformed."""
    try:
        told = [name for name in ("returned", *FAILURES) if name in _known(answer, "returned", *FAILURES)]
        if len(told) != 1:
            raise PlainError(f"answer has {' and '.join(told) or 'no outcome'}: one of returned, {', '.join(FAILURES)}")
        if told == ["returned"]:
            return _returned(case, answer)
        failure = _known(Node(answer.value[told[0]], told[0]), "step", "message")
        step = failure.get("step")
        at = step if type(step) is int and -1 <= step < len(case.script) else None
        return FAILURES[told[0]](at, clean(str(failure.get("message", ""))))
    except PlainError as error:
        return Malformed(None, clean(str(error)))


def _returned(case: Case, answer: Node) -> Returned | Malformed:
    steps = Node(answer.value["returned"], "returned").items()
    if len(steps) != len(case.script):
        raise PlainError(f"returned has {len(steps)} steps, and the script {len(case.script)}")
    found = []
    for index, step in enumerate(steps):
        arrays = {name: _array(value) for name, value in step.entries()}
        try:
            found.append(checked(case, f"step {index}", arrays, demanded(case, index)))
        except RubbishError as rubbish:
            return Malformed(index, clean(str(rubbish)))
    written = Node(answer.value.get("mutated", []), "mutated").items()[:MOST_NAMED]
    return Returned(tuple(found), tuple(clean(name.text()) for name in written))


def _array(node: Node) -> Array:
    return array_from(Node(_known(node, "dtype", "shape", "hex"), node.path))


def _known(node: Node, *names: str) -> dict[str, Any]:
    """Return the entries of an object with these names; others are ignored."""
    return {name: value.value for name, value in node.entries() if name in names}


def offers_in(answer: Node) -> tuple[Offer, ...]:
    """Return what a program says it has. Raises PlainError, with one line, where it does not say so."""
    said = _known(answer, "protocol", "implementations", "error")
    if "error" in said:
        raise PlainError(clean(str(said["error"])))
    if said.get("protocol") != VERSION:
        raise PlainError(f"speaks protocol {clean(str(said.get('protocol')))!r}: {VERSION!r} is needed here")
    offers = tuple(_offer(item) for item in Node(said.get("implementations"), "implementations").items())
    names = [f"{offer.name} ({offer.operation})" for offer in offers]
    if not offers or len(set(names)) < len(names):
        raise PlainError(f"offers {', '.join(names) or 'nothing'}: implementations with names of their own are needed")
    return offers


def _offer(node: Node) -> Offer:
    optional = ("statement", "stands_for")
    said = Node(_known(node, "name", "operation", "claims", *optional), node.path).record(
        "name", "operation", "claims", optional=optional
    )
    name, operation = (clean(said[each].text()) for each in ("name", "operation"))
    statement, stands_for = (clean(each.text()) if each else "" for each in map(said.get, optional))
    return Offer(name, operation, statement, claims_from(said["claims"]), stands_for)


def claims_from(node: Node) -> Claims:
    """Return the claims that plain data holds. What is left out is not claimed."""
    default, said, found = Claims(), dict(node.entries()), dict[str, Any]()
    for name in (field.name for field in fields(Claims)):
        of_kind = next(each for kind, each in _NOTHING.items() if isinstance(getattr(default, name), kind))
        if name in said:
            found[name] = _READ.get(name, _READ_AS[type(of_kind)])(said[name])
        elif name not in _HARMLESS:
            found[name] = of_kind
    for name in ("dtypes", "verbs"):
        if not found[name]:
            raise PlainError(f"{node.path} lacks {name!r}: without it, nothing is claimed")
    return Claims(**found)


def _flag(node: Node) -> bool:
    if type(node.value) is not bool:
        raise node.wrong("true or false")
    return node.value


_HARMLESS = ("layouts", "grade")  # their defaults say the least that can be said
_NOTHING: Mapping[type, Any] = MappingProxyType({tuple: (), bool: False, str: "", Mapping: {}})
_READ_AS: Mapping[type, Callable[[Node], Any]] = MappingProxyType(
    {
        tuple: lambda node: tuple(item.text() for item in node.items()),
        bool: _flag,
        str: Node.text,
        dict: lambda node: {name: attribute_from(value) for name, value in node.entries()},
    }
)
_READ: Mapping[str, Callable[[Node], Any]] = MappingProxyType(
    {"ranks": lambda node: tuple(item.count(below=MOST_AXES + 1) for item in node.items())}
)
