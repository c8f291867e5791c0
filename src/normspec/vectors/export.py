"""Vectors: cases with what must come, for people who write the other side. Each is a question of docs/protocol.md.

A folder has a file for each operation and dtype, a case a line, and manifest.json with the digest of each.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from normspec.close_names import choose
from normspec.files import write_whole
from normspec.implementations.contract import Implementation, Instance
from normspec.implementations.protocol import line_of, question
from normspec.properties.cases import STREAMS, Stream
from normspec.properties.hunt import Hunt, Settings
from normspec.properties.judge import judge
from normspec.properties.law import Law
from normspec.properties.laws import LAWS
from normspec.properties.search import explore, fingerprint
from normspec.properties.trial import Trial
from normspec.properties.verdict import Kept
from normspec.runs.versions import versions
from normspec.spec.case import Case
from normspec.spec.claims import claims_for
from normspec.spec.expectation import Expected, expect
from normspec.spec.formats import FORMATS
from normspec.spec.operations import OPERATIONS, Operation
from normspec.spec.outcome import Outcome, Refused
from normspec.spec.plain import Plain, plain_array

FORMAT = "normspec-vectors-1"
MANIFEST = "manifest.json"
GRADE = "B1"


@dataclass(frozen=True)
class Kit:
    """What is exported: of which operations and dtypes, how many cases, drawn how, for which conventions."""

    operations: tuple[Operation, ...]
    dtypes: tuple[str, ...]
    conventions: Mapping[str, str]
    max_examples: int = 20
    seed: int = 0

    def settled(self, operation: Operation) -> Mapping[str, str]:
        """Return every convention of an operation."""
        return operation.settled({n: v for n, v in self.conventions.items() if n in operation.conventions})


def kit(
    operations: Iterable[str], dtypes: Iterable[str], conventions: Iterable[str], max_examples: int, seed: int
) -> Kit:
    """Return what is asked for; conventions are NAME=VALUE. Raises ValueError, with one line, for a wrong name."""
    names = choose("operation", operations, OPERATIONS, "'normspec list operations' shows them all")
    chosen = tuple(OPERATIONS[name] for name in names)
    pairs = [(*text.partition("="),) for text in conventions]
    known = {name for operation in chosen for name in operation.conventions}
    choose("convention", (name for name, _, _ in pairs), known, "'normspec list conventions' shows them all")
    formats = choose("dtype", dtypes, FORMATS, f"choose from {', '.join(FORMATS)}")
    made = Kit(chosen, formats, {name: value for name, _, value in pairs}, max_examples, seed)
    for operation in chosen:
        made.settled(operation)
    return made


def export(asked: Kit, folder: Path) -> Iterator[tuple[str, int]]:
    """Write the vectors into a new folder, and return the name and the number of cases of each file as it is written.

    The manifest comes last: a folder without it is not complete. Raises ValueError, with one line, for a folder that
    cannot be used.
    """
    _make(folder)
    files = []
    for operation in asked.operations:
        for dtype in asked.dtypes:
            name = f"{operation.name}-{dtype}.jsonl"
            lines = list(_lines(asked, operation, dtype))
            text = b"".join(lines).decode("ascii")
            write_whole(folder / name, text)
            digest = sha256(text.encode("ascii")).hexdigest()
            entry = {"name": name, "operation": operation.name, "dtype": dtype, "cases": len(lines), "sha256": digest}
            files.append(entry)
            yield name, len(lines)
    write_whole(folder / MANIFEST, json.dumps(_manifest(asked, files), indent=1) + "\n")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        used = next(folder.iterdir(), None)
    except OSError as error:
        raise ValueError(f"{str(folder)!r} cannot be made ({error.strerror}): give a folder of yours") from None
    if used is not None:
        raise ValueError(f"{str(folder)!r} already holds {used.name!r}: give a new folder")


def _manifest(asked: Kit, files: list[Plain]) -> Plain:
    return {
        "format": FORMAT,
        "versions": dict(versions()),
        "settings": {"max_examples": asked.max_examples, "seed": asked.seed, "grade": GRADE},
        "conventions": {operation.name: dict(asked.settled(operation)) for operation in asked.operations},
        "files": files,
    }


def _lines(asked: Kit, operation: Operation, dtype: str) -> Iterator[bytes]:
    conventions = asked.settled(operation)
    own = {name: value for name, value in asked.conventions.items() if name in operation.conventions}
    claims = claims_for(operation, dtypes=(dtype,), scripts=False, conventions=own)
    refuser = Implementation("refuser", operation.name, _no_layer, claims, answer=_refuse)
    hunt = Hunt(refuser, dtype, Settings(asked.max_examples, asked.seed), ())
    for stream in (
        each for each in STREAMS.values() if any(each.name in law.streams for law in laws_of(operation.name))
    ):
        for number, case in enumerate(drawn(hunt, stream)):
            vector = question(f"{operation.name}-{dtype}-{stream.name}-{number}", "", case)
            yield line_of({**vector, "stream": stream.name, "expected": _demand(refuser, stream, case, conventions)})


def laws_of(operation: str) -> tuple[Law, ...]:
    """Return the laws of an operation that need no further question than the case."""
    return tuple(law for law in LAWS.values() if operation in law.operations and not law.asks_again)


def drawn(hunt: Hunt, stream: Stream) -> Iterator[Case]:
    """Return the pinned and the drawn cases of a stream with one forward step, each once."""
    found = stream.pinned(hunt.extent())
    for batch in hunt.batches(stream):
        explore(batch.strategy, batch.seed, batch.size, found.append)
    different = {fingerprint(case): case for case in found}
    return (case for case in different.values() if sum(step.verb != "backward" for step in case.script) == 1)


def _demand(refuser: Implementation, stream: Stream, case: Case, conventions: Mapping[str, str]) -> Any:
    """Return 'refused', or for each step what it must give: the enclosures are those that laws judge by."""
    about = (law for law in laws_of(case.operation) if stream.name in law.streams and law.judges_silence)
    if any(isinstance(judge(law, Trial(refuser, case)), Kept) for law in about):
        return "refused"
    operation, steps = OPERATIONS[case.operation], range(len(case.script))
    with np.errstate(all="ignore"):  # what is not finite is demanded, not warned of
        demands = [expect(operation, case, at, case.state, conventions, grade=GRADE) for at in steps]
    return [{name: _plain(value) for name, value in step.items()} for step in demands]


def _plain(expected: Expected) -> Plain:
    return {name: plain_array(getattr(expected, name)) for name in ("high", "low", "radius", "tolerance")}


def _no_layer(case: Case) -> Instance:
    raise NotImplementedError("vectors have no layer")


def _refuse(case: Case) -> Outcome:
    return Refused(None, "")
