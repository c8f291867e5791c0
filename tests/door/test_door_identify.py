"""`normspec identify`, and what a report says of a diagnosis."""

import json
from pathlib import Path

import pytest

from normspec.command import main
from normspec.html.page import report_page
from normspec.implementations.faulty import FAULTS
from normspec.properties.check import check
from normspec.properties.hunt import Settings
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result
from normspec.reports.as_json import json_text, report_from
from normspec.reports.groups import failures
from normspec.reports.report import Report
from normspec.spec.node import Node
from normspec.terminal.page import print_report

SCHEMAS = Path(__file__).resolve().parents[2] / "src" / "normspec" / "schemas"


def schema(name):
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))


def test_a_contradicted_declaration_is_told_and_gives_exit_code_1(capsys, tmp_path):
    validate = pytest.importorskip("jsonschema").validate
    file = tmp_path / "found.json"
    assert main(["identify", "faulty:running-var-biased", "--operation", "batch_norm", "--json", str(file)]) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "running_variance: biased: the biased variance (Keras, Flax, ONNX); DECLARED IS unbiased" in printed
    written = json.loads(file.read_text(encoding="utf-8"))
    validate(written, schema("identified"))
    axes = {axis["axis"]: axis for axis in written["identified"][0]["axes"]}
    assert axes["running_variance"]["left"] == ["biased"]
    assert axes["running_variance"]["excluded"]["unbiased"]["case"]["script"], "what decided it can be replayed"


def test_what_follows_its_declaration_gives_exit_code_0(capsys):
    assert main(["identify", "numpy-two-pass", "--operation", "standardize"]) == 0
    assert "deviation: population" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["identify", "nobody"], "target='nobody' is unknown"),
        (["identify", "numpy", "--operation", "nothing"], "operation='nothing'"),
        (["identify", "numpy", "--json", "/no/such/folder/file"], "cannot be written"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(arguments, told, capsys):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


@pytest.fixture(scope="module")
def diagnosed():
    made = FAULTS["running-var-biased"].made_of("batch_norm")
    laws = (LAWS["running-variance"], LAWS["empty-batch"])  # each has a smallest case of its own
    events = check(made, laws, Settings(max_examples=3, dtypes=("float32",)))
    return Report(tuple(event for event in events if isinstance(event, Result)))


def test_failures_with_one_diagnosis_are_one(diagnosed, capsys):
    (failure,) = failures(diagnosed.results)
    assert {result.law for result in failure.results} == {"running-variance", "empty-batch"}
    print_report(diagnosed)
    told = " ".join(capsys.readouterr().out.split())
    assert told.count("diagnosis matches exactly with running_variance='biased'") == 1
    assert " on float32, m = 3" in told, "what breaks on another case than the smallest has its own"


def test_a_diagnosis_is_in_the_json_report_and_comes_back(diagnosed):
    validate = pytest.importorskip("jsonschema").validate
    plain = json.loads(json_text(diagnosed))
    validate(plain, schema("report"))
    again = report_from(Node(plain, "report"))
    assert [each.diagnosis for each in again.results] == [each.diagnosis for each in diagnosed.results]
    assert all(each.diagnosis for each in again.results)


def test_a_diagnosis_is_on_the_page(diagnosed):
    assert "matches exactly with running_variance=&#39;biased&#39;" in report_page(diagnosed)
