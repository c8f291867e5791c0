"""Reports as JSON and back, in the form that schemas/report.schema.json describes."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import cast, get_args

from normspec.implementations.contract import Fact
from normspec.properties.verdict import Counterexample, Known, Result, Verdict
from normspec.reports.observations import observations_from, plain_number, plain_observations
from normspec.reports.report import Report
from normspec.spec.formats import FORMATS
from normspec.spec.node import Node, PlainError, Record, read_json
from normspec.spec.plain import Plain, case_from, plain_case

FORMAT = "normspec-report-1"
VERDICTS: tuple[str, ...] = get_args(Verdict)
_TOP = ("format", "summary", "results")
_TOP_BESIDES = ("settings", "versions", "asked", "seconds", "interrupted", "observations")
_RESULT = ("target", "operation", "law", "dtype", "verdict", "examples", "undecided", "known")
_RESULT_BESIDES = ("message", "snippet", "counterexample", "worst_ratio", "notes", "facts", "stale", "diagnosis")

_PLACE = ("step", "output", "index")
_NUMBERS = ("expected", "tolerance", "observed")


def plain_result(result: Result) -> Plain:
    """Return a result as plain data, from which result_from makes the same result again."""
    plain: Plain = {name: getattr(result, name) for name in _RESULT}
    plain["known"] = [asdict(entry) for entry in result.known]
    plain["worst_ratio"] = plain_number(result.worst_ratio)
    plain["notes"] = [_text(note) for note in result.notes]
    if result.stale:
        plain["stale"] = True
    if result.diagnosis:
        plain["diagnosis"] = _text(result.diagnosis)
    if result.message:
        plain["message"] = _text(result.message)
    if result.counterexample is not None:
        plain["counterexample"] = plain_case(result.counterexample.case)
        plain["message"] = _text(result.counterexample.message or result.message)
        plain["snippet"] = _text(result.counterexample.snippet)
        plain["facts"] = [_plain_fact(fact) for fact in result.counterexample.facts]
    return plain


def _plain_fact(fact: Fact) -> Plain:
    numbers = {name: getattr(fact, name) for name in _NUMBERS if getattr(fact, name) is not None}
    return {name: getattr(fact, name) for name in _PLACE} | {n: plain_number(value) for n, value in numbers.items()}


def _text(text: str) -> str:
    """Return text that UTF-8 can hold: lone surrogates become escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def plain_report(report: Report) -> Plain:
    """Return a report as plain data."""
    summary = report.summary
    counts = {"executed": summary.executed, "undecided": summary.undecided}
    return {
        "format": FORMAT,
        "summary": {**counts, "verdicts": dict(summary.verdicts), "known": summary.known, "failed": summary.failed},
        "settings": dict(report.settings),
        "versions": dict(report.versions),
        "asked": dict(report.asked),
        "seconds": round(report.seconds, 3),
        "interrupted": report.interrupted,
        "results": [plain_result(result) for result in report.results],
        "observations": [plain_observations(found) for found in report.observations],
    }


def json_text(report: Report) -> str:
    """Return a report as JSON text."""
    return json.dumps(plain_report(report), indent=1, allow_nan=False) + "\n"


def _known_from(node: Node) -> Known:
    record = node.record("reason", "link")
    return Known(record["reason"].text(), record["link"].text())


def _fact_from(node: Node) -> Fact:
    record = node.record(*_PLACE, "expected", "tolerance", optional=("observed",))
    return Fact(
        step=record["step"].count(),
        output=record["output"].text(),
        index=record["index"].count(below=2**63),
        expected=record["expected"].number(),
        tolerance=record["tolerance"].number(),
        observed=record["observed"].number() if "observed" in record.values else None,
    )


def _counterexample_from(record: Record, message: str) -> Counterexample | None:
    case, snippet = record.get("counterexample"), record.get("snippet")
    if case is None:
        return None
    facts = tuple(map(_fact_from, _items(record, "facts")))
    return Counterexample(case_from(case), message, snippet.text() if snippet else "", facts)


def result_from(node: Node) -> Result:
    """Return the result that plain data holds. Raises PlainError, naming the place, when it holds none."""
    record = node.record(*_RESULT, optional=_RESULT_BESIDES)
    message = record["message"].text() if "message" in record.values else ""
    counterexample = _counterexample_from(record, message)
    if counterexample is not None and counterexample.case.operation != record["operation"].value:
        raise record["operation"].wrong(f"the operation of its case, {counterexample.case.operation!r},")
    return Result(
        target=record["target"].text(),
        operation=record["operation"].text(),
        law=record["law"].text(),
        dtype=record["dtype"].one_of(*FORMATS),
        verdict=cast(Verdict, record["verdict"].one_of(*VERDICTS)),
        examples=record["examples"].count(),
        undecided=record["undecided"].count(),
        message=message,
        counterexample=counterexample,
        known=tuple(map(_known_from, record["known"].items())),
        worst_ratio=record["worst_ratio"].number() if "worst_ratio" in record.values else 0.0,
        notes=tuple(note.text() for note in _items(record, "notes")),
        stale=record["stale"].truth() if "stale" in record.values else False,
        diagnosis=record["diagnosis"].text() if "diagnosis" in record.values else "",
    )


def report_from(node: Node) -> Report:
    """Return the report that plain data holds; PlainError when it holds none."""
    if not isinstance(node.value, dict) or node.value.get("format") != FORMAT:
        raise PlainError(f"{node.path} is no report: give a file that 'normspec check --json FILE' wrote")
    record = node.record(*_TOP, optional=_TOP_BESIDES)
    seconds, interrupted = record.get("seconds"), record.get("interrupted")
    return Report(
        results=tuple(result_from(item) for item in record["results"].items()),
        asked=_texts(record, "asked"),
        settings={name: value.value for name, value in _entries(record, "settings")},
        versions=_texts(record, "versions"),
        seconds=seconds.size() if seconds else 0.0,
        interrupted=interrupted.truth() if interrupted else False,
        observations=tuple(observations_from(item) for item in _items(record, "observations")),
    )


def _items(record: Record, name: str) -> tuple[Node, ...]:
    node = record.get(name)
    return node.items() if node else ()


def _entries(record: Record, name: str) -> Iterator[tuple[str, Node]]:
    node = record.get(name)
    return node.entries() if node else iter(())


def _texts(record: Record, name: str) -> dict[str, str]:
    return {key: value.text() for key, value in _entries(record, name)}


def read_report(path: Path) -> Report:
    """Return the report in a file. Raises PlainError, with one line, when there is none."""
    return report_from(read_json(path))
