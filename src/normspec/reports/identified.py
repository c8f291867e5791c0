"""What is identified, as JSON in the form that schemas/identified.schema.json describes, and as an exit code."""

import json
from collections.abc import Sequence

from normspec.clean import cleaned
from normspec.implementations.contract import Implementation
from normspec.properties.identification.findings import Evidence, Finding
from normspec.reports.report import CONFORMS, NONCONFORMING, NOTHING_EXECUTED
from normspec.spec.plain import Plain, plain_case

FORMAT = "normspec-identified-1"
Found = Sequence[tuple[Implementation, Sequence[Finding]]]


def exit_code_of(found: Found) -> int:
    """Return 1 where a declaration is contradicted, 3 where nothing could be asked, else 0."""
    findings = [finding for _, own in found for finding in own]
    if any(finding.contradicts for finding in findings):
        return NONCONFORMING
    return CONFORMS if findings else NOTHING_EXECUTED


def identified_text(found: Found) -> str:
    """Return what was found as JSON text."""
    plain = {
        "format": FORMAT,
        "identified": [
            {
                "target": cleaned(implementation.name),
                "operation": implementation.operation,
                "axes": [_plain(finding) for finding in findings],
            }
            for implementation, findings in found
        ],
    }
    return json.dumps(plain, indent=1, allow_nan=False) + "\n"


def _plain(finding: Finding) -> Plain:
    plain: Plain = {
        "axis": finding.axis,
        "statement": finding.statement,
        "decision": finding.decision,
        "variants": dict(finding.variants),
        "left": list(finding.left),
        "excluded": {variant: _plain_evidence(evidence) for variant, evidence in finding.excluded.items()},
    }
    if finding.declared is not None:
        plain |= {"declared": finding.declared, "contradicts": finding.contradicts}
    return plain | ({"note": cleaned(finding.note)} if finding.note else {})


def _plain_evidence(evidence: Evidence) -> Plain:
    return {"message": cleaned(evidence.message), "case": plain_case(evidence.case)}
