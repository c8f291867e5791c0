"""The table of grades as a file: it keeps to its schema, survives, and is refused where it is none."""

import json
from pathlib import Path

import door_fakes
import jsonschema
import pytest
from grade_fakes import entry

import normspec.schemas
from normspec.grades.as_json import plain_table, read_table, table_text
from normspec.grades.grading import Table
from normspec.spec.node import PlainError
from normspec.spec.plain import plain_case

SCHEMA = json.loads((Path(normspec.schemas.__path__[0]) / "grades.schema.json").read_text())
SETTINGS = {"max_examples": 100, "climb": 20, "seed": 0}


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


@pytest.mark.parametrize("option", ["--json", "--ratchet"])
def test_a_file_is_whole_and_the_same_for_the_same_measurements(measuring, normspec, capsys, tmp_path, option):
    for name in ("a.json", "b.json"):
        measuring(entry(), entry("B1", output="dx"))
        normspec("grade", "fake", option, tmp_path / name)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
