"""The record that --write-known-failures makes of a run."""

import json

from normspec.records.known_file import read_known_failures

FAULT = "faulty:eps-outside-sqrt"
FEW = ("--dtype", "float32", "--max-examples", 1, "--law", "training-output", "--law", "running-mean")


def test_what_fails_is_recorded_and_holds_from_then_on(normspec, tmp_path, capsys):
    record = tmp_path / "known.json"
    assert normspec("check", FAULT, *FEW) == 1
    assert normspec("check", FAULT, *FEW, "--write-known-failures", record) == 0
    assert "0 entries kept, 1 added, 0 dropped" in capsys.readouterr().out
    (entry,) = read_known_failures(record)
    assert (entry.target, entry.law, entry.dtype, entry.link) == (FAULT, "training-output", "float32", "")
    assert entry.reason.startswith("step 0 (train): y")
    assert normspec("check", FAULT, *FEW, "--known-failures", record) == 0


def test_entries_that_hold_stay_as_they_are_and_others_go(normspec, tmp_path, capsys):
    record = tmp_path / "known.json"
    normspec("check", FAULT, *FEW, "--write-known-failures", record)
    document = json.loads(record.read_text())
    (mine,) = document["entries"]
    mine |= {"reason": "as we know", "link": "https://example.org/1"}
    mended = {**mine, "target": "numpy-two-pass"}
    elsewhere = {**mine, "target": "numpy-welford"}
    record.write_text(json.dumps({**document, "entries": [mine, mended, elsewhere]}))
    both = (FAULT, "numpy-two-pass", "--operation", "batch_norm", *FEW)
    assert normspec("check", *both, "--known-failures", record) == 1, "strict: what does not fail is told"
    assert normspec("check", *both, "--write-known-failures", record) == 0
    assert "2 entries kept, 0 added, 1 dropped" in capsys.readouterr().out
    kept = read_known_failures(record)
    assert [(entry.target, entry.reason) for entry in kept] == [(FAULT, "as we know"), ("numpy-welford", "as we know")]


def test_a_stopped_run_leaves_the_record_as_it_is(finding, normspec, tmp_path, capsys):
    finding(KeyboardInterrupt())
    assert normspec("check", "fake", "--write-known-failures", tmp_path / "known.json") == 130
    assert not (tmp_path / "known.json").exists()
