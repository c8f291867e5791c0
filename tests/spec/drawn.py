"""Questions of every operation, from the cases that implementations are asked: what the specification is tested on."""

from collections.abc import Iterator
from dataclasses import replace

from normspec.properties.cases import STREAMS
from normspec.properties.cases.shapes import Extent
from normspec.properties.search import explore
from normspec.spec.case import Case
from normspec.spec.claims import Claims, beyond, claims_for
from normspec.spec.contracts import Contract, contract_of
from normspec.spec.conventions import CONVENTIONS
from normspec.spec.operations import OPERATIONS
from normspec.spec.question import Question

LARGEST = 600
"""Elements of a case; arbitrary precision is slow beyond."""

STREAMS_DRAWN = {"small": 10, "tangents": 4, "degenerate": 2, "large": 3}
"""How many cases of each stream make a round."""


def cases(operation: str, dtype: str, seed: int) -> list[Case]:
    """Return a round of drawn cases of an operation in a dtype; the same seed draws the same ones."""
    found: list[Case] = []
    extent = Extent(OPERATIONS[operation], _claims(operation), dtype)
    for stream, count in STREAMS_DRAWN.items():
        explore(STREAMS[stream].strategy(extent), seed, count, found.append)
    return [case for case in found if 0 < case.script[0].input.size <= LARGEST]


def _claims(operation: str) -> Claims:
    claims = claims_for(OPERATIONS[operation])
    claims = replace(claims, verbs=(*claims.verbs, *beyond(OPERATIONS[operation])))
    return replace(claims, optional=tuple(name for name in claims.optional if not name.startswith("running")))


def conventions_of(operation: str, seed: int) -> dict[str, str]:
    """Return a settled choice of conventions: with the seed, every variant has its turn."""
    names = OPERATIONS[operation].conventions
    variants = {name: tuple(CONVENTIONS[name].variants) for name in names}
    return {name: each[(seed >> at) % len(each)] for at, (name, each) in enumerate(variants.items())}


def questions(operation: str, dtype: str, seed: int, contract: Contract | None = None) -> Iterator[Question]:
    """Yield each step of the drawn cases as a question, under grade B1 where no contract is given."""
    conventions = conventions_of(operation, seed)
    contract = contract or contract_of("B1", dtype, conventions)
    for case in cases(operation, dtype, seed):
        for index, step in enumerate(case.script):
            forward = step if step.of is None else case.forward_of(index)
            question = Question(OPERATIONS[operation], case, index, case.state, conventions, contract)
            if forward.input.size and question.divisor > 0:
                yield question
