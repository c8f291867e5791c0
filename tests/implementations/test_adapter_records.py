"""What is on record as failing in the adapters still fails, where the version is the one on record."""

from importlib import metadata
from pathlib import Path

import pytest

from normspec.implementations.targets import resolve
from normspec.properties.judge import judge
from normspec.properties.laws import LAWS
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken
from normspec.records.known_file import read_known_failures

RECORDS = Path(__file__).resolve().parents[2] / "implementations" / "known_failures"


@pytest.mark.parametrize(
    ("record", "package", "targets"),
    [
        ("sklearn-1.9", "scikit-learn", ["sklearn"]),
        ("onnxruntime-1.31", "onnxruntime", ["onnxruntime"]),
        ("onnx-1.23", "onnx", ["onnx-reference"]),
        ("keras-3.15-torch", "keras", ["isolated:keras@torch"]),
        ("keras-3.15-jax", "keras", ["isolated:keras@jax"]),
        ("flax-0.12", "flax", ["flax-linen", "flax-nnx"]),
    ],
)
def test_every_entry_on_record_fails(record: str, package: str, targets: list[str]) -> None:
    try:
        version = metadata.version(package)
    except metadata.PackageNotFoundError:
        pytest.skip(f"{package} is not installed")
    if not version.startswith(record.split("-")[1]):
        pytest.skip(f"the record is about {record}, and {package} {version} is installed")
    entries = read_known_failures(RECORDS / f"{record}.json")
    made = {(each.name, each.operation): each for target in targets for each in resolve(target)}
    mended = [
        (entry.target, entry.operation, entry.law, entry.dtype)
        for entry in entries
        if not isinstance(judge(LAWS[entry.law], Trial(made[entry.target, entry.operation], entry.case)), Broken)
    ]
    assert len(entries) > 10
    assert not mended
