"""A process that answers lines with lines, under limits. It can die, hang, eat memory and babble; its master cannot."""

import os
import selectors
import signal
import subprocess
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import IO
from uuid import uuid4

from normspec.implementations.ask import clean

MARK = "NORMSPEC_WORKER"  # in the environment of a worker and of every process that it starts
PIECE = 1 << 16
LAST_WORDS = 2000
LONGEST_END = 5.0  # seconds, for the processes that a worker leaves
LOOKS_EVERY = 0.05  # seconds, while nothing comes: a child may hold the pipes of a worker that is dead


@dataclass(frozen=True)
class Limits:
    """How far a worker may go: seconds for its start and for a case, bytes of memory and of one line."""

    start: float = 60.0
    case: float = 10.0
    memory: int = 4 * 2**30
    line: int = 2**28


class GoneError(Exception):
    """The worker has ended, or closed its output."""


class LateError(Exception):
    """The worker has not answered in time."""


class BabbleError(Exception):
    """The worker writes without end."""


class Worker:
    """One process. It leads a session of its own, so that it ends with all that it started."""

    def __init__(self, command: Sequence[str], limits: Limits) -> None:
        """Start the process. Raises OSError where that is not possible."""
        self.limits = limits
        self.mark = uuid4().hex
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            env={**os.environ, MARK: self.mark},
        )
        _limit_memory(self.process.pid, limits.memory)
        self.unread, self.words, self.unsent = bytearray(), bytearray(), memoryview(b"")
        self.lines = deque[bytes]()
        self.selector = selectors.DefaultSelector()
        for stream, take in ((self.process.stdout, Worker._take_output), (self.process.stderr, Worker._take_words)):
            _not_blocking(stream)
            self.selector.register(_opened(stream), selectors.EVENT_READ, take)
        _not_blocking(self.process.stdin)
        self.stop = weakref.finalize(self, _end, self.process, self.selector, self.mark)

    @property
    def ended(self) -> bool:
        """Return whether the process has ended."""
        return self.process.poll() is not None

    def ask(self, line: bytes, seconds: float) -> Iterator[bytes]:
        """Send a line and return the lines that come, as they come.

        Raises GoneError when the process ends or closes its output, LateError when `seconds` have passed, and
        BabbleError for a line that is too long.
        """
        deadline, self.unsent = monotonic() + seconds, memoryview(bytes(self.unsent) + line)
        if _opened(self.process.stdin) not in self.selector.get_map():
            self.selector.register(_opened(self.process.stdin), selectors.EVENT_WRITE, Worker._send)
        while monotonic() <= deadline:
            if self.lines:
                yield self.lines.popleft()
            elif not self._turn(deadline - monotonic()) and self.process.poll() is not None:
                raise GoneError(self._how_it_ended())
        raise LateError(f"no answer within {seconds:g} s")

    def _turn(self, left: float) -> bool:
        """Do what can be done at once, or wait a moment for it. Return whether there was anything."""
        ready = self.selector.select(max(0.0, min(left, LOOKS_EVERY)))
        for key, _ in ready:
            key.data(self, key.fileobj)
        return bool(ready)

    def _send(self, stream: IO[bytes]) -> None:
        try:
            self.unsent = self.unsent[os.write(stream.fileno(), self.unsent[:PIECE]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:  # who does not listen any more is found out by its silence
            self.unsent = memoryview(b"")
        if not self.unsent:
            self.selector.unregister(stream)

    def _take_output(self, stream: IO[bytes]) -> None:
        piece = os.read(stream.fileno(), PIECE)
        if not piece:
            self.selector.unregister(stream)
            raise GoneError(self._how_it_ended())
        *whole, rest = piece.split(b"\n")
        for part in whole:
            self.lines.append(bytes(self.unread) + part)
            self.unread = bytearray()
        self.unread += rest
        if len(self.unread) > self.limits.line:
            raise BabbleError(f"wrote a line of more than {self.limits.line} bytes")

    def _take_words(self, stream: IO[bytes]) -> None:
        piece = os.read(stream.fileno(), PIECE)
        self.words = (self.words + piece)[-LAST_WORDS:]
        if not piece:
            self.selector.unregister(stream)

    def _how_it_ended(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(1)
        code = self.process.poll()
        how = "closed its output" if code is None else _named(code)
        with suppress(BlockingIOError, OSError):
            self.words = (self.words + os.read(_opened(self.process.stderr).fileno(), PIECE))[-LAST_WORDS:]
        lines = self.words.decode("utf-8", "backslashreplace").strip().splitlines()
        return f"{how}; its last words: {clean(lines[-1])}" if lines else how


def _named(code: int) -> str:
    """Return how a process ended, from its return code, in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def _opened(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None, "every stream of a worker is a pipe"
    return stream


def _not_blocking(stream: IO[bytes] | None) -> None:
    os.set_blocking(_opened(stream).fileno(), False)


def _limit_memory(pid: int, size: int) -> None:
    """Limit what a process may write to, where the system can: what it has merely reserved does not count."""
    import resource

    if hasattr(resource, "prlimit"):
        with suppress(ProcessLookupError, PermissionError):
            resource.prlimit(pid, resource.RLIMIT_DATA, (size, size))


def _end(process: "subprocess.Popen[bytes]", selector: selectors.BaseSelector, mark: str) -> None:
    """End a worker and every process that it started, also those that left its session."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
    deadline = monotonic() + LONGEST_END
    while (left := list(_marked(mark))) and monotonic() < deadline:  # one that is dying may have started another
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        sleep(0.005)
    selector.close()
    for stream in (process.stdin, process.stdout, process.stderr):
        with suppress(OSError):
            _opened(stream).close()


def _marked(mark: str) -> Iterator[int]:
    """Return the processes that carry a worker's mark, where the system shows it."""
    sought = f"{MARK}={mark}".encode()
    for place in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if sought in place.read_bytes():
                yield int(place.parent.name)
