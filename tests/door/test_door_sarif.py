"""What code review is told: SARIF 2.1.0."""

import json

import jsonschema
import pytest
from door_fakes import KNOWN, MESSAGE, SNIPPET, result
from html_reports import HOSTILE

from normspec.properties.laws import LAWS
from normspec.reports.as_sarif import sarif_text
from normspec.reports.report import Report

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
RESULT = {
    "type": "object",
    "required": ["message", "ruleId", "ruleIndex", "level", "locations", "partialFingerprints"],
    "additionalProperties": False,
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": TEXT,
        "locations": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["logicalLocations"],
                "additionalProperties": False,
                "properties": {
                    "logicalLocations": {"type": "array", "minItems": 1, "items": {"required": ["fullyQualifiedName"]}},
                    "physicalLocation": {
                        "required": ["artifactLocation"],
                        "properties": {
                            "artifactLocation": {"properties": {"uri": {"type": "string", "format": "uri-reference"}}},
                            "region": {"properties": {"startLine": {"type": "integer", "minimum": 1}}},
                        },
                    },
                },
            },
        },
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
        "suppressions": {
            "type": "array",
            "items": {
                "required": ["kind"],
                "properties": {
                    "kind": {"enum": ["inSource", "external"]},
                    "status": {"enum": ["accepted", "underReview", "rejected"]},
                },
            },
        },
    },
}
"""The part of the SARIF 2.1.0 schema that a report uses."""
DRIVER = {"required": ["name"], "properties": {"rules": {"type": "array", "items": {"required": ["id"]}}}}
RUN = {
    "required": ["tool", "results"],
    "properties": {
        "tool": {"required": ["driver"], "properties": {"driver": DRIVER}},
        "invocations": {"items": {"required": ["executionSuccessful"]}},
        "results": {"type": "array", "items": RESULT},
    },
}
SCHEMA = {
    "required": ["version", "runs"],
    "properties": {"version": {"const": "2.1.0"}, "runs": {"type": "array", "minItems": 1, "items": RUN}},
}


def told(*results, asked="norms/my norm.py:Mine"):
    plain = json.loads(sarif_text(Report(results, {"fake": asked})))
    jsonschema.Draft202012Validator(SCHEMA).validate(plain)
    return plain["runs"][0]


def test_a_failure_is_a_result_whose_rule_is_its_law():
    run = told(result(), result("nonconforming", law="dx"), result("crashed", law="dgamma"))
    rules = run["tool"]["driver"]["rules"]
    assert [rules[found["ruleIndex"]]["id"] for found in run["results"]] == ["dx", "dgamma"]
    assert rules[0]["shortDescription"]["text"] == LAWS["dx"].statement
    assert all(part in run["results"][0]["message"]["text"] for part in ("fake", "float32", MESSAGE, SNIPPET))


def test_a_place_is_the_layer_and_the_file_that_it_was_asked_for_by():
    (place,) = told(result("nonconforming"))["results"][0]["locations"]
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "fake.batch_norm"
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "norms/my%20norm.py"
    (bare,) = told(result("nonconforming"), asked="numpy")["results"][0]["locations"]
    assert "physicalLocation" not in bare


def test_a_failure_on_record_is_suppressed_with_its_reason():
    (found,) = told(result("nonconforming", known=(KNOWN,)))["results"]
    assert KNOWN.reason in found["suppressions"][0]["justification"]


def test_two_failures_are_told_apart_and_one_is_recognized_again():
    first, other = told(result("nonconforming"), result("nonconforming", dtype="float16"))["results"]
    (again,) = told(result("nonconforming"))["results"]
    assert first["partialFingerprints"] == again["partialFingerprints"] != other["partialFingerprints"]


def test_anything_can_be_said():
    text = sarif_text(Report((result("crashed", target=HOSTILE, law=HOSTILE, message=HOSTILE, counterexample=None),)))
    assert text.encode("utf-8")
    assert "\\ud800" not in text.replace("\\\\ud800", "")


@pytest.mark.parametrize(("interrupted", "code"), [(True, 130), (False, 1)])
def test_how_the_run_ended_is_told(interrupted, code):
    plain = json.loads(sarif_text(Report((result("nonconforming"),), interrupted=interrupted)))
    (invocation,) = plain["runs"][0]["invocations"]
    assert invocation == {"executionSuccessful": not interrupted, "exitCode": code}
