"""Putting a case to an implementation. Whatever it does, what comes back is a value."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from normspec.implementations.answers import RubbishError, checked, checked_array, demanded
from normspec.implementations.contract import Implementation, Instance
from normspec.implementations.layouts import Placed, place, state_layout
from normspec.spec.case import LIFE, Case, Step, stranger
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS
from normspec.spec.outcome import Crashed, Malformed, Outcome, Refused, Returned

LONGEST_MESSAGE = 300


@dataclass
class _Session:
    """One instance at work on one case: what was handed over, and what has come back so far."""

    case: Case
    layers: list[Instance] = field(default_factory=list)
    calls: dict[int, tuple[Instance, int]] = field(default_factory=dict)
    saved: dict[int, Any] = field(default_factory=dict)
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
        return refused_or_crashed(error, implementation, session.position)
    return Returned(tuple(session.answers), session.mutated())


def is_refusal(error: BaseException, implementation: Implementation) -> bool:
    """Return whether the implementation says no by this exception.

    A RecursionError never counts, although it is a RuntimeError: nobody refuses by running out of stack.
    """
    return isinstance(error, implementation.refusals) and not isinstance(error, RecursionError)


def refused_or_crashed(error: BaseException, implementation: Implementation, step: int) -> Refused | Crashed:
    """Return what an exception, raised by a step, comes to as an outcome."""
    kind = Refused if is_refusal(error, implementation) else Crashed
    return kind(step, told(error))


_name_of = type.__dict__["__name__"].__get__  # a metaclass may have another answer, or none


def told(error: BaseException) -> str:
    """Return an exception's type and the first line of its message, safe to print."""
    return f"{clean(_name_of(type(error)))}: {message_of(error)}"


def message_of(error: BaseException) -> str:
    """Return the first line of an exception's message, safe to print."""
    try:
        return clean(str(error))
    except KeyboardInterrupt:
        raise
    except BaseException:
        return "(its message cannot be read)"


def clean(text: str) -> str:
    """Return the first line of text, without characters that do not print, cut to LONGEST_MESSAGE."""
    line = text.strip().split("\n", 1)[0]
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line[: LONGEST_MESSAGE + 1])
    return shown if len(shown) <= LONGEST_MESSAGE else shown[: LONGEST_MESSAGE - 3] + "..."


def _perform(session: _Session, implementation: Implementation, watch: Callable[[int], None]) -> None:
    case = session.case
    watch(-1)
    session.layers.append(_created(session, implementation, case))
    for session.position, step in enumerate(case.script):
        watch(session.position)
        if step.verb in LIFE:
            session.answers.append(_lived(session, implementation, step))
        else:
            take = {"backward": _backward, "jvp": _tangent}.get(step.verb, _forward)
            session.answers.append(take(session, step))


def _created(session: _Session, implementation: Implementation, case: Case) -> Instance:
    number = f"layer {len(session.layers)}: " if session.layers else ""
    parameters = {name: session.hand(f"{number}{name}", values) for name, values in case.parameters.items()}
    state = {name: place(values, state_layout(case.layout)).array for name, values in case.state.items()}
    return implementation.create(case.but(parameters=parameters, state=state))


def _lived(session: _Session, implementation: Implementation, step: Step) -> Mapping[str, Array]:
    """Do what is done to a layer, and return the running statistics of the layer that comes of it."""
    layer: Any = session.layers[step.on]
    if step.verb == "layer":
        layer = _created(session, implementation, stranger(session.case))
    elif step.verb == "copy":
        layer = layer.copy()
    elif step.verb == "save":
        session.saved[session.position] = layer.save()
    elif step.verb == "load":
        layer.load(session.saved[cast(int, step.of)])
    elif step.verb == "freeze":
        layer.freeze()
    else:
        layer.change_momentum(step.value)
    if step.verb in ("layer", "copy"):
        session.layers.append(layer)
    return checked(session.case, "state()", layer.state(), demanded(session.case, session.position))


def _forward(session: _Session, step: Step) -> Mapping[str, Array]:
    instance = session.layers[step.on]
    x = session.hand(f"step {session.position}: x", step.input)
    session.calls[session.position] = instance, sum(each is instance for each, _ in session.calls.values())
    y = instance.forward(x, training=step.verb == "train")
    shapes = dict(demanded(session.case, session.position))
    further = OPERATIONS[session.case.operation].further
    if further:
        found = checked(session.case, "forward()", y, {name: shapes.pop(name) for name in ("y", *further)})
    else:
        found = {"y": checked_array(session.case, "y", y, shapes.pop("y"))}
    return found | checked(session.case, "state()", instance.state(), shapes)


def _backward(session: _Session, step: Step) -> Mapping[str, Array]:
    case = session.case
    if step.cotangent is None:
        raise ValueError(f"script[{session.position}] has no cotangent")
    instance, earlier = _call_of(session, step)
    cotangent = session.hand(f"step {session.position}: cotangent", step.cotangent)
    if step.direction is None:
        answer = instance.backward(earlier, cotangent, step.wanted)
    else:
        direction = session.hand(f"step {session.position}: direction", step.direction)
        answer = instance.double_backward(earlier, cotangent, direction, step.wanted)  # type: ignore[attr-defined]
    return checked(case, "backward()", answer, demanded(case, session.position))


def _tangent(session: _Session, step: Step) -> Mapping[str, Array]:
    tangents = {
        name: session.hand(f"step {session.position}: tangent of {name}", values)
        for name, values in step.tangents.items()
    }
    instance, earlier = _call_of(session, step)
    answer = instance.jvp(earlier, tangents)  # type: ignore[attr-defined]
    return checked(session.case, "jvp()", {"ty": answer}, demanded(session.case, session.position))


def _call_of(session: _Session, step: Step) -> tuple[Instance, int]:
    """Return the layer of the forward step that a step belongs to, and which of its calls that was."""
    if step.of not in session.calls:
        raise ValueError(f"script[{session.position}].of={step.of!r}: name the forward step that it belongs to")
    return session.calls[step.of]
