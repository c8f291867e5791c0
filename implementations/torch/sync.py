"""Synchronized batch norm on the CPU: processes that speak gloo, each with a shard of the batch, unequal in size.

nn.SyncBatchNorm itself cannot do this: torch 2.13 refuses to train on the CPU as soon as there is a process group.
"""

import socket
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from tempfile import TemporaryDirectory

import numpy as np

from normspec.implementations.contract import Implementation, Instance
from normspec.implementations.pipe import Correspondent, Terms
from normspec.implementations.protocol import Offer
from normspec.implementations.torch.family import SYNC as ONE_PROCESS
from normspec.implementations.torch.family import claims_of
from normspec.implementations.worker import Limits
from normspec.spec.case import Case, Step
from normspec.spec.formats import Array
from normspec.spec.outcome import Crashed, GivenUpError, Malformed, Outcome, Refused, Returned

NAME = "torch-sync-gloo"
RANKS = 3
MOST_ENDS = 3
"""How often the ranks are started again, in each dtype, before they are given up there."""

TERMS = Terms(Limits(start=120.0, case=60.0))
RANK = "normspec.implementations.torch.sync_rank:RANK"

SPLIT = ("y", "dx")
"""What every rank has a shard of; all else they must have alike."""


def sizes(cases: int) -> tuple[int, ...]:
    """Return how many cases of a batch each rank has: unequal where that can be, none where there are too few."""
    first = min(1, cases)
    second = (cases - first) // RANKS
    return first, second, cases - first - second


def sharded(case: Case) -> tuple[Case, ...]:
    """Return each rank's part of a case: its shard of every x and cotangent; parameters and statistics are whole."""
    return tuple(case.but(script=tuple(_shard(step, rank) for step in case.script)) for rank in range(RANKS))


def _shard(step: Step, rank: int) -> Step:
    def part(array: Array | None) -> Array | None:
        if array is None:
            return None
        start, stop = list(pairwise((0, *accumulate(sizes(len(array))))))[rank]
        return array[start:stop]

    return replace(step, x=part(step.x), cotangent=part(step.cotangent))


def joined(outcomes: Sequence[Outcome]) -> Outcome:
    """Return what the ranks gave, as one outcome: shards in a row, and once what every rank has to know alike."""
    whole = [each for each in outcomes if isinstance(each, Returned)]
    if len(whole) < len(outcomes):
        return _worst([each for each in outcomes if not isinstance(each, Returned)], len(outcomes))
    steps = []
    for index, parts in enumerate(zip(*(each.steps for each in whole), strict=True)):
        different = [name for name in parts[0] if name not in SPLIT and not _same(part[name] for part in parts)]
        if different:
            return Malformed(index, f"the ranks differ in {', '.join(different)}")
        steps.append({name: _joined(name, parts) for name in parts[0]})
    return Returned(tuple(steps), tuple(dict.fromkeys(name for each in whole for name in each.mutated)))


def _same(values: Iterable[Array]) -> bool:
    return len({each.tobytes() for each in values}) == 1


def _joined(name: str, parts: Sequence[Mapping[str, Array]]) -> Array:
    return np.concatenate([part[name] for part in parts]) if name in SPLIT else parts[0][name]


def _worst(failures: Sequence[Outcome], ranks: int) -> Outcome:
    """Return the failure that tells most: a refusal counts only where every rank refuses, at the same step."""
    refused = [each for each in failures if isinstance(each, Refused)]
    if len(refused) < len(failures):
        return next(each for each in failures if not isinstance(each, Refused))
    if len(refused) == ranks and len({each.step for each in refused}) == 1:
        return refused[0]
    return Crashed(refused[0].step, f"{len(refused)} of {ranks} ranks refuse, and not together: {refused[0].message}")


@dataclass(eq=False, repr=False)
class Ranks:
    """The processes: started when they are needed, together, and ended together."""

    terms: Terms = TERMS
    running: tuple[Correspondent, ...] = ()
    place: TemporaryDirectory[str] | None = None
    pool: ThreadPoolExecutor | None = None  # lives as long as the ranks: a rank ends with the thread that started it
    ends: Counter[str] = field(default_factory=Counter)

    def outcome(self, case: Case) -> Outcome:
        """Return what the ranks make of a case. Raises GivenUpError where they are not asked any more."""
        if self.ends[case.dtype] >= MOST_ENDS:
            raise GivenUpError(f"{NAME} is not asked any more in {case.dtype}, after {MOST_ENDS} ends of its ranks")
        if not self.running or any(each.worker is None or each.worker.ended for each in self.running):
            self._start()
        try:
            found = joined(self._answers(sharded(case)))
        except BaseException:
            self.close()
            raise
        if not isinstance(found, Returned | Refused):  # the others may still wait for the one that failed
            self.ends[case.dtype] += 1
            self.close()
        return found

    def close(self) -> None:
        """End the ranks; they are started again when they are needed."""
        for each in self.running:
            each.close()
        if self.place is not None:
            self.place.cleanup()
        if self.pool is not None:
            self.pool.shutdown()
        self.running, self.place, self.pool = (), None, None

    def _start(self) -> None:
        """Let new ranks meet at a new place: those of before may have left theirs half used."""
        self.close()
        self.pool = ThreadPoolExecutor(RANKS)
        self.place = TemporaryDirectory(prefix="normspec-sync-")
        commands = [command_of(rank, f"{self.place.name}/store") for rank in range(RANKS)]
        offer = Offer("torch-sync-rank", "batch_norm", "", claims_of("batch_norm"))
        self.running = tuple(Correspondent("torch-sync", command, offer, self.terms) for command in commands)

    def _answers(self, cases: Sequence[Case]) -> tuple[Outcome, ...]:
        assert self.pool is not None, "ranks are started before they are asked"
        return tuple(self.pool.map(Correspondent.outcome, self.running, cases))


def command_of(rank: int, store: str) -> tuple[str, ...]:
    """Return the command that starts a rank, with what it must know in its environment, as torchrun does it."""
    known = {"RANK": rank, "WORLD_SIZE": RANKS, "NORMSPEC_STORE": store, **_loopback()}
    serve = (sys.executable, "-P", "-m", "normspec.implementations.serve", "--", RANK)
    return ("env", *(f"{name}={value}" for name, value in known.items()), *serve)


def _loopback() -> Mapping[str, str]:
    """Return the setting that keeps gloo on this machine, where its interface has one of the usual names."""
    names = [name for _, name in socket.if_nameindex() if name in ("lo", "lo0")]
    return {"GLOO_SOCKET_IFNAME": names[0]} if names else {}


def _no_layer(case: Case) -> Instance:
    raise NotImplementedError("what lives in other processes is asked for whole cases")


def synchronized(ranks: Ranks) -> Implementation:
    """Return batch norm over shards as an implementation."""
    return Implementation(
        name=NAME,
        operation="batch_norm",
        create=_no_layer,
        claims=claims_of("batch_norm", conventions={}),
        statement=f"batch norm over unequal shards in {RANKS} processes, by all_gather and all_reduce of gloo",
        answer=ranks.outcome,
        close=ranks.close,
    )


SYNC = (synchronized(Ranks()), *ONE_PROCESS)
