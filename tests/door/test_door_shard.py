"""The shards of a run judge each of its cases once, and their reports make the report of the whole."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from normspec.properties import check as checking
from normspec.properties.search import fingerprint
from normspec.reports.as_json import json_text, plain_report
from normspec.reports.merge import MergeError, merged
from normspec.runs.request import request
from normspec.runs.run import run
from normspec.runs.shards import shard_from

LAWS = ["training-output", "permutation-equivariance", "refusals"]
TARGETS = ["faulty:eps-outside-sqrt", "numpy-two-pass"]
NAMES = ("a.json", "b.json", "c.json")


def checked(shard="1/1", targets=TARGETS, **changes):
    return run(
        request(
            targets, operations=["batch_norm"], laws=LAWS, dtypes=["float32"], max_examples=4, shard=shard, **changes
        )
    )


@pytest.fixture(scope="module")
def shards():
    return {name: checked(f"{k}/3") for k, name in enumerate(NAMES, 1)}


@pytest.fixture
def judged(monkeypatch):
    """Count what is judged: the law, the case, and the judgement's kind. What is made smaller is left out."""
    seen = Counter()
    original = checking._record

    def record(hunt, tally, drawn, trial):
        seen[hunt.implementation.name, tally.law.name, fingerprint(trial.case)] += 1
        original(hunt, tally, drawn, trial)

    monkeypatch.setattr(checking, "_record", record)
    return seen


def test_the_shards_together_judge_the_cases_of_the_whole_run_each_as_often(judged):
    checked()
    whole = Counter(judged)
    judged.clear()
    parts = []
    for k in (1, 2, 3):
        checked(f"{k}/3")
        parts.append(Counter(judged))
        judged.clear()
    assert sum(parts, Counter()) == whole
    assert all(sum(part.values()) > sum(whole.values()) / 5 for part in parts), "each shard does its part"


def test_the_merged_report_is_the_one_of_the_whole_run(shards):
    whole, merge = (plain_report(report) for report in (checked(), merged(shards)))
    assert len(whole["results"]) == 6
    assert _comparable(merge) == _comparable(whole)


def _comparable(plain):
    """All but the times and which smallest case of several was found."""
    smallest = ("counterexample", "message", "snippet", "facts")
    results = [{name: value for name, value in each.items() if name not in smallest} for each in plain["results"]]
    return {**plain, "seconds": 0, "results": results}


def test_a_failure_in_one_shard_alone_is_a_failure_of_the_whole(shards):
    kept = {name: _conforming(report) for name, report in shards.items()}
    assert merged(kept).exit_code == 0
    assert merged({**kept, "b.json": shards["b.json"]}).exit_code == 1


def _conforming(report):
    results = (replace(each, verdict="conforms", counterexample=None, message="") for each in report.results)
    return replace(report, results=tuple(results))


def but(report, **settings):
    return replace(report, settings={**report.settings, **settings})


WRONG = [
    (lambda of: {"a": of["a.json"], "b": of["b.json"]}, "shard 3/3 is missing"),
    (lambda of: {**of, "b.json": of["a.json"]}, "a.json and b.json are both shard 1/3"),
    (lambda of: {**of, "b.json": but(of["b.json"], seed=7)}, "settings seed=0 and b.json 7"),
    (lambda of: {**of, "b.json": but(of["b.json"], shard="2/4")}, "b.json is shard 2/4"),
    (lambda of: {**of, "b.json": replace(of["b.json"], versions={"numpy": "1"})}, "has versions"),
    (lambda of: {**of, "b.json": replace(of["b.json"], asked={})}, "has asked"),
    (lambda of: {**of, "b.json": replace(of["b.json"], interrupted=True)}, "b.json was stopped before its end"),
    (lambda of: {**of, "b.json": replace(of["b.json"], results=())}, "have different results"),
]


@pytest.mark.parametrize(("change", "says"), WRONG)
def test_reports_that_are_not_the_shards_of_one_run_are_refused_in_one_line(shards, change, says):
    with pytest.raises(MergeError, match=says) as error:
        merged(change(shards))
    assert "\n" not in str(error.value)


def test_platforms_may_differ_and_are_told(shards):
    other = replace(shards["b.json"], versions={**shards["b.json"].versions, "platform": "elsewhere"})
    assert merged({**shards, "b.json": other}).versions["platform"].endswith("; elsewhere")


def test_the_command_merges_files(shards, normspec, capsys, tmp_path):
    for name, report in shards.items():
        (tmp_path / name).write_text(json_text(report))
    files = [tmp_path / name for name in NAMES]
    assert normspec("merge", *files, "--json", tmp_path / "out.json") == 1
    assert "DOES NOT CONFORM" in capsys.readouterr().out
    assert json.loads((tmp_path / "out.json").read_text())["settings"]["shard"] == "1/1"
    assert normspec("merge", *files[:2]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/0", "a/b", "1/2/3", "-1/2", ""])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(ValueError, match="give K/N"):
        shard_from(text)
