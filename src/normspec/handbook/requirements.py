"""The page of the requirements: each with its proof, its laws, the faults they catch, and the verdicts."""

from collections.abc import Iterable, Mapping

from normspec.derivations.catalogue import claim
from normspec.derivations.rendering import sentence
from normspec.handbook.chains import results
from normspec.handbook.findings import Findings
from normspec.handbook.links import law_target, requirement_target, to_claim, to_fault, to_operation
from normspec.handbook.markdown import code, raw
from normspec.handbook.prose import markdown
from normspec.handbook.uses import claims_of, laws_of, operations_with
from normspec.handbook.verdicts import told
from normspec.properties.law import Law
from normspec.spec.requirements import REQUIREMENTS, Requirement


def pages(found: Findings) -> Mapping[str, str]:
    """Return the page of the requirements by its path."""
    lines = [
        "# The requirements",
        "",
        f"What a layer must do: {len(REQUIREMENTS)} requirements, each judged by a law. A requirement on numbers is "
        "proved; one on conduct says why it stands. `normspec list laws` prints the same list.",
        "",
        found.said,
        "",
        *(_section(requirement, found) for requirement in REQUIREMENTS.values()),
    ]
    return {"requirements": "\n".join(lines)}


def _section(requirement: Requirement, found: Findings) -> str:
    name = requirement.name
    lines = [f"({requirement_target(name)})=", f"## {markdown(name)}", ""]
    lines += [markdown(sentence(requirement.statement)), "", *_grounds(requirement)]
    operations = ", ".join(map(to_operation, operations_with(name)))
    lines += ["Required of", f": {operations or 'no operation yet'}", ""]
    for law in laws_of(name):
        lines += [*_law(law, found)]
    return "\n".join(lines)


def _grounds(requirement: Requirement) -> Iterable[str]:
    if requirement.claim:
        yield raw(results(claim(requirement.claim)))
        yield ""
    proofs = ", ".join(map(to_claim, claims_of(requirement.name)))
    if proofs:
        yield f"Proved at\n: {proofs}\n"
    if requirement.because:
        yield f"It stands because\n: {markdown(sentence(requirement.because))}\n"


def _law(law: Law, found: Findings) -> Iterable[str]:
    faults = ", ".join(map(to_fault, found.caught_by(law.name)))
    yield f"({law_target(law.name)})=\n"
    yield (
        f"Judged by\n: the law {code(law.name)}" + (", which asks again with variants" if law.asks_again else "") + "\n"
    )
    yield f"Catches\n: {faults or 'no record of it in this build'}\n"
    yield f"Verdicts\n: {told(found.of([law.name]))}\n"
