"""Isolation at the door: its options, and the case that survives."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import normspec
from normspec.command import main
from normspec.implementations.numpy.batch_norm import TWO_PASS
from normspec.properties.laws import LAWS
from normspec.runs.case_file import CaseFiles, read_replayable
from normspec.runs.request import request

HOSTILE = Path(__file__).parents[1] / "implementations" / "hostile.py"
ASKS = """
import numpy as np
from normspec.spec.case import Case, Step
w.answer(Case("batch_norm", "float32", {"epsilon": 1.0, "momentum": 0.5}, (Step("train", np.ones((2, 1), "float32")),)))
"""
FEW = ("--operation", "batch_norm", "--dtype", "float32", "--max-examples", "1", "--law", "answers")


def test_isolate_changes_no_verdict(tmp_path):
    chosen = {"operations": ["batch_norm"], "dtypes": ["float32"], "max_examples": 1}
    here, there = (normspec.check("numpy-welford", isolate=isolate, **chosen) for isolate in (False, True))
    assert [(r.law, r.verdict, r.examples, r.worst_ratio) for r in here.results] == [
        (r.law, r.verdict, r.examples, r.worst_ratio) for r in there.results
    ]
    assert set(there.asked.values()) == {"isolated:numpy-welford"}


def test_an_isolated_target_has_the_program_that_it_has_in_this_process():
    pytest.importorskip("torch", reason="torch is not installed: the extra torch has it")
    chosen = {"operations": ["rms_norm"], "laws": ["loud-overflow"], "dtypes": ["float32"], "max_examples": 1}
    reports = [normspec.check("torch-functional", isolate=isolate, **chosen) for isolate in (False, True)]
    here, there = ([r.counterexample.snippet for r in each.results if r.counterexample] for each in reports)
    assert here == there
    assert here[0].startswith("import torch")


def test_a_hostile_implementation_breaks_no_run(tmp_path, capsys):
    report = tmp_path / "report.json"
    targets = [f"{HOSTILE}:{name}" for name in ("exits", "HEALTHY")]
    assert main(["check", *targets, *FEW, "--isolate", "--json", str(report)]) == 1
    verdicts = {r["target"]: r["verdict"] for r in json.loads(report.read_text())["results"]}
    assert verdicts == {"exits": "crashed", "healthy": "conforms"}
    assert "ended with exit code 3; its last words: no more of this" in " ".join(capsys.readouterr().out.split())
    assert main(["replay", str(report)]) == 1, "what kills is replayed in a process of its own, too"
    assert "still fails  exits batch_norm answers float32" in capsys.readouterr().out


def test_a_case_is_written_down_before_it_is_sent(tmp_path, capsys):
    main(["check", f"{HOSTILE}:hangs", *FEW, "--isolate", "--time-limit", "0.5", "--run-directory", str(tmp_path)])
    (file,) = tmp_path.iterdir()
    assert file.name.startswith("batch_norm-hangs-")
    report = read_replayable(file)
    laws = {law.name for law in LAWS.values() if "batch_norm" in law.operations}
    assert {result.law for result in report.results} == laws
    assert set(report.asked.values()) == {f"isolated:{HOSTILE}:hangs"}


def test_the_case_survives_the_death_of_the_suite_and_can_be_replayed(tmp_path, capsys):
    call = [sys.executable, "-m", "normspec", "check", f"{HOSTILE}:hangs", *FEW, "--isolate"]
    suite = subprocess.Popen([*call, "--run-directory", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("*.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    suite.kill()
    suite.communicate()
    (file,) = tmp_path.glob("*.json")
    text = file.read_text().replace("hangs", "exits")
    file.write_text(text)
    assert main(["replay", str(file)]) == 1
    assert "still fails  exits batch_norm answers float32" in capsys.readouterr().out


def test_without_a_run_directory_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    files = CaseFiles()
    files.record("a b/../c", "{}")
    (folder,) = tmp_path.iterdir()
    assert [path.name for path in folder.iterdir()] == [f"a-b-..-c-{os.getpid()}.json"]
    del files
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["check", "numpy", "--isolate", "--time-limit", "0"], "--time-limit"),
        (["check", "numpy", "--isolate", "--memory-limit", "0"], "--memory-limit"),
        (["check", "nobody", "--isolate"], "target='nobody' is unknown"),
        (["check", "pipe:false"], "ended with exit code 1"),
    ],
)
def test_a_wrong_call_is_one_line(capsys, arguments, says):
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1


def test_what_has_no_name_cannot_be_isolated():
    with pytest.raises(ValueError, match="name it as FILE"):
        request([TWO_PASS], isolate=True)


def test_limits_that_are_none_are_refused():
    for limits in ({"time_limit": 0}, {"time_limit": float("nan")}, {"memory_limit": -1}):
        with pytest.raises(ValueError, match="give a number above 0"):
            request(["numpy"], isolate=True, **limits)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with the one that started it")
def test_a_worker_ends_with_the_suite_even_where_it_hangs():
    script = f"from normspec.implementations.targets import resolve; (w,) = resolve('isolated:{HOSTILE}:hangs')"
    run = f"{script}; print(w.answer.__self__.worker.process.pid, flush=True)\n{ASKS}"
    suite = subprocess.Popen([sys.executable, "-c", run], stdout=subprocess.PIPE, text=True)
    assert suite.stdout is not None
    worker = int(suite.stdout.readline())
    time.sleep(1)  # by then it has been asked, and hangs
    assert _lives(worker)
    suite.send_signal(signal.SIGKILL)
    suite.communicate()
    deadline = time.monotonic() + 20
    while _lives(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _lives(worker)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path("/proc").exists() else True
