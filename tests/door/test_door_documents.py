"""What README and CONTRIBUTING say is so."""

import ast
import configparser
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from normspec.command import main

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PAGES = README + CONTRIBUTING


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


CHECK, TESTS = blocks("sh")
LINKED = re.findall(r"[`(]([\w./-]+/[\w./-]*|[\w-]+\.(?:md|txt|ini))[`)]", PAGES)
FILES = sorted({*LINKED, *re.findall(r"[\w./-]+\.(?:json|txt)", CHECK + TESTS)})


@pytest.mark.parametrize("name", FILES)
def test_every_file_that_is_named_exists(name):
    assert (ROOT / name).exists()


@pytest.mark.parametrize(("file", "name"), re.findall(r"`([\w./]+\.py)` \(`(\w+)`\)", CONTRIBUTING))
def test_every_function_on_the_walk_is_where_it_is_said_to_be(file, name):
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_walk_takes_ten_files():
    assert len(re.findall(r"^\d+\. `", CONTRIBUTING, re.MULTILINE)) == 10


def test_ci_runs_the_command_of_the_readme_to_the_letter():
    *_, last = (ROOT / ".ci" / "run").read_text(encoding="utf-8").strip().splitlines()
    assert last + "\n" == TESTS


@pytest.mark.parametrize("command", [CHECK, TESTS])
def test_a_command_is_one_line_that_sets_itself_up(command):
    assert command.count("\n") == 1
    assert command.startswith("python3 -m venv .venv && .venv/bin/python -m pip install -q -c constraints.txt ")


def test_the_first_command_is_understood(finding, capsys):
    *_, call = CHECK.split("&&")
    finding()
    program, *arguments = shlex.split(call)
    assert program == ".venv/bin/normspec"
    assert main([argument.replace("implementations/", f"{ROOT}/implementations/") for argument in arguments]) == 2
    assert "target='numpy'" in capsys.readouterr().err, "only the stand-in for targets may object"


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_python_in_the_readme_runs(tmp_path, number):
    (tmp_path / "my_norm.py").write_text(blocks("python")[number])
    subprocess.run([sys.executable, "-W", "error", tmp_path / "my_norm.py"], check=True, timeout=120)


def test_what_the_readme_shows_is_what_is_printed(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    (shown,) = blocks("console")
    call, _, printed = shown.partition("\n")
    assert call.startswith("$ normspec ")
    main(shlex.split(call)[2:])
    assert _timeless(capsys.readouterr().out) == _timeless(printed)


def _timeless(text):
    """The text without what differs from machine to machine, and with every change to the search for the case."""
    counted = re.sub(r"\d+ (checks|of them|s, seed)", r"some \1", " ".join(text.split()))
    return re.sub(r"(found step 0 \(train\): y).* smallest .* (DOES NOT)", r"\1 \2", counted)


MEASURED = json.loads((ROOT / "docs" / "data" / "oracle.json").read_text(encoding="utf-8"))
WHAT = ("enclosure", "enclosure and tolerance")
SPEED = re.findall(r"^\| ([\d ]+) \| ([\d ]+) \|((?: [\d.]+ \|){4})$", README, re.MULTILINE)


def ratio(groups, members, direction, what="enclosure", against="numpy float64"):
    wanted = {"groups": groups, "members": members, "direction": direction, "what": what, "against": against}
    (line,) = (line for line in MEASURED["lines"] if wanted.items() <= line.items())
    return line["ratio"]


@pytest.mark.parametrize(("groups", "members", "told"), SPEED)
def test_the_table_of_speed_is_what_was_measured(groups, members, told):
    which = int(groups.replace(" ", "")), int(members.replace(" ", ""))
    enclosure, both = ([ratio(*which, way, what) for way in ("forward", "backward")] for what in WHAT)
    assert told.split(" |")[:4] == [*(f" {each:.1f}" for each in enclosure), *(f" {each:.0f}" for each in both)]


def test_the_words_on_speed_are_what_was_measured():
    forward, backward = (1 / ratio(1, 1000, way, against="mpmath") for way in ("forward", "backward"))
    gradcheck = 1 / ratio(64, 64, "backward", WHAT[1], "gradcheck")
    words = " ".join(README.split())
    assert len(SPEED) == 5
    assert f"{forward:.0f} times (backward {backward:.0f} times) as fast as the same formula in mpmath" in words
    assert f"costs {gradcheck:.0f} times less than `torch.autograd.gradcheck`" in words
    assert f"Measured on {MEASURED['date']} on an {MEASURED['processor']} ({MEASURED['cores']} shared cores" in words


def test_the_table_of_environments_is_the_one_of_tox():
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini")
    said = dict(re.findall(r"^\| `tox run -e (\w+)` \| (.*) \|$", CONTRIBUTING, re.MULTILINE))
    assert said == {name: tox[f"testenv:{name}"]["description"] for name in tox["tox"]["env_list"].split(", ")}


def test_versions_are_pinned_exactly():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w-]+==[\w.]+", pin) for pin in pins)
    assert "torch==2.13.0" in pins
