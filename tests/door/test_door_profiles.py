"""A profile is a line of one table, and an option overrides it."""

import pytest

from normspec.runs.profiles import PROFILES, files_of
from normspec.runs.request import request


@pytest.mark.parametrize("name", ["quick", "default", "thorough"])
def test_a_profile_sets_the_number_of_cases(finding, name):
    finding()
    assert request(["fake"], profile=name).settings.max_examples == PROFILES[name].max_examples


def test_an_option_overrides_the_profile(finding, normspec, capsys):
    check = finding()
    normspec("check", "fake", "--profile", "quick", "--max-examples", 7)
    assert check.asked[2].max_examples == 7


def test_profiles_look_harder_one_after_the_other():
    assert PROFILES["quick"].max_examples < PROFILES["default"].max_examples < PROFILES["thorough"].max_examples
    assert PROFILES["ci"].max_examples == PROFILES["default"].max_examples


def test_ci_asks_in_processes_and_writes_junit(finding, normspec, capsys, tmp_path, monkeypatch):
    asked = []
    finding()
    monkeypatch.setattr("normspec.runs.request._resolved", lambda target, *rest: asked.append(target) or [])
    monkeypatch.chdir(tmp_path)
    normspec("check", "fake", "--profile", "ci")
    assert asked == ["isolated:fake"]
    assert [file.name for file in tmp_path.iterdir()] == [files_of("ci")["junit"].name]
    normspec("check", "fake", "--profile", "ci", "--junit", "mine.xml")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mine.xml", "normspec.xml"]


def test_a_thorough_run_asks_every_way_to_call_a_framework(monkeypatch):
    """torch.compile is among them where there is a compiler."""
    asked = []
    monkeypatch.setattr("normspec.runs.request._resolved", lambda target, *rest: asked.append(target) or [])
    request(["numpy", "torch"], profile="default")
    assert asked == ["numpy", "torch"]
    asked.clear()
    monkeypatch.setattr("normspec.implementations.registry.which", lambda name: None)
    request(["numpy", "torch"], profile="thorough")
    without = list(asked)
    assert {"numpy", "torch", "torch-vmap", "torch-jvp", "torch-forward-over-reverse"} <= set(without)
    asked.clear()
    monkeypatch.setattr("normspec.implementations.registry.which", lambda name: "/usr/bin/c++")
    request(["numpy", "torch"], profile="thorough")
    assert asked == [*without, "torch-compile"]


def test_profiles_are_listed(normspec, capsys):
    assert normspec("list", "profiles") == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in PROFILES)


def test_an_unknown_profile_is_one_line(finding, normspec, capsys):
    finding()
    assert normspec("check", "fake", "--profile", "quik") == 2
    assert "did you mean 'quick'?" in capsys.readouterr().err
