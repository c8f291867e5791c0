"""The units of a run, as plain text that any process can take: one implementation in one dtype, and what is seen of it.

Who carries out a unit finds the implementation by its target; nothing that belongs to somebody else is ever sent.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

from normspec.properties.check import check as check_one
from normspec.properties.hunt import Progress, Settings
from normspec.properties.known import KnownFailure
from normspec.properties.laws import LAWS
from normspec.properties.observations import Observations
from normspec.properties.verdict import Result
from normspec.records.known_file import known_failure_from, plain_known_failure
from normspec.reports.as_json import plain_result, result_from
from normspec.reports.observations import observations_from, plain_observations
from normspec.runs.request import Processes, named
from normspec.spec.environment import PollutedEnvironmentError
from normspec.spec.node import Node

Event = Progress | Result | Observations


@dataclass(frozen=True)
class Unit:
    """One implementation, by the target that gives it and by its name, in one dtype, and all that decides the cases."""

    target: str
    name: str
    operation: str
    laws: tuple[str, ...]
    settings: Settings
    known: tuple[KnownFailure, ...] = ()
    processes: Processes = field(default_factory=Processes)


class UnitError(RuntimeError):
    """A unit could not be carried out where it was sent; the message is one line."""


def unit_text(unit: Unit) -> str:
    """Return a unit as text."""
    plain = {name: getattr(unit, name) for name in ("target", "name", "operation", "laws")}
    known = [plain_known_failure(entry) for entry in unit.known]
    return json.dumps({**plain, "settings": asdict(unit.settings), "known": known, "processes": asdict(unit.processes)})


def unit_from(text: str) -> Unit:
    """Return the unit that text holds: text of our own, from a process of the same run."""
    plain = json.loads(text)
    known = Node(plain.pop("known"), "unit.known").items()
    settings: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in plain.pop("settings").items()
    }
    laws, processes = tuple(plain.pop("laws")), Processes(**plain.pop("processes"))
    found = tuple(map(known_failure_from, known))
    return Unit(**plain, laws=laws, settings=Settings(**settings), known=found, processes=processes)


_named = lru_cache(maxsize=64)(named)  # a process of an implementation's own goes on from one unit to the next


def events(unit: Unit, ready: Callable[[], None] = lambda: None) -> Iterator[Event]:
    """Carry out a unit; ready is called when the implementation has been found.

    Raises ValueError, with one line, when its target does not give the implementation here.
    """
    implementation = _named(unit.target, unit.operation, unit.name, unit.processes)
    ready()
    yield from check_one(implementation, tuple(LAWS[name] for name in unit.laws), unit.settings, unit.known)


def worked(text: str, ready: Callable[[], None] = lambda: None) -> Iterator[str]:
    """Carry out the unit in a text and yield each event as text; what goes wrong is an event, too."""
    try:
        yield from map(event_text, events(unit_from(text), ready))
    except ValueError as error:
        yield json.dumps({"unit": str(error)})
    except PollutedEnvironmentError as error:
        yield json.dumps({"environment": str(error)})


def event_text(event: Event) -> str:
    """Return an event as text, from which event_from makes the same event again."""
    if isinstance(event, Progress):
        return json.dumps({"progress": asdict(event)})
    if isinstance(event, Result):
        return json.dumps({"result": plain_result(event)}, allow_nan=False)
    return json.dumps({"observations": plain_observations(event)}, allow_nan=False)


def event_from(text: str) -> Event:
    """Return the event in a text. Raises UnitError or PollutedEnvironmentError where the unit ended with one."""
    ((kind, plain),) = json.loads(text).items()
    if kind == "unit":
        raise UnitError(plain)
    if kind == "environment":
        raise PollutedEnvironmentError(plain)
    event: Event = _READERS[kind](plain)
    return event


_READERS: Mapping[str, Callable[[Any], Event]] = {
    "progress": lambda plain: Progress(**plain),
    "result": lambda plain: result_from(Node(plain, "result")),
    "observations": lambda plain: observations_from(Node(plain, "observations")),
}
