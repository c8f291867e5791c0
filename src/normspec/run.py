"""One run, from what is asked to the report: every law on every implementation."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from time import monotonic

from normspec.implementations.contract import Implementation
from normspec.properties.check import Progress
from normspec.properties.check import check as check_one
from normspec.properties.known import KnownFailure
from normspec.properties.observations import Observations
from normspec.properties.verdict import Result
from normspec.report import Report
from normspec.request import Request, request
from normspec.versions import versions

Watch = Callable[[Progress | Result], None]


def _unwatched(event: Progress | Result) -> None:
    pass


def run(asked: Request, watch: Watch = _unwatched) -> Report:
    """Carry out a request and return the report; watch sees every event as it comes.

    A KeyboardInterrupt ends the run early: the report then holds what was found so far.
    """
    start, results, interrupted = monotonic(), list[Result](), False
    observations: list[Observations] = []
    try:
        for _, implementation in asked.implementations:
            laws = asked.laws_for(implementation)
            for event in check_one(implementation, laws, asked.settings, asked.known):
                if isinstance(event, Observations):
                    observations.append(event)
                    continue
                watch(event)
                if isinstance(event, Result):
                    results.append(event)
    except KeyboardInterrupt:
        interrupted = True
    return Report(
        results=tuple(_strict(result, asked.known) for result in results),
        asked={implementation.name: target for target, implementation in asked.implementations},
        settings={
            "max_examples": asked.settings.max_examples,
            "seed": asked.settings.seed,
            "dtypes": list(asked.settings.dtypes or ()),
            "laws": [law.name for law in asked.laws],
        },
        versions=versions(),
        seconds=monotonic() - start,
        interrupted=interrupted,
        observations=tuple(observations),
    )


def _strict(result: Result, known: tuple[KnownFailure, ...]) -> Result:
    """Return the result; one that is not claimed although its failure is on record does not conform."""
    place = (result.target, result.operation, result.law, result.dtype)
    stale = any(place == (entry.target, entry.operation, entry.law, entry.dtype) for entry in known)
    if result.verdict != "not claimed" or not stale:
        return result
    message = "stands in the file of known failures, but is not claimed: take it out of the file"
    return replace(result, verdict="nonconforming", message=message)


def check(
    *targets: str | Implementation,
    operations: Iterable[str] = (),
    laws: Iterable[str] = (),
    dtypes: Iterable[str] = (),
    max_examples: int = 100,
    seed: int = 0,
    known_failures: str | Path | None = None,
    isolate: bool = False,
    time_limit: float = 10.0,
    memory_limit: int = 4096,
    run_directory: str | Path | None = None,
) -> Report:
    """Hold implementations against the specification and return the report.

    A target is an implementation, or what the command takes: a registered name, `package.module:attribute` or
    `path/to/file.py:attribute`. Nothing named means everything; the rest is as `request` says. Raises ValueError, with
    one line, for a wrong name; KeyboardInterrupt passes through.
    """
    report = run(
        request(
            targets,
            operations=operations,
            laws=laws,
            dtypes=dtypes,
            max_examples=max_examples,
            seed=seed,
            known_failures=known_failures,
            isolate=isolate,
            time_limit=time_limit,
            memory_limit=memory_limit,
            run_directory=run_directory,
        )
    )
    if report.interrupted:
        raise KeyboardInterrupt
    return report
