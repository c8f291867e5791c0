"""The door of `normspec grade`: exit codes, wrong calls, the page. What is measured is made up."""

import pytest
from grade_fakes import entry

from normspec.spec.environment import PollutedEnvironmentError


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([entry()], 0),
        ([entry("B1"), entry("CR", output="dx")], 0),
        ([entry(), entry("B2", output="dx")], 1),
        ([entry("F", output="running_var")], 1),
        ([entry("NF")], 1),
        ([], 3),
        ([entry("?"), entry("U", output="dx")], 3),
        ([entry(), KeyboardInterrupt()], 130),
    ],
)
def test_the_exit_code_holds_grades_against_the_declared_ones(measuring, normspec, capsys, events, code):
    measuring(*events)
    assert normspec("grade", "fake") == code


WRONG = [
    (["grade"], "TARGET"),
    (["grade", "nobody"], "target='nobody'"),
    (["grade", "fake", "--dtype", "float31"], "did you mean 'float32'"),
    (["grade", "fake", "--operation", "batchnorm"], "did you mean 'batch_norm'"),
    (["grade", "fake", "--max-examples", "0"], "--max-examples"),
    (["grade", "fake", "--json", "/no/such/folder/table.json"], "cannot be written"),
    (["grade", "fake", "--ratchet", "/"], "is a folder"),
    (["grade", "fake", "--ratchet", __file__], "is no JSON"),
    (["grade", "fake", "--law", "dx"], "--law"),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG)
def test_a_wrong_call_is_one_line_before_anything_runs(measuring, normspec, capsys, arguments, says):
    measuring(ZeroDivisionError("must not run"))
    assert normspec(*arguments) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert says in printed.err


def test_arithmetic_that_cannot_be_trusted_is_one_line(measuring, normspec, capsys):
    measuring(PollutedEnvironmentError("this thread does not round to nearest"))
    assert normspec("grade", "fake") == 2
    assert "\nnormspec: this thread does not round to nearest\n" in capsys.readouterr().err


@pytest.fixture
def page(measuring, normspec, capsys, monkeypatch):
    """Print the page of a run that measures these entries."""
    monkeypatch.setenv("COLUMNS", "80")

    def printed(*entries, options=()):
        measuring(*entries)
        normspec("grade", "fake", *options)
        return capsys.readouterr().out

    return printed


def test_layouts_that_read_alike_share_a_line(page):
    text = page(entry(), entry(layout="offset"), entry("B2", layout="strided", ulps=1e6)).splitlines()
    assert text[1] == "fake: batch_norm in float32, declared B1, u = 2^-24"
    assert text[2].split() == ["output", "layout", "grade", "ulp", "err/T", "mean,", "uA", "rstd,", "u"]
    assert text[4].split() == ["y", "contiguous,", "offset", "A", "2.5", "0.25"]
    assert text[5].split() == ["y", "strided", "B2", "<", "B1", "1e+06", "0.25"]


def test_outputs_besides_y_and_dx_are_shown_when_asked_for(page):
    entries = [entry(), entry("C", output="running_var")]
    assert "running_var" not in page(*entries)
    assert "running_var" in page(*entries, options=["--all"])
    assert "1 of 2 grades are below the declared ones" in page(*entries)


def test_the_largest_known_is_told_apart_from_the_bound_that_is_proved(page):
    text = " ".join(page(entry(), options=["--long"]).split())
    assert "ulp 2.5 (proved for B1 here: 20); err/T 0.25 (proved for B1 here: 1) float32, m = 2" in text
    assert "The numbers are the largest known, found by search" in text


def test_every_line_fits_in_80_columns_and_is_plain(page):
    layouts = ("contiguous", "channels_last", "transposed", "strided", "offset", "reversed", "expanded")
    entries = [entry("B2", output="running_mean", layout=layout, ulps=1.23e-300) for layout in layouts]
    text = page(*entries, options=["--all", "--long"])
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
