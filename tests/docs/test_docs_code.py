"""What the prose shows is so: every program in it runs, every command in it prints what stands below it."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from normspec.command import main

DOCS = Path(__file__).resolve().parents[2] / "docs"
WRITTEN = sorted(path for path in DOCS.glob("*.md"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page):
    """The language and text of every block of code of a page."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def shown(page):
    """What of a page can be run: its programs, and its commands with what they print."""
    return [(language, text) for language, text in blocks(page) if language in ("python", "console")]


def lasting(printed, every_law=False):
    """What a command prints, without what a better search, or another machine, may change: numbers and cases.

    Where every law is asked, those that hold are left out as well: a new one is no error of the page.
    """
    if every_law:
        printed = re.sub(r"^([a-z-]+ +(conforms|undecided)\n|not claimed:.*?\n\n)", "", printed, flags=re.M | re.DOTALL)
    text = re.sub(r"^(smallest|found|must lie|on  ).*?(?=^\S|\Z)", "", printed, flags=re.MULTILINE | re.DOTALL)
    counted = r"\d+ (checks|of them|s, seed|of \d+|not claimed|undecided|nonconforming)"
    return re.sub(counted, r"some \1", re.sub(r"\d+ of \d+ results", "some results", " ".join(text.split())))


@pytest.mark.parametrize("page", [page for page in WRITTEN if shown(page)], ids=lambda page: page.name)
@pytest.mark.timeout(600)
def test_programs_run_and_commands_print_what_is_shown(page, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    for language, text in shown(page):
        if language == "python":
            (tmp_path / "my_norm.py").write_text(text, encoding="utf-8")
            ran = [
                sys.executable,
                "-W",
                "error",
                *(["-m", "pytest", "-q"] if "def test_" in text else []),
                "my_norm.py",
            ]
            subprocess.run(ran, check=True, timeout=300, capture_output=True)
            continue
        call, _, printed = text.partition("\n")
        assert call.startswith("$ normspec ")
        main(shlex.split(call)[2:])
        every = "--law" not in call
        assert lasting(capsys.readouterr().out, every) == lasting(printed, every)


def test_a_changed_verdict_is_noticed():
    assert lasting("output  BROKEN\n\n1 s, seed 0") != lasting("output  conforms\n\n1 s, seed 0")
    assert lasting("dx  BROKEN\ny  conforms\nend", True) == lasting("dx  BROKEN\nend", True) != lasting("end", True)
    assert lasting("found  y is 1\nsmallest x\nlast") == lasting("found  y is 2\n  more\nsmallest z\nlast")


def test_the_first_minute_shows_what_it_says(capsys):
    (text,) = [text for language, text in blocks(DOCS / "index.md") if language == "sh"]
    *_, call = text.strip().splitlines()
    assert main(shlex.split(call)[1:]) == 1
    assert re.search(r"second-moment +BROKEN", capsys.readouterr().out)


MODULE = """
import torch


class MyLayerNorm(torch.nn.Module):
    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        self.weight, self.bias = (torch.nn.Parameter(make(normalized_shape)) for make in (torch.ones, torch.zeros))
        self.axes, self.eps = tuple(range(-len(normalized_shape), 0)), eps

    def forward(self, x):
        var, mean = torch.var_mean(x, self.axes, correction=0, keepdim=True)
        return (x - mean) / (var + self.eps).sqrt() * self.weight + self.bias
"""


def package_of(tmp_path, monkeypatch, module):
    """Write my_package.norms, which no other test's is taken for."""
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "norms.py").write_text(module, encoding="utf-8")
    for name in ("my_package", "my_package.norms"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_the_command_for_a_module_of_pytorch_runs(tmp_path, monkeypatch, capsys):
    pytest.importorskip("torch")
    (text,) = [text for language, text in blocks(DOCS / "plug-in.md") if language == "sh"]
    package_of(tmp_path, monkeypatch, MODULE)
    monkeypatch.chdir(tmp_path)
    main([*shlex.split(text)[1:], "--dtype", "float64", "--law", "output", "--law", "dx", "--max-examples", "2"])
    assert re.search(r"output +conforms\ndx +conforms", capsys.readouterr().out)


def test_the_entry_point_of_a_package_that_ships_its_adapter_is_found(tmp_path, monkeypatch, capsys):
    (text,) = [text for language, text in blocks(DOCS / "plug-in.md") if language == "toml"]
    ((group, names),) = tomllib.loads(text)["project"]["entry-points"].items()
    described = tmp_path / "my_package-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n", encoding="utf-8")
    lines = "".join(f"{name} = {place}\n" for name, place in names.items())
    (described / "entry_points.txt").write_text(f"[{group}]\n{lines}", encoding="utf-8")
    package_of(tmp_path, monkeypatch, next(text for kind, text in blocks(DOCS / "plug-in.md") if kind == "python"))
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["check", *names, "--law", "output", "--max-examples", "2"]) == 0
    assert re.search(r"output +conforms", capsys.readouterr().out)


def test_no_page_shows_code_that_nothing_runs():
    run = {
        "index.md": {"sh"},
        "plug-in.md": {"sh", "python", "toml"},
        "protocol.md": {"text"},
        "tutorial.md": {"python", "console"},
    }
    assert {page.name: {language for language, _ in blocks(page)} for page in WRITTEN if blocks(page)} == run


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_every_command_that_is_named_exists(page, capsys):
    for words in re.findall(r"normspec ([a-z]+) ", page.read_text(encoding="utf-8")):
        if f"`normspec {words} " in page.read_text(encoding="utf-8"):
            assert main([words, "--help"]) == 0
