"""A run spread over processes, of this machine or of a cluster: cut into units, and what is lost accounted for."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from normspec.implementations.contract import Implementation
from normspec.properties.check import check as check_one
from normspec.properties.hunt import Progress, claims_all
from normspec.properties.law import Law
from normspec.properties.verdict import Result
from normspec.runs.jobs import Lost, carried_out, jobs_for
from normspec.runs.request import Request
from normspec.runs.units import Event, Unit
from normspec.spec.formats import FORMATS


def parts(asked: Request) -> list[tuple[str, Implementation, str]]:
    """Return target, implementation and dtype of each part of a run, in the order of the report."""
    dtypes = asked.settings.dtypes or tuple(FORMATS)
    return [(target, found, dtype) for target, found in asked.implementations for dtype in dtypes]


def jobs_worth(asked: Request) -> int:
    """Return in how many processes a run is done soonest, where nobody says how many."""
    return jobs_for(sum(_travels(asked, *part) for part in parts(asked)))


def spread(asked: Request, jobs: int, cluster: str | None) -> Iterator[tuple[int, Event]]:
    """Carry out a request in processes; yield every event as it comes, with the number of its part.

    What no other process can find, and what is not claimed, is done here, when the rest is done.
    """
    every = parts(asked)
    travelling = [number for number, part in enumerate(every) if _travels(asked, *part)]
    units = [_unit(asked, *every[number]) for number in travelling]
    seen: dict[int, set[str]] = {number: set() for number in travelling}
    for position, event in _carried(units, jobs, cluster):
        number = travelling[position]
        if isinstance(event, Lost):
            yield from ((number, result) for result in _lost(asked, every[number], seen[number], event))
            continue
        if isinstance(event, Result):
            seen[number].add(event.law)
        yield number, event
    for number, (_, implementation, dtype) in enumerate(every):
        if number not in seen:
            settings = replace(asked.settings, dtypes=(dtype,))
            for event in check_one(implementation, asked.laws_for(implementation), settings, asked.known):
                yield number, event


def _carried(units: Sequence[Unit], jobs: int, cluster: str | None) -> Iterator[tuple[int, Event | Lost]]:
    if cluster is None:
        return carried_out(units, jobs)
    from normspec.runs.cluster import carried_out_by

    return carried_out_by(cluster, units)


def _travels(asked: Request, target: str, implementation: Implementation, dtype: str) -> bool:
    return implementation.name not in asked.local and dtype in implementation.claims.dtypes


def _unit(asked: Request, target: str, implementation: Implementation, dtype: str) -> Unit:
    """Return a part as a unit, with the entries of the record that are about it and a folder of its own for cases."""
    names, place = (implementation.name, implementation.stands_for), (implementation.operation, dtype)
    folder = asked.processes.run_directory
    return Unit(
        target=target,
        name=implementation.name,
        operation=implementation.operation,
        laws=tuple(law.name for law in asked.laws_for(implementation)),
        settings=replace(asked.settings, dtypes=(dtype,)),
        known=tuple(each for each in asked.known if each.target in names and (each.operation, each.dtype) == place),
        processes=replace(asked.processes, run_directory=None if folder is None else f"{folder}/{dtype}"),
    )


def _lost(
    asked: Request, part: tuple[str, Implementation, str], seen: set[str], lost: Lost
) -> Iterator[Progress | Result]:
    """Yield a result for each law that a lost unit had not come to."""
    _, implementation, dtype = part
    for law in asked.laws_for(implementation):
        if law.name not in seen:
            yield _unjudged(implementation, law, dtype, lost)
    yield Progress(implementation.name, implementation.operation, "lost", dtype, 1, 1)


def _unjudged(implementation: Implementation, law: Law, dtype: str, lost: Lost) -> Result:
    result = Result(implementation.name, implementation.operation, law.name, dtype, "not claimed", 0, 0)
    if not claims_all(implementation, law):
        return result
    message = f"the process that checked it {lost.how} before this law was judged: --isolate finds the case"
    return replace(result, verdict="crashed", message=message)
