"""Putting a case to an implementation. Whatever it does, what comes back is a value."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from normspec.implementations.contract import Implementation, Instance
from normspec.implementations.layouts import Placed, place, state_layout
from normspec.spec.case import Case, Step
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS
from normspec.spec.outcome import Crashed, Malformed, Outcome, Refused, Returned

LONGEST_MESSAGE = 300


class _RubbishError(Exception):
    """What came back is no answer."""


@dataclass
class _Session:
    """One instance at work on one case: what was handed over, and what has come back so far."""

    case: Case
    handed: dict[str, tuple[Placed, bytes]] = field(default_factory=dict)
    answers: list[Mapping[str, Array]] = field(default_factory=list)
    position: int = -1

    def hand(self, name: str, values: Array) -> Array:
        placed = place(values, self.case.layout)
        self.handed[name] = placed, placed.fingerprint()
        return placed.array

    def mutated(self) -> tuple[str, ...]:
        return tuple(name for name, (placed, before) in self.handed.items() if placed.fingerprint() != before)


def ask(implementation: Implementation, case: Case) -> Outcome:
    """Return what a fresh instance of the implementation makes of the case's script.

    The instance gets copies of the arrays in the case's layout, and what it returns is checked and copied. Exceptions
    are outcomes; only KeyboardInterrupt goes through. Warnings are not judged. Results that are not finite are results.
    """
    session = _Session(case)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _perform(session, implementation)
    except KeyboardInterrupt:
        raise
    except _RubbishError as rubbish:
        return Malformed(session.position, clean(str(rubbish)))
    except BaseException as error:
        kind = Refused if is_refusal(error, implementation) else Crashed
        return kind(session.position, f"{type(error).__name__}: {message_of(error)}")
    return Returned(tuple(session.answers), session.mutated())


def is_refusal(error: BaseException, implementation: Implementation) -> bool:
    """Return whether the implementation says no by this exception.

    A RecursionError never counts, although it is a RuntimeError: nobody refuses by running out of stack.
    """
    return isinstance(error, implementation.refusals) and not isinstance(error, RecursionError)


def message_of(error: BaseException) -> str:
    """Return the first line of an exception's message, safe to print."""
    try:
        return clean(str(error))
    except Exception:
        return "(its message cannot be read)"


def clean(text: str) -> str:
    """Return the first line of text, without characters that do not print, cut to LONGEST_MESSAGE."""
    line = text.strip().split("\n", 1)[0]
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line[: LONGEST_MESSAGE + 1])
    return shown if len(shown) <= LONGEST_MESSAGE else shown[: LONGEST_MESSAGE - 3] + "..."


def _perform(session: _Session, implementation: Implementation) -> None:
    case = session.case
    parameters = {name: session.hand(name, values) for name, values in case.parameters.items()}
    state = {name: place(values, state_layout(case.layout)).array for name, values in case.state.items()}
    instance = implementation.create(case.but(parameters=parameters, state=state))
    for session.position, step in enumerate(case.script):
        answer = _backward(session, instance, step) if step.verb == "backward" else _forward(session, instance, step)
        session.answers.append(answer)


def _forward(session: _Session, instance: Instance, step: Step) -> Mapping[str, Array]:
    x = session.hand(f"step {session.position}: x", step.input)
    y = instance.forward(x, training=step.verb == "train")
    shapes = {name: values.shape for name, values in session.case.state.items()}
    checked = {"y": _checked(session.case, "y", y, step.input.shape)}
    return checked | _all_checked(session.case, "state()", instance.state(), shapes)


def _backward(session: _Session, instance: Instance, step: Step) -> Mapping[str, Array]:
    case = session.case
    x = case.forward_of(session.position).input
    if step.cotangent is None or step.of is None:
        raise ValueError(f"script[{session.position}] has no cotangent")
    earlier = sum(other.verb != "backward" for other in case.script[: step.of])
    cotangent = session.hand(f"step {session.position}: cotangent", step.cotangent)
    answer = instance.backward(earlier, cotangent, step.wanted)
    blocks = OPERATIONS[case.operation].blocks(x.shape).parts
    shapes = {name: x.shape if name == "dx" else (blocks,) for name in step.wanted}
    return _all_checked(case, "backward()", answer, shapes)


def _all_checked(case: Case, source: str, answer: Any, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    if not isinstance(answer, Mapping):
        raise _RubbishError(f"{source} must return a mapping from names to arrays, got {_kind(answer)}")
    if set(answer) != set(shapes):
        raise _RubbishError(f"{source} must return {_names(shapes)}, got {_names(answer)}")
    return {name: _checked(case, name, answer[name], shape) for name, shape in shapes.items()}


def _checked(case: Case, name: str, value: Any, shape: tuple[int, ...]) -> Array:
    if not isinstance(value, np.ndarray):
        raise _RubbishError(f"{name} must be a NumPy array, got {_kind(value)}")
    if value.dtype != case.format.dtype:
        raise _RubbishError(f"{name} must have dtype {case.dtype}, got {value.dtype}")
    if value.shape != shape:
        raise _RubbishError(f"{name} must have shape {shape}, got {value.shape}")
    return np.array(value, order="C")


def _kind(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__module__}.{type(value).__qualname__}"


def _names(names: Any) -> str:
    return ", ".join(sorted(map(str, names))) or "nothing"
