"""Programs at the other end of a pipe, for the tests: the examples, and small ones that say what they are told to."""

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource

import normspec.schemas
from normspec.implementations.contract import Implementation
from normspec.implementations.pipe import Terms, from_process

EXAMPLES = Path(__file__).parents[2] / "examples" / "pipe"
SCHEMAS = Path(normspec.schemas.__path__[0])
OFFER: Mapping[str, Any] = {
    "name": "told",
    "operation": "batch_norm",
    "claims": {"dtypes": ["float32", "bfloat16"], "ranks": [2], "verbs": ["train"]},
}
HELLO: Mapping[str, Any] = {"protocol": "normspec-pipe-1", "implementations": [OFFER]}

# Reads questions; answers hello with the first line of its own file, and each case with the next one, made up anew
# from the question: Q is the question, X the array of its first step.
PROGRAM = """
import json, os, sys
answers = [HELLO, ANSWERS]
for line in sys.stdin:
    Q = json.loads(line)
    X = Q["case"]["script"][0]["x"] if "case" in Q else None
    said = answers[0] if X is None else eval(answers[1])
    sys.stdout.write(said if isinstance(said, str) else json.dumps(said) + "\\n")
    sys.stdout.flush()
"""


def told(folder: Path, answer: str, offer: object = HELLO, terms: Terms | None = None) -> Implementation:
    """A program that answers every case with the value of an expression of Q and X; text is written as it is."""
    path = folder / "program.py"
    path.write_text(PROGRAM.replace("HELLO", repr(offer)).replace("ANSWERS", repr(answer)))
    (found,) = from_process(f"pipe:{shlex.join([sys.executable, str(path)])}", terms=terms)
    return found


def compiled(folder: Path, source: str | None = None) -> str:
    """The target of the example in C, or of a changed source of it; skips the test where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    path, program = folder / "batch_norm.c", folder / "batch_norm"
    path.write_text(source or (EXAMPLES / "batch_norm.c").read_text())
    options = ("-std=c99", "-O2", "-Wall", "-Wextra", "-pedantic", "-Werror")
    subprocess.run([compiler, *options, "-o", program, path, "-lm"], check=True)
    return f"pipe:{shlex.quote(str(program))}"


def in_javascript() -> str:
    """The target of the example in JavaScript; skips the test where there is no node."""
    if shutil.which("node") is None:
        pytest.skip("there is no node")
    return f"pipe:node {shlex.quote(str(EXAMPLES / 'batch_norm.js'))}"


@dataclass(frozen=True)
class Schemas:
    """The schemas of the package, which refer to one another by their file names."""

    def validator(self, name: str) -> jsonschema.protocols.Validator:
        contents = {path.name: json.loads(path.read_text()) for path in SCHEMAS.glob("*.schema.json")}
        registry = Registry().with_resources((key, Resource.from_contents(value)) for key, value in contents.items())
        return jsonschema.Draft202012Validator(contents[f"{name}.schema.json"], registry=registry)
