"""The loop closed: requirement, claim, law, faults, verdict and page as one table, with what is missing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from normspec.derivations.catalogue import CLAIMS
from normspec.handbook.findings import Findings
from normspec.handbook.links import to_claim, to_law, to_requirement
from normspec.handbook.markdown import table
from normspec.handbook.uses import claims_of, laws_of, operations_with
from normspec.implementations.faulty import FAULTS
from normspec.properties.laws import LAWS
from normspec.properties.verdict import FAILING, Result
from normspec.spec.requirements import REQUIREMENTS


@dataclass(frozen=True)
class Turn:
    """One requirement, with everything that belongs to it."""

    requirement: str
    claims: Sequence[str]
    reasoned: bool
    laws: Sequence[str]
    operations: Sequence[str]
    faults: Sequence[str]
    results: Sequence[Result]


def turns(found: Findings) -> list[Turn]:
    """Return every requirement with what belongs to it."""
    return [_turn(name, found) for name in REQUIREMENTS]


def _turn(name: str, found: Findings) -> Turn:
    laws = [law.name for law in laws_of(name)]
    faults = list(dict.fromkeys(fault for law in laws for fault in found.caught_by(law)))
    reasoned = bool(REQUIREMENTS[name].because)
    return Turn(name, claims_of(name), reasoned, laws, operations_with(name), faults, found.of(laws))


def pages(found: Findings) -> Mapping[str, str]:
    """Return the page of the loop by its path."""
    whole = turns(found)
    lines = [
        "# The loop closed",
        "",
        "Every requirement with the claim that proves it, the law that judges it, the faults that the law catches and "
        "what came of the implementations that were asked. A gap is shown as a gap.",
        "",
        found.said,
        "",
        "## What there is, and what is missing",
        "",
        table(("there are", "of them without", "missing"), _counts(whole, found), "loop"),
        "## The table",
        "",
        table(("requirement", "proved at", "law", "operations", "faults caught", "verdicts"), map(_row, whole), "loop"),
    ]
    return {"loop": "\n".join(lines)}


def _counts(whole: Sequence[Turn], found: Findings) -> Iterable[tuple[str, str, str]]:
    used = {claim for turn in whole for claim in turn.claims}
    claims = [name for names in CLAIMS.values() for name in names]
    caught = {catch.fault for catch in found.catches}
    asked = {result.law for result in found.report.results}
    missing = {
        "proof or reason": [turn for turn in whole if not turn.claims and not turn.reasoned],
        "law": [turn for turn in whole if not turn.laws],
        "operation": [turn for turn in whole if not turn.operations],
        "fault on record": [turn for turn in whole if not turn.faults],
        "verdict in this build": [turn for turn in whole if not turn.results],
    }
    for number, (what, gaps) in enumerate(missing.items()):
        names = ", ".join(to_requirement(turn.requirement) for turn in gaps[:8]) + (", …" if len(gaps) > 8 else "")
        yield ("" if number else f"{len(whole)} requirements", what, f"{len(gaps)}: {names}" if gaps else "0")
    yield f"{len(claims)} claims", "requirement that rests on them", str(len(set(claims) - used))
    yield f"{len(LAWS)} laws", "verdict in this build", str(len(set(LAWS) - asked))
    yield f"{len(FAULTS)} faults", "law on record that catches them", str(len(set(FAULTS) - caught))


def _row(turn: Turn) -> tuple[str, ...]:
    proofs = ", ".join(map(to_claim, turn.claims)) or ("by its reason" if turn.reasoned else "**missing**")
    laws = ", ".join(map(to_law, turn.laws)) or "**missing**"
    faults = str(len(turn.faults)) if turn.faults else "—"
    return to_requirement(turn.requirement), proofs, laws, str(len(turn.operations)), faults, _verdicts(turn.results)


def _verdicts(results: Sequence[Result]) -> str:
    if not results:
        return "—"
    failed = sum(result.verdict in FAILING for result in results)
    kept = sum(result.verdict == "conforms" for result in results)
    return f"{kept} conform" + (f", {failed} do not" if failed else "")
