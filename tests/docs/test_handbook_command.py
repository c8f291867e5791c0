"""The command: what it takes, and what it says where it cannot work."""

from importlib.util import find_spec

import pytest

from normspec.command import main


def test_it_says_which_extra_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        "normspec.commands.handbook.find_spec", lambda name: None if name == "furo" else find_spec("os")
    )
    assert main(["handbook", "--output", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "normspec: furo is not installed: pip install 'normspec[docs]'\n"


@pytest.mark.parametrize("option", ["--report", "--grades", "--faults"])
def test_a_file_that_is_none_is_told_in_one_line(option, tmp_path, capsys):
    for name in ("furo", "latex2mathml", "myst_parser", "sphinx"):
        pytest.importorskip(name)
    (tmp_path / "other.json").write_text("{}")
    assert main(["handbook", "--output", str(tmp_path), "--no-quick", option, str(tmp_path / "other.json")]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "other.json" in told
