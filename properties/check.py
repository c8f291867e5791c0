"""Holding one implementation against laws: draw cases, judge each by every law, shrink what breaks."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count
from zlib import crc32

from normspec.implementations.contract import Implementation
from normspec.properties.cases import STREAMS, Stream
from normspec.properties.diagnosis import diagnose
from normspec.properties.hunt import Hunt, Progress, Settings, claims_all
from normspec.properties.judge import judge
from normspec.properties.known import KnownFailure
from normspec.properties.law import Law
from normspec.properties.minimize import minimize
from normspec.properties.observations import Observations, Observer
from normspec.properties.search import explore, replay
from normspec.properties.tally import Batch, Failure, Tally, conclude
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Result
from normspec.spec.case import Case
from normspec.spec.formats import FORMATS

FOLLOWED = ("running-mean", "running-variance")  # where they are asked for, a layer is trained for the report
ASKS_AGAIN_EVERY = 3  # laws that ask again are tried on every third case, in turns: they cost the most


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
    failing = [(tally.law, (tally.least or tally.new).case) for tally in tallies if tally.new]
    diagnosis = diagnose(implementation, dtype, failing) if failing else ""
    for done, tally in enumerate(tallies, len(batches)):
        yield progress(tally.law.name, done)
        smallest = minimize(hunt, tally, tally.new) if tally.new else None
        result = conclude(tally, implementation.name, implementation.operation, dtype, smallest)
        yield replace(result, diagnosis=diagnosis) if tally.new else result
    yield from (_not_claimed(implementation, law, dtype) for law in laws if not claims_all(implementation, law))
    yield progress("done", total)
    follow = not hunt.sparing and any(tally.law.name in FOLLOWED for tally in tallies)
    yield observer.observations(follow=follow)


def _not_claimed(implementation: Implementation, law: Law, dtype: str) -> Result:
    return Result(implementation.name, implementation.operation, law.name, dtype, "not claimed", 0, 0)


def _replay_known(hunt: Hunt, tallies: list[Tally]) -> None:
    """Try each entry on its own case, in every shard, so that each of them tells the same of the record."""
    here = (hunt.implementation.operation, hunt.dtype)
    known = [entry for entry in hunt.known if (entry.operation, entry.dtype) == here]
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
            if _has_its_turn(tally.law, number):
                _record(hunt, tally, batch, trial)
        observer.see(trial)

    explore(batch.strategy, batch.seed, batch.size, look)


def _has_its_turn(law: Law, number: int) -> bool:
    """Return whether a law is tried on the number-th case: one that asks again is on some alone."""
    return not law.asks_again or (number + crc32(law.name.encode())) % ASKS_AGAIN_EVERY == 0


def _try_pinned(hunt: Hunt, stream: Stream, tallies: list[Tally], observer: Observer) -> None:
    """Judge the stream's pinned cases, each by every law; where dtypes share them, laws that ask again take turns."""
    for number, case in enumerate(stream.pinned(hunt.extent())):
        if not (hunt.settings.judges(number) and hunt.tries_pinned(number)):
            continue
        trial = Trial(hunt.implementation, case)
        for tally in tallies:
            if stream.name in tally.law.streams and not (hunt.sparing and not _has_its_turn(tally.law, number)):
                _record(hunt, tally, None, trial)
        observer.see(trial)


def _record(hunt: Hunt, tally: Tally, drawn: Batch | None, trial: Trial) -> None:
    judgement = judge(tally.law, trial, tally.worst_ratio)
    tally.count(judgement)
    if not isinstance(judgement, Broken):
        return
    entry = hunt.on_record(tally.law, trial.case)
    if entry is None:
        tally.fail(Failure(drawn, trial.case, judgement))
    elif entry not in tally.known:
        tally.known.append(entry)
