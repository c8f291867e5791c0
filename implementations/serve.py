"""Answers over a pipe for a target that Python can import: `python -m normspec.implementations.serve TARGET`.

The other side is implementations/pipe.py, or anybody who speaks docs/protocol.md. What the implementation prints goes
to stderr. Where it leaves the process unfit to answer, the process ends.
"""

import argparse
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import BinaryIO

from normspec.implementations.ask import ask, told
from normspec.implementations.contract import Implementation
from normspec.implementations.errors import TargetError
from normspec.implementations.pipe_program import program_of
from normspec.implementations.protocol import VERSION, line_of, message_in, plain_claims, plain_outcome
from normspec.implementations.targets import resolve
from normspec.spec.case import Case
from normspec.spec.environment import PollutedEnvironmentError, require_exact_arithmetic
from normspec.spec.node import Node
from normspec.spec.outcome import Crashed, Malformed
from normspec.spec.plain import Plain, case_from

UNFIT = 71
PR_SET_PDEATHSIG = 1
PROCESS = os.getpid()


def main(arguments: Sequence[str]) -> int:
    """Answer questions until there are no more."""
    parser = argparse.ArgumentParser(prog="normspec.implementations.serve")
    parser.add_argument("target")
    parser.add_argument("--operation")
    asked = parser.parse_args(arguments)
    _die_with_the_parent()
    questions, answers = _taken(0, "rb", os.open(os.devnull, os.O_RDONLY)), _taken(1, "wb", 2)
    found: tuple[Implementation, ...] = ()
    for line in questions:
        message = message_in(line)
        if message.value["ask"] == "hello":
            try:
                found = resolve(asked.target, asked.operation)
                _write(answers, _offers(found))
            except TargetError as error:
                _write(answers, {"protocol": VERSION, "error": str(error)})
        elif message.value["ask"] == "program":
            _write(answers, program_of(_asked(found, message), message))
        else:
            _answer(answers, found, message)
    return 0


def _die_with_the_parent() -> None:
    """Let this process end with the one that asks, where the system can: one that hangs would not notice."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _taken(number: int, mode: str, instead: int) -> BinaryIO:
    """Return a standard stream as a file that nobody else knows, with another one put in its place."""
    own = os.fdopen(os.dup(number), mode)
    os.dup2(instead, number)
    return own  # type: ignore[return-value]


def _write(answers: BinaryIO, message: Plain) -> None:
    if os.getpid() != PROCESS:
        os._exit(0)  # a fork of this process, that the implementation let go on
    answers.write(line_of(message))
    answers.flush()


def _offers(implementations: Sequence[Implementation]) -> Plain:
    offers = [
        {
            "name": each.name,
            "operation": each.operation,
            "statement": each.statement,
            **({"stands_for": each.stands_for} if each.stands_for else {}),
            "claims": plain_claims(each.claims),
        }
        for each in implementations
    ]
    return {"protocol": VERSION, "implementations": offers}


def _answer(answers: BinaryIO, implementations: Sequence[Implementation], message: Node) -> None:
    number, case = message.value["id"], case_from(Node(message.value["case"], "case"))
    implementation = _asked(implementations, message)
    told = _told(implementation, case, lambda at: _write(answers, {"id": number, "at": at}))
    unfit = _unfitness()
    if unfit and "returned" in told:
        told = plain_outcome(Malformed(None, unfit))
    _write(answers, {"id": number, **told, "last": bool(unfit)})
    if unfit:
        os._exit(UNFIT)


def _asked(implementations: Sequence[Implementation], message: Node) -> Implementation:
    """Return the implementation that a question is put to."""
    name, operation = message.value["implementation"], message.value["case"]["operation"]
    return next(each for each in implementations if each.operation == operation and name in ("", each.name))


def _told(implementation: Implementation, case: Case, watch: Callable[[int], None]) -> Plain:
    """Return the outcome as an answer's fields. An implementation can break even what would tell that it did."""
    try:
        return plain_outcome(ask(implementation, case, watch))
    except BaseException as error:
        return plain_outcome(Crashed(None, told(error)))


def _unfitness() -> str:
    """Return why this process cannot go on, or nothing where it can."""
    try:
        require_exact_arithmetic()
    except PollutedEnvironmentError as error:
        return f"leaves the arithmetic of its process changed: {error}"
    except Exception as error:
        return f"leaves its process unable to compute: {told(error)}"
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
