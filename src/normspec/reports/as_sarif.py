"""Reports as SARIF 2.1.0, which code review shows: a rule for each law, a result for each failure.

A failure on record is there as one that is suppressed, with its reason.
"""

import json
from collections.abc import Iterable
from hashlib import blake2b
from urllib.parse import quote

from normspec.clean import cleaned, one_line
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result
from normspec.reports.report import Report
from normspec.runs.versions import version
from normspec.spec.plain import Plain

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif_text(report: Report) -> str:
    """Return a report as SARIF text."""
    failing = [result for result in report.results if result.failed or result.known]
    rules = list(dict.fromkeys(result.law for result in failing))
    run = {
        "tool": {"driver": {"name": "normspec", "version": version(), "rules": [_rule(law) for law in rules]}},
        "invocations": [{"executionSuccessful": not report.interrupted, "exitCode": report.exit_code}],
        "results": [
            _result(result, rules.index(result.law), report.asked.get(result.target, "")) for result in failing
        ],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, allow_nan=False) + "\n"


def _rule(law: str) -> Plain:
    statement = one_line(LAWS[law].statement if law in LAWS else law)
    return {"id": one_line(law), "shortDescription": {"text": statement}, "defaultConfiguration": {"level": "error"}}


def _result(result: Result, rule: int, asked: str) -> Plain:
    place = f"{result.target}/{result.operation}/{result.law}/{result.dtype}"
    plain: Plain = {
        "ruleId": one_line(result.law),
        "ruleIndex": rule,
        "level": "error",
        "message": {"text": cleaned("\n".join(_lines(result)))},
        "locations": [_location(result, asked)],
        "partialFingerprints": {"normspec/v1": blake2b(place.encode("utf-8", "replace"), digest_size=16).hexdigest()},
    }
    if result.known:
        reasons = "; ".join(entry.sentence for entry in result.known)
        plain["suppressions"] = [{"kind": "external", "status": "accepted", "justification": cleaned(reasons)}]
    return plain


def _lines(result: Result) -> Iterable[str]:
    found = result.counterexample
    yield f"{result.target}, {result.operation} in {result.dtype}: {result.verdict}"
    yield found.message if found else result.message
    if found and found.snippet:
        yield f"\n{found.snippet}"


def _location(result: Result, asked: str) -> Plain:
    """Return where a failure is: in the layer, and in the file that it was asked for by, where it was."""
    name = one_line(f"{result.target}.{result.operation}")
    location: Plain = {"logicalLocations": [{"fullyQualifiedName": name, "kind": "type"}]}
    path = asked.rpartition(":")[0]
    if path.endswith(".py"):
        location["physicalLocation"] = {"artifactLocation": {"uri": quote(path)}, "region": {"startLine": 1}}
    return location
