"""The grades of torch on record hold: nothing got worse. They depend on torch's build and on the processor."""

import json
from pathlib import Path
from typing import Any

import pytest

from normspec.command import main
from normspec.grades.as_json import read_table
from normspec.spec.grades import drops_below

torch = pytest.importorskip("torch")

RECORD = Path(__file__).parents[2] / "implementations" / "grades" / "torch-2.13-cpu.json"
PART = ("--operation", "weight_norm", "--dtype", "float32", "--max-examples", "10", "--climb", "0")

same_machine = pytest.mark.skipif(
    torch.__version__ != "2.13.0+cpu" or torch.backends.cpu.get_cpu_capability() != "AVX512",
    reason="recorded with torch 2.13.0 on a processor with AVX-512: sums run in another order elsewhere",
)


def grade(record: Path) -> int:
    """Return the exit code of a part of the run that was recorded."""
    return main(["grade", "torch-functional", *PART, "--ratchet", str(record)])


@same_machine
def test_no_entry_is_worse_than_on_record(capsys: pytest.CaptureFixture[str]) -> None:
    assert grade(RECORD) == 0, capsys.readouterr().out


@same_machine
def test_a_record_that_was_better_is_missed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain: Any = json.loads(RECORD.read_text())
    for entry in plain["entries"]:
        if (entry["operation"], entry["output"]) == ("weight_norm", "y"):
            entry["grade"] = "A"
    (tmp_path / "record.json").write_text(json.dumps(plain))
    assert grade(tmp_path / "record.json") == 1
    assert "grade B2, on record A" in " ".join(capsys.readouterr().out.split())


def test_the_drops_on_record_are_of_long_groups() -> None:
    """Below B1 torch adds long runs of terms one after the other: no group of a few elements shows it."""
    dropped = [entry for entry in read_table(RECORD).entries if entry.grade == "B2"]
    assert dropped
    assert all(drops_below(entry.grade, "B1") for entry in dropped)
    assert all(entry.case is not None and entry.case.script[0].input.size > 64 for entry in dropped)
