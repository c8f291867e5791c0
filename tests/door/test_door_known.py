"""The file of known failures: read with care, passed on, and strict."""

import json
from pathlib import Path

import jsonschema
import pytest
from door_fakes import result, small_case

import normspec.schemas
from normspec.close_names import UnknownNameError
from normspec.properties.known import KnownFailure
from normspec.records.known_file import known_failures_text, read_known_failures
from normspec.runs.request import request
from normspec.spec.node import PlainError
from normspec.spec.plain import plain_case

ENTRY = KnownFailure(
    *("numpy", "batch_norm", "zero-mean", "float32", "a reason", "a link"),
    case=small_case(),
    where={"layout": ["contiguous"], "rank": 2},
)


def written(tmp_path, **changes):
    document = json.loads(known_failures_text([ENTRY]))
    document["entries"][0].update(changes)
    file = tmp_path / "known.json"
    file.write_text(json.dumps(document))
    return file


def test_entries_survive(tmp_path):
    (again,) = read_known_failures(written(tmp_path))
    same = ("target", "operation", "law", "dtype", "reason", "link", "where")
    assert [getattr(again, name) for name in same] == [getattr(ENTRY, name) for name in same]
    assert plain_case(again.case) == plain_case(ENTRY.case)


def test_the_file_keeps_to_its_schema(tmp_path):
    schema = json.loads((Path(normspec.schemas.__path__[0]) / "known-failures.schema.json").read_text())
    document = json.loads(written(tmp_path).read_text())
    jsonschema.Draft202012Validator(schema).validate(document)
    del document["entries"][0]["reason"]
    with pytest.raises(jsonschema.ValidationError, match="reason"):
        jsonschema.Draft202012Validator(schema).validate(document)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"operation": "batchnorm"}, "entries[0].operation='batchnorm'"),
        ({"dtype": "float31"}, "entries[0].dtype='float31'"),
        ({"reason": None}, "entries[0].reason=None"),
        ({"reason": " "}, "entries[0].reason=' ' says nothing: say why the failure is tolerated"),
        ({"where": {"weather": "fine"}}, "entries[0].where has 'weather'"),
        ({"where": {"rank": 5}}, "entries[0].case is not covered by its own entry"),
        ({"dtype": "float64"}, "entries[0].case is not covered by its own entry"),
        ({"case": {}}, "entries[0].case lacks 'operation'"),
        ({"law": "zero-maen"}, "entries[0].law='zero-maen' is unknown: did you mean 'zero-mean'?"),
        ({"target": "nunpy"}, "entries[0].target='nunpy' is unknown: did you mean 'numpy'"),
    ],
)
def test_an_entry_that_can_match_nothing_is_refused_in_one_line(finding, normspec, capsys, tmp_path, changes, says):
    finding(result())
    assert normspec("check", "fake", "--known-failures", written(tmp_path, **changes)) == 2
    printed = capsys.readouterr().err
    assert says in printed
    assert printed.count("\n") == 1


@pytest.mark.parametrize("target", ["flax-linen-two-pass", "keras@jax", "numpy-welfrod"])
def test_an_entry_for_what_a_target_has_that_was_not_asked_for_is_kept(finding, normspec, tmp_path, target):
    finding(result())
    assert normspec("check", "fake", "--known-failures", written(tmp_path, target=target)) == 0


def test_an_entry_that_a_target_asked_for_as_a_whole_has_not_is_refused(tmp_path):
    file = written(tmp_path, target="numpy-welfrod")
    assert len(request(["numpy"], operations=["batch_norm"], known_failures=file).known) == 1
    with pytest.raises(UnknownNameError, match="'numpy-welfrod' is unknown: did you mean 'numpy-welford'"):
        request(["numpy"], known_failures=file)


def test_an_entry_that_stands_there_twice_is_refused(tmp_path):
    file = written(tmp_path)
    record = json.loads(file.read_text())
    (entry,) = record["entries"]
    file.write_text(json.dumps({**record, "entries": [entry, {**entry, "reason": "another"}]}))
    with pytest.raises(PlainError, match=r"entries\[1\] is .*entries\[0\] again: take one of them out"):
        read_known_failures(file)


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "file.json").write_text("{}")
    with pytest.raises(PlainError, match="is no file of known failures"):
        read_known_failures(tmp_path / "file.json")


def test_the_entries_reach_the_check(finding, normspec, capsys, tmp_path):
    check = finding(result())
    normspec("check", "fake", "--known-failures", written(tmp_path))
    assert [entry.reason for entry in check.asked[3]] == ["a reason"]


def test_an_entry_for_what_is_not_claimed_fails(finding, normspec, capsys, tmp_path):
    finding(result(), result("not claimed", target="numpy"))
    assert normspec("check", "fake", "--known-failures", written(tmp_path)) == 1
    assert "take it out of the file" in " ".join(capsys.readouterr().out.split())
