"""Failing cases are kept in Hypothesis's databases and tried again in every later run."""

import pytest

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


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mongodb://host", "is unknown: give a folder"),
        ("github:owner", "is incomplete: write github:OWNER/REPOSITORY"),
        (__file__, "is no folder"),
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
