"""Failing cases are kept in Hypothesis's databases and tried again in every later run."""

from datetime import UTC, datetime
from threading import Thread
from zipfile import ZipFile

import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from normspec.implementations.targets import resolve
from normspec.properties import check as checking
from normspec.properties.check import check
from normspec.properties.hunt import Settings
from normspec.properties.law import Law
from normspec.properties.shelf import DatabaseError, open_databases
from normspec.properties.verdict import Broken, Kept, Result

# Fails for a layout that few cases have, and for no pinned case.
RARE = Law("training-output", lambda trial: Broken("rare") if trial.case.layout == "reversed" else Kept())


@pytest.fixture
def found(monkeypatch):
    """Check the rare law with so many examples and these databases; give its result."""
    monkeypatch.setattr(checking, "_try_pinned", lambda *given: None)
    (made,) = resolve("numpy-two-pass", "batch_norm")

    def run(examples, *databases):
        settings = Settings(examples, dtypes=("float32",), databases=databases)
        (result,) = (event for event in check(made, (RARE,), settings) if isinstance(event, Result))
        return result

    return run


def test_a_failure_found_with_many_examples_is_found_at_once_with_one(found, tmp_path):
    place = str(tmp_path / "kept")
    assert found(1).verdict == "conforms", "one example alone must not find it"
    assert found(60, place).verdict == "nonconforming"
    again = found(1, place)
    assert again.verdict == "nonconforming"
    assert again.counterexample.case.layout == "reversed"


def test_what_is_kept_comes_in_addition_and_changes_nothing_else(found, tmp_path):
    place = str(tmp_path / "kept")
    assert found(60, place).examples == found(60).examples
    assert found(1).examples < found(1, place).examples <= found(1).examples + 5


def test_the_first_of_several_databases_is_written_to_and_all_are_read(found, tmp_path):
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    found(60, first)
    assert found(1, second, first).verdict == "nonconforming"


@pytest.fixture
def redis_address():
    """A server that speaks Redis's protocol on a free port of this machine."""
    pytest.importorskip("redis", reason="the extra redis is not installed")
    fakeredis = pytest.importorskip("fakeredis", reason="fakeredis is not installed")
    server = fakeredis.TcpFakeServer(("127.0.0.1", 0))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"redis://127.0.0.1:{server.server_address[1]}/0"
    server.shutdown()
    server.server_close()


def test_a_failure_is_kept_in_redis_for_the_next_run(found, redis_address):
    assert found(1, redis_address).verdict == "conforms"
    assert found(60, redis_address).verdict == "nonconforming"
    open_databases.cache_clear()  # as in another process: what is found again came over the wire
    again = found(1, redis_address)
    assert again.verdict == "nonconforming"
    assert again.counterexample.case.layout == "reversed"


@pytest.fixture
def uploaded(tmp_path):
    """Where Hypothesis has what a repository uploaded, and a way to put a folder there."""
    set_hypothesis_home_dir(tmp_path / "home")
    place = tmp_path / "home" / "github-artifacts" / "hypothesis-example-db"
    place.mkdir(parents=True)

    def upload(folder):
        with ZipFile(place / f"{datetime.now(UTC).isoformat().replace(':', '_')}.zip", "w") as artifact:
            for file in (each for each in folder.rglob("*") if each.is_file()):
                artifact.write(file, file.relative_to(folder))

    yield upload
    set_hypothesis_home_dir(None)


def test_a_failure_that_a_repository_uploaded_is_tried_here(found, uploaded, tmp_path):
    found(60, str(tmp_path / "there"))
    uploaded(tmp_path / "there")
    assert found(1, str(tmp_path / "here"), "github:owner/repository").verdict == "nonconforming"
    assert found(1, str(tmp_path / "here")).verdict == "conforms"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mongodb://host", "is unknown: give a folder"),
        ("github:owner", "is incomplete: write github:OWNER/REPOSITORY"),
        (__file__, "is no folder"),
        (f"{__file__}/kept", r"cannot be made \(Not a directory\): give a folder to write to"),
        ("redis://127.0.0.1:1/0", "does not answer|needs redis"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line(name, says):
    with pytest.raises(DatabaseError, match=says) as error:
        open_databases((name,))
    assert "\n" not in str(error.value)


def test_the_option_reaches_the_check(finding, normspec, capsys, tmp_path):
    seen = finding()
    normspec("check", "fake", "--database", tmp_path, "--database", tmp_path / "other")
    assert seen.asked[2].databases == (str(tmp_path), str(tmp_path / "other"))
