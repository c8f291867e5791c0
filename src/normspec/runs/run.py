"""One run, from what is asked to the report: every law on every implementation."""

from collections import defaultdict
from collections.abc import Callable, Container, Iterator
from dataclasses import replace
from time import monotonic
from typing import Any, Unpack

from normspec.implementations.contract import Implementation
from normspec.properties.check import check as check_one
from normspec.properties.hunt import Progress
from normspec.properties.observations import Observations
from normspec.properties.recollection import recollecting
from normspec.properties.verdict import Result
from normspec.reports.report import Report
from normspec.runs.request import Options, Request, request
from normspec.runs.shards import shard_text
from normspec.runs.spreading import spread
from normspec.runs.units import Event
from normspec.runs.versions import versions

Watch = Callable[[Progress | Result], None]


def _unwatched(event: Progress | Result) -> None:
    pass


def run(asked: Request, watch: Watch = _unwatched, jobs: int = 1, cluster: str | None = None) -> Report:
    """Carry out a request and return the report; watch sees every event as it comes.

    jobs says in how many processes, cluster on which Dask scheduler; what is found is the same. A KeyboardInterrupt
    ends the run early: the report then holds what was found so far.
    """
    start, interrupted = monotonic(), False
    found: dict[int, list[Event]] = defaultdict(list)
    try:
        with recollecting():
            for part, event in _here(asked) if jobs == 1 and cluster is None else spread(asked, jobs, cluster):
                if not isinstance(event, Observations):
                    watch(event)
                if not isinstance(event, Progress):
                    found[part].append(event)
    except KeyboardInterrupt:
        interrupted = True
    events = [event for part in sorted(found) for event in found[part]]
    return Report(
        results=tuple(strict(event, asked.recorded) for event in events if isinstance(event, Result)),
        asked={implementation.name: target for target, implementation in asked.implementations},
        settings=_plain_settings(asked),
        versions=versions(),
        seconds=monotonic() - start,
        interrupted=interrupted,
        observations=tuple(event for event in events if isinstance(event, Observations)),
    )


def _here(asked: Request) -> Iterator[tuple[int, Event]]:
    """Carry out a request in this process, one implementation after the other; those of an operation share cases."""
    for part, (_, implementation) in sorted(enumerate(asked.implementations), key=lambda each: each[1][1].operation):
        for event in check_one(implementation, asked.laws_for(implementation), asked.settings, asked.known):
            yield part, event


def _plain_settings(asked: Request) -> dict[str, Any]:
    """Return the settings that decide which cases are judged. Databases do not: what they hold comes in addition."""
    settings = asked.settings
    return {
        "max_examples": settings.max_examples,
        "seed": settings.seed,
        "dtypes": list(settings.dtypes or ()),
        "laws": [law.name for law in asked.laws],
        "pinned_every": settings.pinned_every,
        "shard": shard_text(settings.shard),
    }


def strict(result: Result, recorded: Container[tuple[str, str, str, str]]) -> Result:
    """Return the result; one that is not claimed although its failure is on record does not conform.

    recorded: the target, operation, law and dtype of each entry on record.
    """
    place = (result.target, result.operation, result.law, result.dtype)
    if result.verdict != "not claimed" or place not in recorded:
        return result
    message = "stands in the file of known failures, but is not claimed: take it out of the file"
    return replace(result, verdict="nonconforming", message=message, stale=True)


def check(*targets: str | Implementation, jobs: int = 1, **options: Unpack[Options]) -> Report:
    """Hold implementations against the specification and return the report.

    A target is an implementation, or what the command takes: a registered name, `package.module:attribute` or
    `path/to/file.py:attribute`. Nothing named means everything. Targets that are named are checked in so many jobs, as
    processes; the rest is as `request` says. Raises ValueError, with one line, for a wrong name; KeyboardInterrupt
    passes through.
    """
    report = run(request(targets, **options), jobs=jobs)
    if report.interrupted:
        raise KeyboardInterrupt
    return report
