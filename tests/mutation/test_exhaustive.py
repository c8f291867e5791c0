"""The enumeration of 16-bit inputs: a run that was stopped goes on, and what is broken is found."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "exhaustive.py"


def enumerated(target: str, record: Path, last: int) -> tuple[int, str]:
    """Return exit code and output of an enumeration of pairs whose first number is among the first patterns."""
    words = [target, "--dtype", "float16", "--first", "2040", "--last", last, "--record", record]
    done = subprocess.run(
        [sys.executable, BENCHMARK, *map(str, words)], capture_output=True, text=True, check=False, timeout=300
    )
    return done.returncode, done.stdout


def test_a_run_goes_on_where_it_was_stopped_and_counts_everything_once(tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    assert enumerated("numpy-two-pass", record, 2042)[0] == 0
    (run,) = json.loads(record.read_text())
    run["pieces"][0]["judged"] += 7  # a mark, to see that this piece is not done again
    record.write_text(json.dumps([run]))
    code, told = enumerated("numpy-two-pass", record, 2042)
    assert (code, told.splitlines()[-4].split()[0]) == (0, str(2 * 2 * 63488 + 7))
    assert enumerated("faulty:zeros", record, 2042)[0] == 1
    assert [len(each["pieces"]) for each in json.loads(record.read_text())] == [1, 1]
