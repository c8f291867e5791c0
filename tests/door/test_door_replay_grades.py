"""`normspec replay` measures the grades of a table again that are below the declared ones."""

import json

import pytest

PART = ("--operation", "batch_norm", "--dtype", "float32", "--max-examples", 1)
FAULTY = "faulty:cancellation"


@pytest.fixture
def table(normspec, tmp_path, capsys):
    """Grade an implementation whose variance is found in one pass."""
    assert normspec("grade", FAULTY, *PART, "--json", tmp_path / "table.json") == 1
    capsys.readouterr()
    return tmp_path / "table.json"


def test_what_grade_wrote_replay_takes(table, normspec, capsys):
    assert normspec("replay", table) == 1
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith(f"still fails  {FAULTY} batch_norm float32 ") for line in lines[:-1])
    assert lines[-1] == f"{len(lines) - 1} of {len(lines) - 1} grades are still below the declared ones"


def test_a_layer_that_was_made_right_holds_now(table, normspec, capsys):
    table.write_text(table.read_text().replace(FAULTY, "numpy-two-pass"))
    assert normspec("replay", table, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found
    assert {one["still_fails"] for one in found} == {False}


def test_a_target_that_is_gone_is_one_line(table, normspec, capsys):
    table.write_text(table.read_text().replace(FAULTY, "gone"))
    assert normspec("replay", table) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert "target='gone' is unknown" in printed.err
