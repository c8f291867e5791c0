"""When a faulty implementation is caught: how many cases are judged, and how long it takes, until a law breaks."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from math import inf
from time import process_time

from normspec.implementations.contract import Implementation
from normspec.properties.cases import STREAMS, Stream
from normspec.properties.hunt import Hunt, Settings, claims_all
from normspec.properties.judge import judge
from normspec.properties.law import Law
from normspec.properties.laws import LAWS
from normspec.properties.reduce import reduce
from normspec.properties.search import complexity, explore
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken
from normspec.spec.case import Case
from normspec.spec.formats import FORMATS


@dataclass(frozen=True, eq=False)
class Detection:
    """The first failure of an implementation: the law, the case, and the CPU seconds spent until it came."""

    law: str
    dtype: str
    case: Case
    cases: int
    seconds: float


def gathered(hunt: Hunt, anew: bool = False) -> tuple[tuple[Stream, Case], ...]:
    """Return the cases of a hunt, each with its stream.

    anew leaves those out that are the same under every seed: the pinned ones, and the trivial one that Hypothesis draws
    first.
    """
    found: list[tuple[Stream, Case]] = []
    for stream in STREAMS.values():
        pinned = () if anew else stream.pinned(hunt.extent())
        drawn: list[Case] = []
        for batch in hunt.batches(stream):
            first = len(drawn)
            explore(batch.strategy, batch.seed, batch.size, drawn.append)
            del drawn[first : first + anew]
        found += [(stream, case) for case in (*pinned, *drawn)]
    return tuple(found)


def rejected(implementation: Implementation, cases: Iterable[tuple[Stream, Case]]) -> tuple[int, Detection | None]:
    """Return how many cases were judged by every law until the first failure, and that failure, if there is one."""
    watch = _Watch(implementation, Settings(), tuple(LAWS.values()))
    with suppress(_CaughtError):
        for stream, case in cases:
            watch.judge(stream, case)
    return watch.cases, watch.found


@dataclass(frozen=True, eq=False)
class Matrix:
    """Which laws an implementation breaks, each with the simplest failing case, made smaller; and what came first."""

    broken: Mapping[str, Case]
    first: Detection | None


def matrix(implementation: Implementation, settings: Settings | None = None) -> Matrix:
    """Return every law that the implementation breaks on the cases of a check, up to the first dtype that shows any."""
    watch = _Watch(implementation, settings or Settings(), tuple(LAWS.values()), stop=False)
    watch.first()
    smaller = {name: _reduced(implementation, LAWS[name], case) for name, case in watch.broken.items()}
    return Matrix(smaller, watch.found)


def _reduced(implementation: Implementation, law: Law, case: Case) -> Case:
    def fails(smaller: Case) -> Broken | None:
        found = judge(law, Trial(implementation, smaller), inf)
        return found if isinstance(found, Broken) else None

    found = fails(case)
    return case if found is None else reduce(case, found, implementation.claims, fails)[0]


class _CaughtError(BaseException):
    """A law is broken. No Exception, so that Hypothesis lets it through."""


def detect(
    implementation: Implementation, settings: Settings | None = None, laws: tuple[Law, ...] = tuple(LAWS.values())
) -> Detection | None:
    """Return the first failure that a check of the implementation comes to, or None where it comes to none.

    Cases are those of `check`, dtype after dtype: the pinned ones first, which no seed decides on, then those drawn.
    Every law is tried on every case.
    """
    return _Watch(implementation, settings or Settings(), laws).first()


def detect_pinned(
    implementation: Implementation,
    dtypes: tuple[str, ...] = tuple(FORMATS),
    laws: tuple[Law, ...] = tuple(LAWS.values()),
) -> Detection | None:
    """Return the first failure on a pinned case, or None: what is found here is found under every seed."""
    return _Watch(implementation, Settings(max_examples=0, dtypes=dtypes), laws).first()


class _Watch:
    def __init__(
        self,
        implementation: Implementation,
        settings: Settings,
        laws: tuple[Law, ...],
        stop: bool = True,
    ) -> None:
        self.implementation, self.settings = implementation, settings
        claimed = [
            law for law in laws if implementation.operation in law.operations and claims_all(implementation, law)
        ]
        self.laws = {name: [law for law in claimed if name in law.streams] for name in STREAMS}
        self.cases, self.start = 0, process_time()
        self.found: Detection | None = None
        self.broken: dict[str, Case] = {}
        self.stop = stop

    def first(self) -> Detection | None:
        asked = [name for name in self.settings.dtypes or FORMATS if name in self.implementation.claims.dtypes]
        with suppress(_CaughtError):
            for dtype in asked:
                self._look(Hunt(self.implementation, dtype, self.settings, ()))
                if self.found:
                    break
        return self.found

    def _look(self, hunt: Hunt) -> None:
        streams = [stream for stream in STREAMS.values() if self.laws[stream.name]]
        for stream in streams:
            for case in stream.pinned(hunt.extent()):
                self.judge(stream, case)
        for stream in streams:
            for batch in hunt.batches(stream) if self.settings.max_examples else ():
                explore(batch.strategy, batch.seed, batch.size, partial(self.judge, stream))

    def judge(self, stream: Stream, case: Case) -> None:
        """Try every law of a stream on a case; without any, the case does not count."""
        laws = self.laws[stream.name]
        self.cases += bool(laws)
        trial = Trial(self.implementation, case)
        for law in laws:
            if isinstance(judge(law, trial, inf), Broken):
                self._take(law, case)

    def _take(self, law: Law, case: Case) -> None:
        if self.found is None:
            self.found = Detection(law.name, case.dtype, case, self.cases, process_time() - self.start)
        if law.name not in self.broken or complexity(case) < complexity(self.broken[law.name]):
            self.broken[law.name] = case
        if self.stop:
            raise _CaughtError
