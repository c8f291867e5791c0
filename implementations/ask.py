"""Putting a case to an implementation. Whatever it does, what comes back is a value."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from normspec.implementations.answers import RubbishError, checked, checked_array, demanded
from normspec.implementations.contract import Implementation, Instance
from normspec.implementations.layouts import Placed, place, state_layout
from normspec.spec.case import Case, Step
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS
from normspec.spec.outcome import Crashed, Malformed, Outcome, Refused, Returned

LONGEST_MESSAGE = 300


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


def _unwatched(step: int) -> None:
    pass


def ask(implementation: Implementation, case: Case, watch: Callable[[int], None] = _unwatched) -> Outcome:
    """Return what a fresh instance of the implementation makes of the case's script.

    The instance gets copies of the arrays in the case's layout, and what it returns is checked and copied. Exceptions
    are outcomes; only KeyboardInterrupt goes through. Warnings are not judged. Results that are not finite are results.
    An implementation that answers whole cases by itself is simply asked for that. watch is told each step before it is
    taken, -1 for the creation of the layer.
    """
    if implementation.answer is not None:
        return implementation.answer(case)
    session = _Session(case)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _perform(session, implementation, watch)
    except KeyboardInterrupt:
        raise
    except RubbishError as rubbish:
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


def _perform(session: _Session, implementation: Implementation, watch: Callable[[int], None]) -> None:
    case = session.case
    watch(-1)
    parameters = {name: session.hand(name, values) for name, values in case.parameters.items()}
    state = {name: place(values, state_layout(case.layout)).array for name, values in case.state.items()}
    instance = implementation.create(case.but(parameters=parameters, state=state))
    for session.position, step in enumerate(case.script):
        watch(session.position)
        take = {"backward": _backward, "jvp": _tangent}.get(step.verb, _forward)
        session.answers.append(take(session, instance, step))


def _forward(session: _Session, instance: Instance, step: Step) -> Mapping[str, Array]:
    x = session.hand(f"step {session.position}: x", step.input)
    y = instance.forward(x, training=step.verb == "train")
    shapes = dict(demanded(session.case, session.position))
    further = OPERATIONS[session.case.operation].further
    if further:
        found = checked(session.case, "forward()", y, {name: shapes.pop(name) for name in ("y", *further)})
    else:
        found = {"y": checked_array(session.case, "y", y, shapes.pop("y"))}
    return found | checked(session.case, "state()", instance.state(), shapes)


def _backward(session: _Session, instance: Instance, step: Step) -> Mapping[str, Array]:
    case = session.case
    if step.cotangent is None:
        raise ValueError(f"script[{session.position}] has no cotangent")
    earlier = _earlier(session, step)
    cotangent = session.hand(f"step {session.position}: cotangent", step.cotangent)
    if step.direction is None:
        answer = instance.backward(earlier, cotangent, step.wanted)
    else:
        direction = session.hand(f"step {session.position}: direction", step.direction)
        answer = instance.double_backward(earlier, cotangent, direction, step.wanted)  # type: ignore[attr-defined]
    return checked(case, "backward()", answer, demanded(case, session.position))


def _tangent(session: _Session, instance: Instance, step: Step) -> Mapping[str, Array]:
    tangents = {
        name: session.hand(f"step {session.position}: tangent of {name}", values)
        for name, values in step.tangents.items()
    }
    answer = instance.jvp(_earlier(session, step), tangents)  # type: ignore[attr-defined]
    return checked(session.case, "jvp()", {"ty": answer}, demanded(session.case, session.position))


def _earlier(session: _Session, step: Step) -> int:
    """Return how many forward steps come before the one that a step belongs to."""
    if step.of is None:
        raise ValueError(f"script[{session.position}].of=None: name the forward step that it belongs to")
    return sum(other.x is not None for other in session.case.script[: step.of])
