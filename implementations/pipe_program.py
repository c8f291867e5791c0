"""The program that shows a defect without normspec, asked of the process in which an isolated target lives."""

from collections.abc import Callable, Sequence

from normspec.implementations.contract import Fact, Implementation
from normspec.spec.case import Case
from normspec.spec.node import Node, PlainError
from normspec.spec.plain import Plain, case_from, plain_case, whole_array

LONGEST = 100_000


def program_question(number: str, implementation: str, case: Case, facts: Sequence[Fact]) -> Plain:
    """Return the question for the program of a case, with what it is to show; numbers go as they are in hexadecimal."""
    shown = [[each.step, each.output, each.index, each.expected.hex(), each.tolerance.hex()] for each in facts]
    plain = plain_case(case, whole_array)
    return {"ask": "program", "id": number, "implementation": implementation, "case": plain, "facts": shown}


def program_of(implementation: Implementation, message: Node) -> Plain:
    """Return the answer to that question; no program where none can be made."""
    try:
        facts = tuple(
            Fact(step, output, index, float.fromhex(expected), float.fromhex(tolerance))
            for step, output, index, expected, tolerance in message.value["facts"]
        )
        text = implementation.snippet(case_from(Node(message.value["case"], "case")), facts)
    except Exception:  # whatever an implementation makes of it: without a program the failure still stands
        text = ""
    return {"id": message.value["id"], "program": str(text)[:LONGEST]}


def program_in(answer: Callable[[], Node], failures: tuple[type[BaseException], ...]) -> str:
    """Return the program that is answered, or nothing where what is answered holds none."""
    expected: tuple[type[BaseException], ...] = (*failures, PlainError, KeyError)
    try:
        return dict(answer().entries())["program"].text()
    except expected:
        return ""
