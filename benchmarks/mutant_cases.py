"""What the correct NumPy layers are asked in a check, with their answers to it and the functions that ran for it."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from types import FrameType
from typing import Any
from unittest import mock

from normspec.implementations.ask import ask
from normspec.implementations.contract import Implementation
from normspec.implementations.numpy import family
from normspec.properties import trial
from normspec.properties.cases import STREAMS, Stream
from normspec.properties.hunt import Hunt, Settings, claims_all
from normspec.properties.judge import judge
from normspec.properties.law import Law
from normspec.properties.laws import LAWS
from normspec.properties.search import explore
from normspec.spec.case import Case
from normspec.spec.formats import FORMATS
from normspec.spec.outcome import Outcome, Returned

PACKAGE = "normspec.implementations.numpy"
MODULES = ("formulas", "layer", "others", "renorm", "scalers", "fold")

FEW = frozenset(f"pinned {stream} case in float32" for stream in STREAMS)
"""What a mutant is asked that has a reason to survive."""

OTHERWISE: Mapping[str, Mapping[str, str]] = {
    "numpy-as-keras": {"momentum": "weighs_old", "running_variance": "biased", "single_element": "zero"},
    "numpy-refusing": {
        "empty_batch": "refuse",
        "negative_epsilon": "accept",
        "initial_value": "debiased",
        "epsilon_place": "added",
    },
    "numpy-nan": {"single_element": "nan", "empty_batch": "nan"},
}
"""Batch norms of other conventions, so that every branch of the layers is asked for."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A case and the laws that judge it; all that they ask of the correct layer, its answers, and where it ran."""

    of: tuple[str, str]
    kind: str
    laws: tuple[Law, ...]
    case: Case
    answers: tuple[tuple[Case, bytes], ...]
    ran: frozenset[tuple[str, int]]


def digest(outcome: Outcome) -> bytes:
    """Return a digest of all that a law can see of an outcome."""
    told = blake2b(repr(outcome if not isinstance(outcome, Returned) else outcome.mutated).encode(), digest_size=16)
    for step in outcome.steps if isinstance(outcome, Returned) else ():
        for name, values in step.items():
            told.update(f"{name} {values.dtype} {values.shape} ".encode() + values.tobytes())
    return told.digest()


def everything(settings: Settings) -> Iterator[Asked]:
    """Yield every case of a check of the correct layers: the pinned ones first, then those drawn, if there are any."""
    for kind in ("pinned", "drawn") if settings.max_examples else ("pinned",):
        for dtype in FORMATS:
            for implementation in layers_of(family):
                hunt = Hunt(implementation, dtype, settings, ())
                for stream, laws in asked_by(implementation):
                    cases = list(stream.pinned(hunt.extent())) if kind == "pinned" else []
                    for batch in hunt.batches(stream) if kind == "drawn" else ():
                        explore(batch.strategy, batch.seed, batch.size, cases.append)
                    again = (kind, dtype) == ("pinned", "float32")
                    for case in cases:
                        yield watched(implementation, f"{kind} {stream.name} case in {dtype}", laws, case, again)


def layers_of(family: Any) -> tuple[Implementation, ...]:
    """Return all layers of a module like family, and those of other conventions."""
    others = (family.layer(n, "batch_norm", family.DEVIATIONS, "otherwise", **of) for n, of in OTHERWISE.items())
    return (*family.NUMPY, *others)


def asked_by(implementation: Implementation) -> Iterator[tuple[Stream, tuple[Law, ...]]]:
    """Yield every stream of cases with the laws that an implementation is asked in it."""
    own = [law for law in LAWS.values() if implementation.operation in law.operations]
    claimed = [law for law in own if claims_all(implementation, law)]
    for stream in STREAMS.values():
        laws = tuple(law for law in claimed if stream.name in law.streams)
        if laws:
            yield stream, laws


def watched(implementation: Implementation, kind: str, laws: tuple[Law, ...], case: Case, again: bool) -> Asked:
    """Ask a correct layer a case, and where again says so all its variants; keep the answers, and what ran."""
    ran: set[tuple[str, int]] = set()
    answers: list[tuple[Case, bytes]] = []

    def follow(frame: FrameType, event: str, argument: Any) -> None:
        module = frame.f_globals.get("__name__", "").removeprefix(f"{PACKAGE}.")
        if module in MODULES:
            ran.add((module, frame.f_code.co_firstlineno))

    def kept(of: Implementation, asked: Case) -> Outcome:
        sys.settrace(follow)
        try:
            found = ask(of, asked)
        finally:
            sys.settrace(None)
        answers.append((asked, digest(found)))
        return found

    with mock.patch.object(trial, "ask", kept):
        own = trial.Trial(implementation, case)
        _ = own.outcome
        for law in laws if again else ():
            if law.asks_again:
                judge(law, own)
    return Asked((implementation.name, implementation.operation), kind, laws, case, tuple(answers), frozenset(ran))
