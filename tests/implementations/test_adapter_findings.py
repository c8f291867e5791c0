"""The pages of findings in the adapters' frameworks are what the records say; their programs print what they show."""

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from normspec.records.known_file import read_known_failures

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "sklearn-1.9": "scikit-learn",
    "onnxruntime-1.31": "onnxruntime",
    "onnx-1.23": "onnx",
    "flax-0.12": "flax",
    "keras-3.15-torch": "keras",
    "keras-3.15-jax": "keras",
}
"""The package that each is about."""


@pytest.mark.timeout(900)  # each program starts its framework anew
@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_record_says_and_its_programs_print(name: str) -> None:
    try:
        version = metadata.version(PAGES[name])
    except metadata.PackageNotFoundError:
        pytest.skip(f"{PAGES[name]} is not installed")
    if not version.startswith(f"{name.split('-')[1]}."):
        pytest.skip(f"the page is about {name}, and {PAGES[name]} {version} is installed")
    record, place = f"implementations/known_failures/{name}.json", f"docs/findings/{name}.md"
    command = [sys.executable, "-m", "normspec.records.findings", record, place, "--check"]  # Keras has one back-end
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, ""), run.stderr
    entries, written = read_known_failures(ROOT / record), (ROOT / place).read_text(encoding="utf-8")
    assert len(re.findall("```python", written)) == len({entry.reason for entry in entries})


def test_every_record_of_an_adapter_has_its_page() -> None:
    records = {path.stem for path in (ROOT / "implementations" / "known_failures").glob("*.json")}
    assert records - {"torch-2.13-cpu"} == set(PAGES)
