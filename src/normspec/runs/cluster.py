"""Units carried out by an existing Dask cluster. What is sent and what comes back is text; cases are seeds."""

from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Any

from normspec.runs.jobs import Lost
from normspec.runs.units import Event, Unit, UnitError, event_from, unit_text, worked

_ALONE = Lock()  # Hypothesis and warnings belong to a whole process, and a worker may have several threads


def answered(text: str) -> list[str]:
    """Carry out the unit in a text and return its events as texts. Runs on a worker of the cluster."""
    with _ALONE:
        return list(worked(text))


def carried_out_by(address: str, units: Sequence[Unit]) -> Iterator[tuple[int, Event | Lost]]:
    """Send units to the scheduler at an address; yield the events of each when it is done, with its number.

    The cluster gives a unit whose worker dies to another one; it is Lost when the cluster gives up. Raises UnitError,
    with one line, where the cluster cannot be reached.
    """
    from distributed import as_completed

    with _connected(address) as client:
        numbers: dict[Any, int] = {
            client.submit(answered, unit_text(unit), pure=False): number for number, unit in enumerate(units)
        }
        try:
            for future in as_completed(list(numbers)):
                yield from ((numbers[future], event) for event in _heard(future))
        finally:
            client.cancel(list(numbers))


def _heard(future: Any) -> Iterator[Event | Lost]:
    from distributed import KilledWorker

    failure = future.exception()
    if isinstance(failure, KilledWorker):
        yield Lost(f"died each time that the cluster tried ({' '.join(str(failure).split())})")
    elif failure is not None:
        raise failure
    else:
        yield from map(event_from, future.result())


def _connected(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise UnitError(f"dask={address!r} needs Dask: pip install 'normspec[dask]'") from None
    try:
        return Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise UnitError(f"dask={address!r} does not answer ({error}): give the scheduler's address") from None
