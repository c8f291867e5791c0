"""What the exit code of `normspec check` says."""

import json
import os
import subprocess
import sys

import pytest
from door_fakes import KNOWN, result

from normspec.spec.environment import PollutedEnvironmentError


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([result()], 0),
        ([result("not claimed", examples=0, undecided=0), result()], 0),
        ([result("nonconforming", known=(KNOWN,))], 0),
        ([result(), result("nonconforming")], 1),
        ([result("crashed")], 1),
        ([result("timed out")], 1),
        ([result("refused")], 1),
        ([], 3),
        ([result("not claimed", examples=0, undecided=0)], 3),
        ([result("undecided", examples=7, undecided=7)], 3),
        ([result(), KeyboardInterrupt()], 130),
    ],
)
def test_exit_code_says_what_was_found(finding, normspec, capsys, events, code):
    finding(*events)
    assert normspec("check", "fake") == code


WRONG = [
    (["check"], "TARGET"),
    (["chek"], "did you mean 'check'?"),
    (["check", "nobody"], "target='nobody'"),
    (["check", "fake", "--law", "zero-maen"], "did you mean 'zero-mean'?"),
    (["check", "fake", "--operation", "batchnorm"], "did you mean 'batch_norm'"),
    (["check", "fake", "--dtype", "float31"], "did you mean 'float32'"),
    (["check", "fake", "--max-examples", "0"], "--max-examples"),
    (["check", "fake", "--seed", "x"], "--seed"),
    (["check", "fake", "--json", "/no/such/folder/report.json"], "cannot be written"),
    (["check", "fake", "--junit", "/"], "is a folder"),
    (["check", "fake", "--known-failures", "/no/such/file"], "cannot be read"),
    (["replay", "/no/such/file"], "cannot be read"),
    (["list", "everything"], "operations"),
    ([], "--help"),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG)
def test_a_wrong_call_is_one_line_that_says_what_to_do(finding, normspec, capsys, arguments, says):
    check = finding(result())
    assert normspec(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert says in printed.err
    assert printed.err.startswith("normspec: ")
    assert printed.err.count("\n") == 1
    assert not hasattr(check, "asked"), "a wrong call must be refused before anything runs"


def test_every_option_reaches_the_check(finding, normspec, capsys):
    check = finding(result())
    normspec("check", "fake", "--law", "zero-mean", "--dtype", "float16", "--max-examples", 7, "--seed", 3)
    _, laws, settings, known = check.asked
    assert [law.name for law in laws] == ["zero-mean"]
    assert (settings.max_examples, settings.seed, settings.dtypes, known) == (7, 3, ("float16",), ())


def test_a_stopped_run_reports_what_it_found(finding, normspec, capsys, tmp_path):
    finding(result(), KeyboardInterrupt(), result("nonconforming"))
    assert normspec("check", "fake", "--json", tmp_path / "r.json") == 130
    assert "stopped before the end" in capsys.readouterr().out
    report = json.loads((tmp_path / "r.json").read_text())
    assert (report["interrupted"], len(report["results"])) == (True, 1)


def test_a_defect_of_normspec_is_not_taken_for_one_of_what_it_checks(finding, normspec, capsys):
    finding(ZeroDivisionError("ours"))
    assert normspec("check", "fake") == 70
    assert "a defect of normspec itself" in capsys.readouterr().err


def test_arithmetic_that_cannot_be_trusted_is_one_line(finding, normspec, capsys):
    finding(result(), PollutedEnvironmentError("this thread does not round to nearest"))
    assert normspec("check", "fake") == 2
    assert "\nnormspec: this thread does not round to nearest\n" in capsys.readouterr().err


def test_a_closed_pipe_ends_the_command_quietly_as_it_does_other_tools():
    program = "import sys; from normspec.command import main; sys.exit(main(['list', 'conventions']))"
    reading, writing = os.pipe()
    os.close(reading)
    run = subprocess.run([sys.executable, "-c", program], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (run.stderr, run.returncode) == ("", 141)
