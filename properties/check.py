"""Holding one implementation against laws: draw cases, judge each by every law, shrink what breaks."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from math import ceil
from zlib import crc32

import numpy as np

from normspec.implementations.contract import Implementation
from normspec.properties.cases import STREAMS, Stream, recast
from normspec.properties.cases.regimes import REGIMES
from normspec.properties.cases.shapes import Extent
from normspec.properties.known import KnownFailure
from normspec.properties.law import Law
from normspec.properties.observations import Observations, Observer
from normspec.properties.reduce import reduce
from normspec.properties.search import complexity, explore, remember, replay, shrink
from normspec.properties.shelf import Shelf, shelf_of
from normspec.properties.tally import Batch, Failure, Tally, conclude
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Counterexample, Inapplicable, Judgement, Result
from normspec.spec.case import Case
from normspec.spec.formats import FORMATS
from normspec.spec.operations import OPERATIONS
from normspec.spec.outcome import GivenUpError, Returned

FOLLOWED = ("running-mean", "running-variance")  # where they are asked for, a layer is trained for the report
ASKS_AGAIN_EVERY = 3  # laws that ask again are tried on every third case, in turns: they cost the most


@dataclass(frozen=True)
class Settings:
    """How hard to look: cases drawn for the main stream, the seed, the dtypes (all when none is named).

    shard is (k, n): of the same cases only every n-th is judged, from the k-th on; n shards together judge them all.
    databases name where failing cases are kept, as normspec.properties.shelf reads them; the first is written to.
    """

    max_examples: int = 100
    seed: int = 0
    dtypes: tuple[str, ...] | None = None
    shard: tuple[int, int] = (1, 1)
    databases: tuple[str, ...] = ()

    def judges(self, number: int) -> bool:
        """Return whether this shard judges the number-th case of a batch, counted from 0."""
        own, shards = self.shard
        return number % shards == own - 1


@dataclass(frozen=True)
class Progress:
    """How far the check of one implementation is; law says what is being tried: a stream of cases, or a law."""

    target: str
    operation: str
    law: str
    dtype: str
    done: int
    total: int


@dataclass(frozen=True, eq=False)
class Hunt:
    """The check of one implementation in one dtype, and the smallest failing cases found in it so far.

    Nothing is carried over from another dtype: what a check finds does not depend on what ran before it.
    """

    implementation: Implementation
    dtype: str
    settings: Settings
    known: tuple[KnownFailure, ...]
    smallest: list[Failure] = field(default_factory=list)

    def on_record(self, law: Law, case: Case) -> KnownFailure | None:
        """Return the entry of the record that a failure of the law on this case matches."""
        return next((entry for entry in self.known if entry.covers(self.implementation.name, law.name, case)), None)

    def batches(self, stream: Stream) -> list[Batch]:
        """Return the batches in which the stream's cases are drawn: one a regime where it is stratified.

        Where there are fewer cases than regimes, they are drawn from all of them together.
        """
        total = max(1, round(stream.share * self.settings.max_examples))
        strata = [(name,) for name in REGIMES] if stream.stratified and total >= len(REGIMES) else [tuple(REGIMES)]
        size = 1 + ceil(total / len(strata))  # the first that Hypothesis draws is the same trivial one in each
        return [Batch(stream, self.extent(regimes), self.settings.seed, size) for regimes in strata]

    def batches_ever(self, stream: Stream) -> list[Batch]:
        """Return a batch for each set of regimes that some run draws from, however many cases it draws."""
        strata = [(name,) for name in REGIMES] if stream.stratified else []
        every = (tuple(REGIMES), *strata)
        return [Batch(stream, self.extent(regimes), self.settings.seed, 1) for regimes in every]

    def shelf(self, batch: Batch) -> Shelf | None:
        """Return where the failing cases of a batch are kept, or None where no database is used."""
        extent = batch.extent
        words = (self.implementation.name, extent.operation.name, self.dtype, batch.stream.name, *extent.regimes)
        return shelf_of(self.settings.databases, words)

    def extent(self, regimes: tuple[str, ...] = tuple(REGIMES)) -> Extent:
        """Return what cases are drawn for."""
        return Extent(OPERATIONS[self.implementation.operation], self.implementation.claims, self.dtype, regimes)


def check(
    implementation: Implementation,
    laws: tuple[Law, ...],
    settings: Settings | None = None,
    known: tuple[KnownFailure, ...] = (),
) -> Iterator[Progress | Result | Observations]:
    """Hold an implementation against the laws of its operation.

    Yields how far it is, a result for each law and dtype, and for each dtype what was seen of accuracy. Known failures
    are tried first, each on its own case.
    """
    settings = settings or Settings()
    wanted = [law for law in laws if implementation.operation in law.operations]
    with closing(implementation):
        for dtype in settings.dtypes or FORMATS:
            if dtype not in implementation.claims.dtypes:
                yield from (_not_claimed(implementation, law, dtype) for law in wanted)
                continue
            yield from _check_dtype(Hunt(implementation, dtype, settings, known), wanted)


def _check_dtype(hunt: Hunt, laws: list[Law]) -> Iterator[Progress | Result | Observations]:
    implementation, dtype = hunt.implementation, hunt.dtype
    tallies = [Tally(law) for law in laws if claims_all(implementation, law)]
    streams = [stream for stream in STREAMS.values() if any(stream.name in tally.law.streams for tally in tallies)]
    batches = [batch for stream in streams for batch in hunt.batches(stream)]
    total = len(batches) + len(tallies)
    observer = Observer(implementation, hunt.extent())

    def progress(what: str, done: int) -> Progress:
        return Progress(implementation.name, implementation.operation, what, dtype, done, total)

    _replay_known(hunt, tallies)
    for stream in streams if hunt.settings.databases else ():
        for batch in hunt.batches_ever(stream):
            _replay_found(hunt, batch, tallies)
    for done, batch in enumerate(batches):
        yield progress(f"{batch.stream.name} cases", done)
        _try(hunt, batch, tallies, observer)
    for stream in streams:
        yield progress(f"pinned {stream.name} cases", len(batches))
        _try_pinned(hunt, stream, tallies, observer)
    for done, tally in enumerate(tallies, len(batches)):
        yield progress(tally.law.name, done)
        smallest = _minimize(hunt, tally, tally.new) if tally.new else None
        yield conclude(tally, implementation.name, implementation.operation, dtype, smallest)
    yield from (_not_claimed(implementation, law, dtype) for law in laws if not claims_all(implementation, law))
    yield progress("done", total)
    yield observer.observations(follow=any(tally.law.name in FOLLOWED for tally in tallies))


def claims_all(implementation: Implementation, law: Law) -> bool:
    """Return whether an implementation claims everything without which a law has nothing to ask."""
    claims = implementation.claims
    return set(law.needs) <= {*claims.verbs, *claims.gradients, *claims.parameters, *claims.state}


def _not_claimed(implementation: Implementation, law: Law, dtype: str) -> Result:
    return Result(implementation.name, implementation.operation, law.name, dtype, "not claimed", 0, 0)


def _replay_known(hunt: Hunt, tallies: list[Tally]) -> None:
    """Try each entry on its own case, in every shard, so that each of them tells the same of the record."""
    known = [entry for entry in hunt.known if entry.dtype == hunt.dtype]
    for tally in tallies:
        of_law = (each for each in known if each.covers(hunt.implementation.name, tally.law.name, each.case))
        for number, entry in enumerate(of_law):
            judgement = judge(tally.law, Trial(hunt.implementation, entry.case))
            if hunt.settings.judges(number):
                tally.count(judgement)
            (tally.known if isinstance(judgement, Broken) else tally.mended).append(entry)


def _replay_found(hunt: Hunt, batch: Batch, tallies: list[Tally]) -> None:
    """Try the cases that failed in earlier runs, where a database holds any: they come in addition to those drawn."""
    asked = [tally for tally in tallies if batch.stream.name in tally.law.streams]
    numbers = count()

    def look(case: Case) -> None:
        if hunt.settings.judges(next(numbers)):
            trial = Trial(hunt.implementation, case)
            for tally in asked:
                _record(hunt, tally, batch, trial)

    shelf = hunt.shelf(batch)
    if shelf is not None:
        replay(batch.strategy, shelf, look)


def _try(hunt: Hunt, batch: Batch, tallies: list[Tally], observer: Observer) -> None:
    """Draw a batch of cases and judge each; laws that ask again take turns."""
    asked = [tally for tally in tallies if batch.stream.name in tally.law.streams]
    numbers = count()

    def look(case: Case) -> None:
        trial, number = Trial(hunt.implementation, case), next(numbers)
        if not hunt.settings.judges(number + batch.turn):
            return
        for tally in asked:
            if not (tally.law.asks_again and (number + crc32(tally.law.name.encode())) % ASKS_AGAIN_EVERY):
                _record(hunt, tally, batch, trial)
        observer.see(trial)

    explore(batch.strategy, batch.seed, batch.size, look)


def _try_pinned(hunt: Hunt, stream: Stream, tallies: list[Tally], observer: Observer) -> None:
    """Judge the stream's pinned cases, each by every law."""
    for number, case in enumerate(stream.pinned(hunt.extent())):
        if not hunt.settings.judges(number):
            continue
        trial = Trial(hunt.implementation, case)
        for tally in tallies:
            if stream.name in tally.law.streams:
                _record(hunt, tally, None, trial)
        observer.see(trial)


def _record(hunt: Hunt, tally: Tally, drawn: Batch | None, trial: Trial) -> None:
    judgement = judge(tally.law, trial)
    tally.count(judgement)
    if isinstance(judgement, Broken) and hunt.on_record(tally.law, trial.case) is None:
        tally.fail(Failure(drawn, trial.case, judgement))


def judge(law: Law, trial: Trial) -> Judgement:
    """Return what a law says of a trial: nothing, where it judges results and there are none."""
    try:
        if not law.judges_silence and not isinstance(trial.outcome, Returned):
            return Inapplicable("the case was not answered")
        with np.errstate(all="ignore"):  # what is not finite is judged, not warned of
            return law.judge(trial)
    except GivenUpError as given_up:
        return Inapplicable(str(given_up))


def _minimize(hunt: Hunt, tally: Tally, failure: Failure) -> Counterexample:
    """Return the smallest case on which the law fails, not on record: one that broke another law, if it will do."""

    def fails(case: Case) -> Broken | None:
        found = judge(tally.law, Trial(hunt.implementation, case))
        if not isinstance(found, Broken) or found.verdict != failure.broken.verdict:
            return None
        return found if hunt.on_record(tally.law, case) is None else None

    for earlier in hunt.smallest:
        case = recast(earlier.case, hunt.dtype)
        if earlier.suits(tally.law) and (again := fails(case)):
            _remember(hunt, failure)
            return _counterexample(hunt.implementation, case, again)
    least = tally.least or failure
    if failure.drawn:
        drawn = failure.drawn
        first = (failure.case, failure.broken)
        shrunk = shrink(drawn.strategy, drawn.seed, drawn.size, fails, first, hunt.shelf(drawn))
        least = min(least, Failure(drawn, *shrunk), key=lambda each: complexity(each.case))
    case, found = reduce(least.case, least.broken, hunt.implementation.claims, fails)
    hunt.smallest.append(Failure(least.drawn, case, found))
    return _counterexample(hunt.implementation, case, found)


def _remember(hunt: Hunt, failure: Failure) -> None:
    drawn = failure.drawn
    shelf = hunt.shelf(drawn) if drawn else None
    if drawn and shelf is not None:
        remember(drawn.strategy, drawn.seed, drawn.size, failure.case, shelf)


def _counterexample(implementation: Implementation, case: Case, broken: Broken) -> Counterexample:
    facts = broken.facts if broken.shown is None else ()  # those of a variant are not about the case
    return Counterexample(case, broken.message, implementation.snippet(broken.shown or case, broken.facts), facts)
