"""Reports as JUnit XML: one suite for each target and operation, one case for each law and dtype."""

from collections.abc import Mapping
from itertools import groupby

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite
from junitparser.junitparser import FinalResult

from normspec.clean import cleaned, one_line
from normspec.properties.verdict import Result
from normspec.reports.report import Report

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
KINDS: Mapping[str, type[FinalResult]] = {
    "nonconforming": Failure,
    "refused": Failure,
    "crashed": Error,
    "timed out": Error,
    "not claimed": Skipped,
    "undecided": Skipped,
}


def _outcome(result: Result) -> list[FinalResult]:
    if result.known:
        return [Skipped(one_line("known: " + "; ".join(entry.sentence for entry in result.known)))]
    if result.verdict not in KINDS:
        return []
    outcome = KINDS[result.verdict](one_line(f"{result.verdict}: {result.message}"), result.verdict)
    outcome.text = cleaned(_details(result))
    return [outcome]


def _details(result: Result) -> str:
    found = result.counterexample
    return result.message if found is None else f"{found.message}\n\n{found.snippet}"


def _case(result: Result) -> TestCase:
    case = TestCase(f"{result.law}[{result.dtype}]", classname=one_line(f"{result.target}.{result.operation}"))
    case.result = _outcome(result)
    case.system_out = f"examples={result.examples} undecided={result.undecided}"
    return case


def junit_text(report: Report) -> str:
    """Return a report as JUnit XML text."""
    document = JUnitXml("normspec")
    for (target, operation), results in groupby(report.results, lambda result: (result.target, result.operation)):
        suite = TestSuite(one_line(f"{target} {operation}"))
        suite.add_testcases(list(map(_case, results)))
        document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]
    text = document.tostring()  # type: ignore[no-untyped-call]
    return HEAD + (text.decode("utf-8") if isinstance(text, bytes) else str(text)) + "\n"
