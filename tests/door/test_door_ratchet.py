"""The ratchet of `normspec grade`: a table on record may only get better. What is measured is made up."""

import pytest
from grade_fakes import entry

from normspec.grades.as_json import read_table


@pytest.fixture
def held(measuring, normspec, capsys, tmp_path):
    """Record some entries, and hold others against them."""

    def against(before, after, *options):
        for entries in (before, after):
            measuring(*entries)
            code = normspec("grade", "fake", "--ratchet", tmp_path / "record.json", *options)
        return code, " ".join(capsys.readouterr().out.split())

    return against


def test_a_first_run_records_and_the_same_again_is_no_worse(held, tmp_path):
    code, text = held([entry("F")], [entry("F")])
    assert code == 0, "a recorded grade may stay below the declared one"
    assert "recorded in record.json" in text
    assert text.endswith("NO WORSE than record.json")


@pytest.mark.parametrize(
    ("after", "says"),
    [
        ([entry("B1")], "fake batch_norm float32 contiguous y (train): grade B1, on record A"),
        ([entry("?"), entry(output="dx")], "grade ?, on record A"),
        ([entry(ulps=2.6)], "ulps 2.6, on record 2.5 (largest error"),
        ([entry(ulps=float("inf"))], "ulps inf, on record 2.5"),
        ([entry(unanswered=3)], "3 cases are not answered, on record 0"),
        ([entry(output="dx")], "is no longer measured"),
    ],
)
def test_an_entry_that_got_worse_is_a_line_and_exit_code_1(held, after, says):
    code, text = held([entry()], after)
    assert code == 1
    assert says in text
    assert "WORSE: 1 changes for the worse against record.json" in text


@pytest.mark.parametrize("after", [[entry("CR")], [entry(ulps=0.5)], [entry(), entry("F", output="dx")]])
def test_what_got_better_or_is_new_is_no_worse(held, after):
    assert held([entry()], after)[0] == 0


def test_what_was_not_asked_for_is_not_missed(held):
    assert held([entry(), entry(dtype="float64")], [entry()], "--dtype", "float32")[0] == 0


def test_the_record_is_not_touched_by_what_is_held_against_it(held, tmp_path):
    held([entry()], [entry("F")])
    assert read_table(tmp_path / "record.json").entries[0].grade == "A"


@pytest.mark.parametrize("events", [[entry(), KeyboardInterrupt()], [], [entry("?")]])
def test_a_run_that_did_not_end_or_graded_nothing_records_nothing(measuring, normspec, capsys, tmp_path, events):
    measuring(*events)
    assert normspec("grade", "fake", "--ratchet", tmp_path / "record.json") in (3, 130)
    assert not list(tmp_path.iterdir())


def test_a_record_of_other_cases_is_refused(measuring, normspec, capsys, tmp_path):
    measuring(entry())
    normspec("grade", "fake", "--ratchet", tmp_path / "record.json")
    assert normspec("grade", "fake", "--ratchet", tmp_path / "record.json", "--seed", 1) == 2
    asked = "--max-examples 100 --climb 20 --seed"
    assert f"was recorded with {asked} 0, not {asked} 1" in capsys.readouterr().err
