"""`normspec check --html` and `--grades`, and the other files that a run is written to."""

import json
import re
from pathlib import Path

import pytest
from door_fakes import KNOWN, result

from normspec.command import main
from normspec.grades.as_json import table_text
from normspec.grades.grading import Table
from normspec.properties.accuracy import Entry, Largest
from normspec.properties.measure import Place


def grades():
    """A table of grades: one kept, one below the declared, in two layouts."""
    place = Place("fake", "batch_norm", "float32", "train", "y", "contiguous")
    kept = Entry(place, "B1", "A", None, {"ulps": Largest(1.25, 2.0, None)}, cases=3)
    dropped = Entry(Place(*(*vars(place).values(),)[:-1], "strided"), "B1", "C", None, {}, cases=3)
    return Table((kept, dropped), {"fake": "fake"}, {"max_examples": 1, "climb": 0, "seed": 0}, {})


def test_every_form_of_a_run_is_written(finding, normspec, tmp_path, capsys):
    finding(result("nonconforming"), result("nonconforming", law="dx", known=(KNOWN,)))
    forms = {form: tmp_path / form for form in ("json", "html", "junit", "sarif")}
    assert normspec("check", "fake", *(part for form, file in forms.items() for part in (f"--{form}", file))) == 1
    assert json.loads(forms["json"].read_text())["format"] == "normspec-report-1"
    assert json.loads(forms["sarif"].read_text())["version"] == "2.1.0"
    assert forms["html"].read_text().startswith("<!doctype html>")
    assert "<testsuites" in forms["junit"].read_text()


def test_grades_are_shown_on_the_page(finding, normspec, tmp_path, capsys):
    finding(result())
    (tmp_path / "grades.json").write_text(table_text(grades()))
    assert normspec("check", "fake", "--html", tmp_path / "page", "--grades", tmp_path / "grades.json") == 0
    section = (tmp_path / "page").read_text().partition('id="grades"')[2]
    row = re.sub(r"<[^>]+>", " ", section.partition("<tbody>")[2].partition("</tr>")[0]).split()
    assert row == ["float32", "y", "B1", "A", "1.2", "C", "↓"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--html", "/"], "is a folder"),
        (["--sarif", "/no/such/folder/x"], "cannot be written"),
        (["--grades", "/no/such/file"], "give --html FILE, too"),
        (["--html", "{here}/page", "--grades", "/no/such/file"], "cannot be read"),
        (["--html", "{here}/page", "--grades", __file__], "is no JSON"),
    ],
)
def test_a_wrong_file_is_one_line_before_anything_runs(finding, normspec, tmp_path, capsys, options, says):
    check = finding(result())
    assert normspec("check", "fake", *(option.format(here=tmp_path) for option in options)) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert not hasattr(check, "asked")
    assert not list(Path(tmp_path).iterdir())


def test_a_real_run_makes_a_page_with_plots(tmp_path, capsys):
    page = tmp_path / "page.html"
    assert (
        main(["check", "faulty:eps-outside-sqrt", "--dtype", "float32", "--max-examples", "3", "--html", str(page)])
        == 1
    )
    text = page.read_text()
    for part in ("error over tolerance against condition number", "running_var over training steps", "error in ulp"):
        assert part in text
