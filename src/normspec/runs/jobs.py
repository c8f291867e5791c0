"""Units carried out in processes of this machine, several at a time. One that dies takes no other with it."""

import os
import signal
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from normspec.properties.recollection import recollecting
from normspec.runs.units import Event, Unit, event_from, unit_text, worked

MOST = 4  # processes started where nobody says how many: each one imports frameworks and holds their memory
DONE = b""


@dataclass(frozen=True)
class Lost:
    """A unit whose process died before it was done, and how."""

    how: str


@dataclass
class _Lane:
    """One process, our end of the pipe to it, the number of the unit that it works on, and what that is about."""

    process: SpawnProcess
    pipe: Connection
    number: int | None = None
    about: tuple[str, ...] = ()

    def take(self, number: int, unit: Unit) -> None:
        self.number, self.about = number, _about(unit)
        self.pipe.send_bytes(unit_text(unit).encode())

    def stop(self) -> None:
        self.pipe.close()
        self.process.kill()
        self.process.join()


def jobs_for(units: int) -> int:
    """Return how many processes are worth their start for so many units: one does at least two of them."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, MOST, units // 2))


def carried_out(units: Sequence[Unit], jobs: int) -> Iterator[tuple[int, Event | Lost]]:
    """Carry out units in so many processes; yield every event as it comes, with its unit's number.

    Each process takes one unit after the other. A unit whose process dies yields Lost, and another process goes on.
    """
    waiting = deque(enumerate(units))
    lanes = [_started() for _ in range(min(jobs, len(units)))]
    try:
        for lane in lanes:
            lane.take(*_next(waiting, lane, lanes))
        while busy := [lane for lane in lanes if lane.number is not None]:
            ready = set(wait([each for lane in busy for each in (lane.pipe, lane.process.sentinel)]))
            for lane in busy:
                if lane.pipe in ready or lane.process.sentinel in ready:
                    yield from _heard(lane, lanes, waiting)
    finally:
        for lane in lanes:
            lane.stop()


def _heard(lane: _Lane, lanes: list[_Lane], waiting: deque[tuple[int, Unit]]) -> Iterator[tuple[int, Event | Lost]]:
    """Yield what a lane has to say, and give it the next unit when it is done with one."""
    number, message = lane.number, _received(lane)
    if number is None:
        return
    if message:
        yield number, event_from(message.decode())
        return
    if message is None:
        lane.process.join()
        yield number, Lost(_how(lane.process.exitcode))
        lane.stop()
        lanes.remove(lane)
        if not waiting:
            return
        lane = _started()
        lanes.append(lane)
    lane.number = None
    if waiting:
        lane.take(*_next(waiting, lane, lanes))


def _about(unit: Unit) -> tuple[str, ...]:
    """Return what units have in common that are asked the same cases, and share what is expected of them."""
    return (unit.operation, *(unit.settings.dtypes or ()))


def _next(waiting: deque[tuple[int, Unit]], lane: _Lane, lanes: list[_Lane]) -> tuple[int, Unit]:
    """Take the unit that a lane does best: one about the same as its last, or else what no lane is about."""
    taken = {each.about for each in lanes}
    wishes = (lambda about: about == lane.about), (lambda about: about not in taken), (lambda about: True)
    found = next(each for wish in wishes for each in waiting if wish(_about(each[1])))
    waiting.remove(found)
    return found


def _received(lane: _Lane) -> bytes | None:
    """Return the next message of a lane, or None when there will be none: its process is dead."""
    try:
        return lane.pipe.recv_bytes() if lane.pipe.poll() else None
    except (EOFError, OSError):
        return None


def _how(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"was ended by {signal.Signals(-exit_code).name}"
    return f"ended with exit code {exit_code}"


def _started() -> _Lane:
    context = get_context("spawn")  # a fork would copy the locks of frameworks that run threads
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), name="normspec")
    process.start()
    theirs.close()
    return _Lane(process, ours)


def _serve(pipe: Connection) -> None:
    """Carry out the units that come through a pipe until it is closed. Runs in a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one, which ends it
    try:
        with recollecting():
            while True:
                for event in worked(pipe.recv_bytes().decode(), _one_thread):
                    pipe.send_bytes(event.encode())
                pipe.send_bytes(DONE)
    except (EOFError, BrokenPipeError):
        return


def _one_thread() -> None:
    """Keep torch, once a target has imported it, from starting as many threads as there are cores in each process."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != 1:
        torch.set_num_threads(1)
