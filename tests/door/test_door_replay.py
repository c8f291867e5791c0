"""`normspec replay` judges the counterexamples of a report again."""

import json

import pytest
from door_fakes import result

from normspec.reports.as_json import json_text
from normspec.reports.report import Report


@pytest.fixture
def replayed(finding, normspec, tmp_path, capsys, monkeypatch):
    """Replay a report with these results, in which the law zero-mean holds now and running-variance does not."""
    finding()
    monkeypatch.setattr("normspec.runs.replay.judge", lambda law, trial: law.judge(trial))

    def replay(*results, options=()):
        file = tmp_path / "report.json"
        file.write_text(json_text(Report(results, {"fake": "fake"})))
        code = normspec("replay", file, *options)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return replay


def test_a_counterexample_that_still_fails_is_named(replayed):
    code, out, _ = replayed(result("nonconforming", law="running-variance"), result("nonconforming"))
    assert code == 1
    assert out.splitlines()[0].startswith("still fails  fake batch_norm running-variance float32: step 0")
    assert out.splitlines()[1:] == [
        "holds now  fake batch_norm zero-mean float32",
        "1 of 2 counterexamples still fail",
    ]


def test_none_that_still_fails_is_success(replayed):
    assert replayed(result("nonconforming"), result())[0] == 0


def test_what_was_found_is_also_given_as_json(replayed):
    _, out, _ = replayed(result("nonconforming", law="running-variance"), options=["--json"])
    assert [(one["law"], one["still_fails"]) for one in json.loads(out)] == [("running-variance", True)]


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"law": "zero-maen"}, "did you mean 'zero-mean'?"), ({"target": "gone"}, "target='gone' is unknown")],
)
def test_what_no_longer_exists_is_one_line(replayed, changes, says):
    code, out, err = replayed(result("nonconforming", **changes))
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


def test_a_case_that_makes_no_sense_is_one_line(replayed, monkeypatch):
    monkeypatch.setattr("normspec.runs.replay.judge", lambda law, trial: trial.case.attributes["nothing"])
    code, _, err = replayed(result("nonconforming"))
    assert code == 2
    assert "the case of fake batch_norm zero-mean float32 cannot be judged (KeyError: 'nothing')" in err
    assert err.count("\n") == 1


def test_a_result_about_another_operation_than_its_case_is_one_line(replayed):
    code, _, err = replayed(result("nonconforming", operation="layer_norm"))
    assert code == 2
    assert "results[0].operation='layer_norm': the operation of its case, 'batch_norm'," in err


def test_what_check_wrote_replay_takes(normspec, tmp_path, capsys):
    """From the real command to the real replay, on an implementation that is wrong on purpose."""
    file, options = tmp_path / "report.json", ("--law", "training-output", "--dtype", "float32", "--max-examples", 20)
    options = ("--operation", "batch_norm", *options)
    assert normspec("check", "faulty:eps-outside-sqrt", *options, "--json", file) == 1
    assert normspec("replay", file) == 1
    assert "still fails  faulty:eps-outside-sqrt batch_norm training-output float32" in capsys.readouterr().out
    file.write_text(file.read_text().replace("faulty:eps-outside-sqrt", "numpy-two-pass"))
    assert normspec("replay", file) == 0
