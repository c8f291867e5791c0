"""Answers made offline, judged by the laws: RESULTS has a line for each question of a folder of vectors."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from time import monotonic

from normspec.implementations.contract import Implementation, Instance
from normspec.implementations.protocol import Offer, message_in, offers_in, outcome_in
from normspec.implementations.vetting import objection
from normspec.properties.cases import STREAMS
from normspec.properties.hunt import claims_all
from normspec.properties.judge import judge
from normspec.properties.search import fingerprint
from normspec.properties.tally import Failure, Tally, conclude
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Counterexample, Result
from normspec.reports.report import Report
from normspec.runs.versions import versions
from normspec.spec.case import Case
from normspec.spec.claims import Claims, claims_for
from normspec.spec.formats import FORMATS
from normspec.spec.node import LARGEST_FILE, Node, PlainError, read_json
from normspec.spec.operations import OPERATIONS
from normspec.spec.outcome import GivenUpError, Malformed, Outcome
from normspec.spec.plain import case_from
from normspec.vectors.export import FORMAT, MANIFEST, laws_of

UNANSWERED = Malformed(None, "the results have no answer to this case")


@dataclass(frozen=True, eq=False)
class Vector:
    """One case of a folder: its id, and the stream that it was drawn of."""

    id: str
    stream: str
    case: Case


@dataclass(frozen=True, eq=False)
class Vectors:
    """A folder: the cases by operation and dtype, and the conventions that they were made for."""

    cases: Mapping[tuple[str, str], tuple[Vector, ...]]
    conventions: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, eq=False)
class Results:
    """A file of answers by id, and what the program that made them says it has, where the file has its hello."""

    answers: Mapping[str, Node]
    offers: tuple[Offer, ...]


def check_vectors(folder: Path, results: Path) -> Report:
    """Judge answers by every law that needs no further question, and return the report.

    Raises ValueError, with one line, for a folder that is not as it was exported, and for results that cannot be read.
    """
    start = monotonic()
    vectors, given = read_vectors(folder), read_results(results)
    known = {vector.id for group in vectors.cases.values() for vector in group}
    stray = next((each for each in given.answers if each not in known), None)
    if stray is not None:
        raise PlainError(
            f"{results.name} answers id={stray!r}, which is no case of {folder.name}: give its own results"
        )
    found = [
        result
        for operation in vectors.conventions
        for implementation in _implementations(operation, vectors, given, results.stem)
        for result in _judged(implementation, vectors)
    ]
    return Report(
        results=tuple(found),
        asked={result.target: f"{results.name} for {folder.name}" for result in found},
        versions=versions(),
        seconds=monotonic() - start,
    )


def read_vectors(folder: Path) -> Vectors:
    """Return the vectors in a folder. Raises PlainError, with one line, where they are not as they were exported."""
    node = read_json(folder / MANIFEST)
    if not isinstance(node.value, dict) or node.value.get("format") != FORMAT:
        raise PlainError(f"{str(folder)!r} has no manifest of {FORMAT}: give what 'normspec vectors export' wrote")
    record = node.record("format", "versions", "settings", "conventions", "files")
    conventions = {
        name: {each: value.text() for each, value in said.entries()} for name, said in record["conventions"].entries()
    }
    cases = dict(_file(folder, item) for item in record["files"].items())
    if {operation for operation, _ in cases} != set(conventions) or not set(conventions) <= set(OPERATIONS):
        raise PlainError(f"{MANIFEST} names other operations in conventions than in files: export them again")
    return Vectors(cases, conventions)


def _file(folder: Path, node: Node) -> tuple[tuple[str, str], tuple[Vector, ...]]:
    record = node.record("name", "operation", "dtype", "cases", "sha256")
    operation, dtype = record["operation"].one_of(*OPERATIONS), record["dtype"].one_of(*FORMATS)
    name = record["name"].one_of(f"{operation}-{dtype}.jsonl")
    data = _bytes(folder / name)
    if sha256(data).hexdigest() != record["sha256"].text():
        raise PlainError(f"{name} is not the file that {MANIFEST} was written for: export the vectors again")
    return (operation, dtype), tuple(_vector(name, number, line) for number, line in _lines(data))


def _vector(name: str, number: int, line: bytes) -> Vector:
    node = _message(name, number, line)
    record = node.record("id", "stream", "case", optional=("ask", "implementation", "expected"))
    return Vector(record["id"].text(), record["stream"].one_of(*STREAMS), case_from(record["case"]))


def read_results(path: Path) -> Results:
    """Return the answers in a file. Raises PlainError, with one line, where a line is none or an id comes twice."""
    answers: dict[str, Node] = {}
    offers: tuple[Offer, ...] = ()
    for number, line in _lines(_bytes(path)):
        message = _message(path.name, number, line)
        said = dict(message.entries())
        if "protocol" in said:
            offers = _offers(path.name, number, message)
        elif "at" not in said:
            if "id" not in said or said["id"].text() in answers:
                raise PlainError(
                    f"{path.name}:{number} has no id, or one that came before: one answer a case is needed"
                )
            answers[said["id"].text()] = message
    return Results(answers, offers)


def _offers(name: str, number: int, message: Node) -> tuple[Offer, ...]:
    try:
        return offers_in(message)
    except PlainError as error:
        raise PlainError(f"{name}:{number} {error}") from None


def _message(name: str, number: int, line: bytes) -> Node:
    try:
        return replace(message_in(line), path=f"{name}:{number}")
    except PlainError:
        raise PlainError(f"{name}:{number} is no JSON: one object a line is needed") from None


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    return ((number, line) for number, line in enumerate(data.split(b"\n"), 1) if line.strip())


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise PlainError(f"{path.name} has more than {LARGEST_FILE} bytes: give smaller files")
        return path.read_bytes()
    except OSError as error:
        raise PlainError(f"{str(path)!r} cannot be read ({error.strerror}): give a file that exists") from None


def _implementations(operation: str, vectors: Vectors, given: Results, name: str) -> Iterator[Implementation]:
    """Return what answered: an implementation for each offer, in the dtypes that have an answer.

    Without a hello, one that claims all that the operation has.
    """
    declared = vectors.conventions[operation]
    groups = {dtype: group for (own, dtype), group in vectors.cases.items() if own == operation}
    outcomes = {fingerprint(v.case): v for group in groups.values() for v in group}

    def answer(case: Case) -> Outcome:
        vector = outcomes.get(fingerprint(case))
        if vector is None:
            raise GivenUpError("no question of the vectors")
        told = given.answers.get(vector.id)
        return UNANSWERED if told is None else outcome_in(case, told)

    answered = tuple(d for d, group in groups.items() if any(vector.id in given.answers for vector in group))
    if not given.offers:
        claims = claims_for(OPERATIONS[operation], dtypes=answered, scripts=False, conventions=declared)
        yield Implementation(name, operation, _no_layer, claims, answer=answer)
    for offer in (each for each in given.offers if each.operation == operation):
        claims = replace(offer.claims, dtypes=tuple(dtype for dtype in offer.claims.dtypes if dtype in answered))
        made = Implementation(offer.name, operation, _no_layer, claims, answer=answer)
        if why := objection(made) or _other_conventions(claims, operation, declared):
            raise PlainError(f"{offer.name} cannot be judged: {why}")
        yield made


def _other_conventions(claims: Claims, operation: str, declared: Mapping[str, str]) -> str:
    own = OPERATIONS[operation].settled(claims.conventions)
    other = [f"{name}={value}" for name, value in own.items() if declared.get(name) != value]
    return f"it follows {', '.join(other)}: export the vectors with --convention {other[0]}" if other else ""


def _judged(implementation: Implementation, vectors: Vectors) -> Iterator[Result]:
    operation, claims = implementation.operation, implementation.claims
    laws = laws_of(operation)
    for (own, dtype), group in vectors.cases.items():
        if own != operation:
            continue
        tallies = [Tally(law) for law in laws if dtype in claims.dtypes and claims_all(implementation, law)]
        for vector in group:
            if _claimed(claims, vector.case):
                _count(implementation, vector, tallies)
        for tally in tallies:
            least = tally.least
            shown = Counterexample(least.case, least.broken.message) if least else None
            yield conclude(tally, implementation.name, operation, dtype, shown)
        judged = {tally.law.name for tally in tallies}
        silent = (law for law in laws if law.name not in judged)
        yield from (Result(implementation.name, operation, law.name, dtype, "not claimed", 0, 0) for law in silent)


def _count(implementation: Implementation, vector: Vector, tallies: list[Tally]) -> None:
    trial = Trial(implementation, vector.case)
    for tally in tallies:
        if vector.stream in tally.law.streams:
            judgement = judge(tally.law, trial)
            tally.count(judgement)
            if isinstance(judgement, Broken):
                tally.fail(Failure(None, vector.case, judgement))


def _claimed(claims: Claims, case: Case) -> bool:
    """Return whether a case lies within the claims."""
    wanted = {name for step in case.script if step.verb == "backward" for name in step.wanted}
    needed = [name for name in claims.parameters if name not in claims.optional]
    needed += [name for name in claims.state if "state" not in claims.optional]
    given = {**case.parameters, **case.state}
    return (
        {step.verb for step in case.script} <= set(claims.verbs)
        and {step.input.ndim for step in case.script if step.verb != "backward"} <= set(claims.ranks)
        and set(given) <= {*claims.parameters, *claims.state}
        and set(needed) <= set(given)
        and wanted <= set(claims.gradients)
        and (case.attributes.get("momentum", 0) is not None or claims.momentum_none)
        and all(case.attributes.get(name, value) == value for name, value in claims.fixed.items())
    )


def _no_layer(case: Case) -> Instance:
    raise NotImplementedError("answers made offline have no layer")
