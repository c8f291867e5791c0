"""The door of `normspec grade`: the page, the file, the ratchet, wrong calls. What is measured is made up."""

import json
from dataclasses import replace
from pathlib import Path

import door_fakes
import jsonschema
import pytest

import normspec.schemas
from normspec.grades_json import plain_table, read_table, table_text
from normspec.grading import Table
from normspec.properties.accuracy import Entry, Largest
from normspec.properties.hunt import Progress
from normspec.properties.measure import Place
from normspec.spec.environment import PollutedEnvironmentError
from normspec.spec.node import PlainError
from normspec.spec.plain import plain_case

SCHEMA = json.loads((Path(normspec.schemas.__path__[0]) / "grades.schema.json").read_text())
SETTINGS = {"max_examples": 100, "seed": 0}


def entry(grade="A", *, output="y", layout="contiguous", dtype="float32", ulps=2.5, **changes):
    place = Place("fake", "batch_norm", dtype, "train", output, layout)
    case = door_fakes.small_case(dtype).but(layout=layout)
    numbers = {"ulps": Largest(ulps, 20.0, case), "of_bound": Largest(0.25, 1.0, case)}
    return replace(Entry(place, "B1", grade, case, numbers, 9, 1), **changes)


@pytest.fixture
def measuring(finding, monkeypatch):
    """Let every measurement find the given events."""

    def let(*events):
        finding()

        def measure(implementation, settings):
            yield Progress("fake", "batch_norm", "small cases", "float32", 0, 1)
            for event in events:
                if isinstance(event, BaseException):
                    raise event
                yield event

        monkeypatch.setattr("normspec.grading.measure_accuracy", measure)

    return let


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
    (["grade", "fake", "--operation", "batchnorm"], "did you mean 'batch_norm'?"),
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


def table(*entries):
    return Table(entries, {"fake": "file.py:fake"}, SETTINGS, {"numpy": "2"})


def test_the_file_keeps_to_its_schema_and_survives(tmp_path):
    before = table(entry(ulps=float("inf")), entry("?", output="dx", case=None, numbers={}))
    (tmp_path / "t.json").write_text(table_text(before))
    plain = json.loads((tmp_path / "t.json").read_text())
    jsonschema.Draft202012Validator(SCHEMA).validate(plain)
    assert plain_table(read_table(tmp_path / "t.json")) == plain == plain_table(before)


def test_a_case_is_written_once_and_comes_back_in_the_layout_of_its_entry(tmp_path):
    before = table(entry(), entry(layout="strided"))
    (tmp_path / "t.json").write_text(table_text(before))
    assert len(plain_table(before)["cases"]) == 1
    again = read_table(tmp_path / "t.json").entries[1].numbers["ulps"].case
    assert plain_case(again) == plain_case(door_fakes.small_case().but(layout="strided"))


def changed(way, value):
    plain = plain_table(table(entry()))
    *before, last = way
    at = plain
    for key in before:
        at = at[key]
    at[last] = value
    return plain


FIRST = ("entries", 0)
HOSTILE = [
    (("format",), "normspec-report-1", "is no table of grades"),
    (("settings", "seed"), -1, "settings.seed=-1"),
    ((*FIRST, "grade"), "A++", "grade='A++'"),
    ((*FIRST, "declared"), "F", "declared='F'"),
    ((*FIRST, "dtype"), "float16", "a case of batch_norm in float16"),
    ((*FIRST, "case"), 1, "entries[0].case=1"),
    ((*FIRST, "cases"), True, "entries[0].cases=True"),
    ((*FIRST, "numbers", "ulp"), {}, "has 'ulp', which is none of ulps"),
    ((*FIRST, "numbers", "ulps", "largest"), -1.0, "largest=-1.0: a number from 0 on"),
    ((*FIRST, "numbers", "ulps", "largest"), "nan", "largest='nan'"),
    ((*FIRST, "numbers", "ulps", "largest"), 10**400, "largest=1000"),
    (("cases", 0, "dtype"), "float8", "cases[0].dtype='float8'"),
    (("more",), 1, "has 'more'"),
]


@pytest.mark.parametrize(("way", "value", "says"), HOSTILE)
def test_what_is_no_table_is_refused_with_its_place(tmp_path, way, value, says):
    (tmp_path / "t.json").write_text(json.dumps(changed(way, value)))
    with pytest.raises(PlainError) as error:
        read_table(tmp_path / "t.json")
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_two_entries_for_one_place_are_refused(tmp_path):
    (tmp_path / "t.json").write_text(table_text(table(entry(), entry())))
    with pytest.raises(PlainError, match="two entries for one place"):
        read_table(tmp_path / "t.json")


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
    assert "was recorded with --max-examples 100 --seed 0, not --max-examples 100 --seed 1" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--json", "--ratchet"])
def test_a_file_is_whole_and_the_same_for_the_same_measurements(measuring, normspec, capsys, tmp_path, option):
    for name in ("a.json", "b.json"):
        measuring(entry(), entry("B1", output="dx"))
        normspec("grade", "fake", option, tmp_path / name)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
