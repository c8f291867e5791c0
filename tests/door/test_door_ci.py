"""The texts in docs/ci are what they say: YAML whose normspec commands run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")

CI = Path(__file__).resolve().parents[2] / "docs" / "ci"
WORKFLOW = yaml.safe_load((CI / "github-actions.yml").read_text(encoding="utf-8"))
HOOK = yaml.safe_load((CI / "pre-commit-config.yaml").read_text(encoding="utf-8"))
MINE = "from normspec.implementations.targets import resolve\n[MyNorm] = resolve('numpy-two-pass', 'batch_norm')\n"
TINY = ("--max-examples", "1", "--dtype", "float32", "--law", "training-output", "--law", "zero-mean")


def commands(job):
    """The normspec commands of a job."""
    text = "\n".join(step["run"] for step in WORKFLOW["jobs"][job]["steps"] if "run" in step)
    return re.findall(r"^\s*(normspec .*)$", text, re.MULTILINE)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A project of somebody's own, with a package and an empty record."""
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "__init__.py").touch()
    (tmp_path / "my_package" / "norms.py").write_text(MINE)
    (tmp_path / "normspec-known-failures.json").write_text('{"format": "normspec-known-failures-1", "entries": []}')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shell(command, more=""):
    """Run a line of the workflow as its shell does, with normspec as it is here; give its exit code."""
    normspec = f"{shlex.quote(sys.executable)} -m normspec"
    line = re.sub(r"normspec check (.*?)( \|\||$)", rf"normspec check \1 {more}\2", command)
    line = re.sub(r"^normspec ", f"{normspec} ", line)
    environment = {**os.environ, **WORKFLOW["env"]}
    return subprocess.run(
        ["bash", "-e", "-c", line], env=environment, stdout=subprocess.DEVNULL, timeout=300
    ).returncode


def test_the_workflow_checks_every_shard_and_makes_one_report(here):
    (check,), (merge, badge) = commands("check"), commands("report")
    shards = WORKFLOW["jobs"]["check"]["strategy"]["matrix"]["shard"]
    assert shards == [f"{k}/{len(shards)}" for k in range(1, len(shards) + 1)]
    for shard in shards:
        line = check.replace("${{ matrix.shard }}", shard).replace("${{ steps.name.outputs.part }}", shard[0])
        assert "${{" not in line
        assert shell(line, shlex.join(TINY)) == 0
    assert shell(merge) == 0
    assert shell(badge) == 0
    assert {f"normspec.{kind}" for kind in ("json", "html", "xml", "svg")} <= {file.name for file in here.iterdir()}


def test_the_hook_runs(here):
    ((hook,),) = ([*repository["hooks"]] for repository in HOOK["repos"])
    assert hook["entry"].startswith("normspec check ")
    assert shell(hook["entry"], shlex.join(TINY)) == 0
