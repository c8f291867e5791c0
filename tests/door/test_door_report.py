"""What is written for machines: JSON with its schema, JUnit, whole files."""

import json
from pathlib import Path

import jsonschema
import pytest
from door_fakes import KNOWN, MESSAGE, SNIPPET, result, small_case
from junitparser import Error, Failure, JUnitXml, Skipped

import normspec.schemas
from normspec.files import check_writable, write_whole
from normspec.implementations.contract import Fact
from normspec.properties.verdict import Counterexample
from normspec.reports.as_json import json_text, plain_report, read_report, report_from
from normspec.reports.as_junit import junit_text
from normspec.reports.report import Report
from normspec.spec.node import Node, PlainError

SCHEMAS = Path(normspec.schemas.__path__[0])
EVERY = tuple(
    result(verdict)
    for verdict in ("conforms", "nonconforming", "refused", "crashed", "timed out", "not claimed", "undecided")
)
HOSTILE = "\x1b[31m\x00]]>&<\ud800\u202e\uffff\x9b"


def report(*results, **fields):
    return Report(results, {"fake": "file.py:fake"}, {"seed": 0}, {"numpy": "2"}, **fields)


def schema(name):
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


def validate(text):
    jsonschema.Draft202012Validator(schema("report")).validate(json.loads(text))


def test_the_report_keeps_to_its_schema():
    validate(json_text(report(*EVERY, result("nonconforming", known=(KNOWN,)), result(worst_ratio=float("inf")))))


@pytest.mark.parametrize("hostile", [HOSTILE, "x" * 100_000])
def test_the_report_holds_any_message(hostile):
    text = json_text(report(result("crashed", counterexample=None, message=hostile, notes=(hostile,)), *EVERY))
    validate(text.encode("utf-8").decode("utf-8"))


@pytest.mark.parametrize("key", ["format", "summary", "results", "asked", "observations"])
def test_the_schema_refuses_a_report_that_lacks_something(key):
    plain = plain_report(report(*EVERY))
    del plain[key]
    with pytest.raises(jsonschema.ValidationError, match=key):
        validate(json.dumps(plain))


def test_the_summary_counts_what_was_executed():
    summary = json.loads(json_text(report(*EVERY, result("nonconforming", known=(KNOWN,)))))["summary"]
    assert (summary["executed"], summary["undecided"]) == (80, 8)
    assert (summary["failed"], summary["known"]) == (4, 1)
    assert summary["verdicts"]["nonconforming"] == 2


def test_a_failure_tells_its_case_its_message_and_its_program():
    plain = json.loads(json_text(report(result("nonconforming"))))["results"][0]
    assert (plain["message"], plain["snippet"]) == (MESSAGE, SNIPPET)
    assert plain["counterexample"]["script"][1]["wanted"] == ["dx"]


def test_what_came_and_what_must_come_is_read_again():
    facts = (Fact(0, "y", 1, 0.25, 1e-7, 0.5), Fact(1, "dx", 0, 0.0, 0.0, float("-inf")), Fact(1, "dx", 1, 0.5, 0.0))
    shown = Counterexample(small_case(), MESSAGE, SNIPPET, facts)
    text = json_text(report(result("nonconforming", counterexample=shown)))
    validate(text)
    assert report_from(Node(json.loads(text), "report")).results[0].counterexample.facts == facts


def test_a_report_is_read_again():
    again = report_from(Node(json.loads(json_text(report(*EVERY))), "report"))
    assert [r.verdict for r in again.results] == [r.verdict for r in EVERY]
    assert again.asked == {"fake": "file.py:fake"}
    assert again.results[1].counterexample.message == MESSAGE


def test_nothing_of_a_report_is_lost():
    kinds = (result(worst_ratio=0.25, notes=("a", "b")), result("nonconforming", stale=True, worst_ratio=float("inf")))
    text = json_text(report(*EVERY, *kinds, seconds=1.5, interrupted=True))
    assert json_text(report_from(Node(json.loads(text), "report"))) == text


@pytest.mark.parametrize("text", ["[]", "{}", '{"format": "normspec-report-1"}', '{"format": 1}', "nonsense"])
def test_what_is_no_report_is_refused_in_one_line(tmp_path, text):
    (tmp_path / "file").write_text(text)
    with pytest.raises(PlainError, match="file") as error:
        read_report(tmp_path / "file")
    assert "\n" not in str(error.value)


JUNIT = {"nonconforming": Failure, "refused": Failure, "crashed": Error, "timed out": Error}


def test_junit_has_a_case_for_each_result():
    suite = next(iter(JUnitXml.fromstring(junit_text(report(*EVERY)).encode())))
    kinds = [type(case.result[0]) if case.result else None for case in suite]
    assert kinds == [None, *JUNIT.values(), Skipped, Skipped]
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (7, 2, 2, 2)


def test_junit_shows_a_known_failure_as_skipped_with_its_reason():
    (suite,) = JUnitXml.fromstring(junit_text(report(result("nonconforming", known=(KNOWN,)))).encode())
    (case,) = suite
    assert KNOWN.reason in case.result[0].message


def test_junit_holds_any_message_and_name():
    bad = result("crashed", counterexample=None, message=HOSTILE, target=HOSTILE)
    (suite,) = JUnitXml.fromstring(junit_text(report(bad)).encode())
    assert "\\x1b[31m" in next(iter(suite)).result[0].message


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    file = tmp_path / "report.json"
    write_whole(file, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "new" * 10_000 + "\ud800")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_asking_whether_a_file_can_be_written_leaves_nothing(tmp_path):
    check_writable(tmp_path / "report.json")
    assert not list(tmp_path.iterdir())
    for wrong in (tmp_path, tmp_path / "no" / "report.json"):
        with pytest.raises(ValueError, match=r"is a folder|cannot be written"):
            check_writable(wrong)
