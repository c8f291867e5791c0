"""Implementations in processes of their own: pipe:COMMAND for any program that speaks docs/protocol.md, isolated:TARGET
for any other target."""

import json
import os
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from normspec.implementations.contract import Fact, Implementation, Instance
from normspec.implementations.errors import TargetError
from normspec.implementations.pipe_program import program_in, program_question
from normspec.implementations.protocol import (
    Offer,
    hello,
    line_of,
    message_in,
    offers_in,
    outcome_in,
    question,
)
from normspec.implementations.worker import BabbleError, GoneError, LateError, Limits, Worker
from normspec.spec.case import Case
from normspec.spec.node import Node, PlainError
from normspec.spec.outcome import Crashed, GivenUpError, Malformed, Outcome, TimedOut

PIPE, ISOLATED = "pipe:", "isolated:"
CASE_FORMAT = "normspec-case-1"


def _unrecorded(name: str, text: str) -> None:
    pass


@dataclass(frozen=True)
class Terms:
    """On what terms a process is asked: its limits, and what writes a case down before it is sent.

    In each dtype it may let so many cases time out, and die or babble on so many others; then it is given up there.
    record gets a name for a file, and the text that `normspec replay` reads in it.
    """

    limits: Limits = field(default_factory=Limits)
    timeouts: int = 3
    deaths: int = 20
    record: Callable[[str, str], None] = _unrecorded


def command_of(target: str, operation: str | None) -> tuple[str, ...]:
    """Return the command that answers for a target. Raises TargetError for one that names none."""
    if target.startswith(ISOLATED):
        chosen = ("--operation", operation) if operation else ()
        serve = (sys.executable, "-P", "-m", "normspec.implementations.serve")
        return (*serve, *chosen, "--", target.removeprefix(ISOLATED))
    try:
        command = tuple(shlex.split(target.removeprefix(PIPE)))
    except ValueError as error:
        raise TargetError(f"target={target!r} is no command ({error}): quote it as for a shell") from None
    if not command:
        raise TargetError(f"target={target!r} names no command: write {PIPE}COMMAND")
    return command


def from_process(target: str, operation: str | None = None, terms: Terms | None = None) -> tuple[Implementation, ...]:
    """Return the implementations that a process offers; each is asked in a process of its own.

    Raises TargetError, with one line, where it cannot be started or does not say what it has.
    """
    if os.name != "posix":
        raise TargetError(f"target={target!r} needs a POSIX system: only there are processes kept under limits")
    terms, command = terms or Terms(), command_of(target, operation)
    try:
        worker, offers = start(command, terms.limits)
    except _FAILED as error:
        hint = "" if target.startswith(ISOLATED) else "; docs/protocol.md tells what a program must answer"
        raise TargetError(f"target={target!r}: {_why(error)}{hint}") from None
    workers = (worker, *[None] * len(offers))
    return tuple(
        _implementation(Correspondent(target, command, offer, terms, each))
        for offer, each in zip(offers, workers, strict=False)
    )


def start(command: tuple[str, ...], limits: Limits) -> tuple[Worker, tuple[Offer, ...]]:
    """Start a process and return it with what it offers. Raises one of _FAILED where it does not say so."""
    worker = Worker(command, limits)
    try:
        return worker, offers_in(message_in(next(worker.ask(line_of(hello()), limits.start))))
    except BaseException:
        worker.stop()
        raise


_FAILED = (OSError, GoneError, LateError, BabbleError, PlainError)


def _why(error: BaseException) -> str:
    return f"it cannot be started: {error.strerror}" if isinstance(error, OSError) else str(error)


@dataclass(eq=False, repr=False)
class Correspondent:
    """Asks a process for outcomes: starts it when it is needed, ends it when it misbehaves."""

    target: str
    command: tuple[str, ...]
    offer: Offer
    terms: Terms
    worker: Worker | None = None
    lost: Counter[tuple[str, bool]] = field(default_factory=Counter)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def outcome(self, case: Case) -> Outcome:
        """Return what the process makes of a case. Raises GivenUpError where it is not asked any more."""
        lost = {late: self.lost[case.dtype, late] for late in (True, False)}
        if lost[True] >= self.terms.timeouts or lost[False] >= self.terms.deaths:
            raise GivenUpError(
                f"{self.offer.name} is not asked any more in {case.dtype}, after {sum(lost.values())} ends"
            )
        found = self._asked(case)
        if self.worker is None:
            self.lost[case.dtype, isinstance(found, TimedOut)] += 1
        return found

    def _asked(self, case: Case) -> Outcome:
        asked, at = question(str(next(self.numbers)), self.offer.name, case), list[int]()
        self.terms.record(f"{self.offer.operation}-{self.offer.name}", self._as_file(asked["case"]))
        try:
            with self._ending():
                answer = self._answer(asked, at)
        except LateError as error:
            return TimedOut(_last(at, case), str(error))
        except GoneError as error:
            return Crashed(_last(at, case), str(error))
        except (BabbleError, PlainError) as error:
            return Malformed(_last(at, case), str(error))
        except OSError as error:
            return Crashed(None, _why(error))
        if answer.value.get("last") is True:
            self.close()
        return outcome_in(case, answer)

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """End the process where it did not answer as it should: nothing that it says afterwards can be trusted."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    def program(self, case: Case, facts: tuple[Fact, ...] = ()) -> str:
        """Return the program that shows a failure without normspec, where an isolated target has one."""
        if not self.target.startswith(ISOLATED):
            return ""
        asked = program_question(str(next(self.numbers)), self.offer.name, case, facts)

        def answer() -> Node:
            with self._ending():
                return self._answer(asked, [])

        return program_in(answer, _FAILED)

    def close(self) -> None:
        """End the process; it is started again when it is needed."""
        if self.worker is not None:
            self.worker.stop()
        self.worker = None

    def _answer(self, asked: dict[str, object], at: list[int]) -> Node:
        """Return the answer to a question; the steps that it is said to have come to are added to `at`."""
        if self.worker is None or self.worker.ended:
            self.close()
            self.worker, _ = start(self.command, self.terms.limits)
        for line in self.worker.ask(line_of(asked), self.terms.limits.case):
            message = message_in(line)
            said = dict(message.entries())
            if "id" not in said or said["id"].value != asked["id"]:
                raise PlainError(f"wrote a line whose id is not {asked['id']!r}, that of the question")
            if "at" not in said:
                return message
            at.append(said["at"].count() if said["at"].value != -1 else -1)
        raise AssertionError("a worker's lines end with an answer or an exception")

    def _as_file(self, case: object) -> str:
        return json.dumps({"format": CASE_FORMAT, "target": self.offer.name, "asked": self.target, "case": case}) + "\n"


def _last(at: list[int], case: Case) -> int | None:
    return at[-1] if at and at[-1] < len(case.script) else None


def _implementation(correspondent: Correspondent) -> Implementation:
    offer = correspondent.offer
    return Implementation(
        name=offer.name,
        operation=offer.operation,
        create=_no_layer,
        claims=offer.claims,
        statement=offer.statement,
        snippet=correspondent.program,
        answer=correspondent.outcome,
        stands_for=offer.stands_for if correspondent.target.startswith(ISOLATED) else "",
        close=correspondent.close,
    )


def _no_layer(case: Case) -> Instance:
    raise NotImplementedError("what lives in another process is asked for whole cases")
