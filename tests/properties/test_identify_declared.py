"""What identify finds out about each adapter's layers is what the adapter declares, and what its documentation says."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

PACKAGES = {
    "flax-linen": "flax",
    "flax-nnx": "flax",
    "keras@torch": "keras",
    "keras@jax": "keras",
    "onnxruntime": "onnxruntime",
    "onnx-reference": "onnx",
    "sklearn": "sklearn",
    "torch-functional": "torch",
    "torch-module": "torch",
}
FLAX = ("batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm")
LAYERS = (*FLAX, "l2_normalize")
ONNX = (*LAYERS, "l1_normalize", "standardize")
SCALERS = ("standardize", "min_max_scale", "standard_scaler", "min_max_scaler")
OPERATIONS = {
    **dict.fromkeys(("flax-linen", "flax-nnx"), FLAX),
    **dict.fromkeys(("keras@torch", "keras@jax"), LAYERS),
    **dict.fromkeys(("onnxruntime", "onnx-reference"), ONNX),
    "sklearn": SCALERS,
    "torch-functional": ("batch_norm", "rms_norm"),
    "torch-module": ("instance_norm", "group_norm"),
}
PAIRS = [(target, operation) for target, operations in OPERATIONS.items() for operation in operations]

NESTED = ("statistics_dtype", "cast_order", "residual_sum", "variance_formula")
"""One variant allows all that another one does: where nothing denies the stricter one, nobody can tell."""

UNTRACKED = ("momentum", "initial_value", "running_variance")
"""Not shown by a layer without running statistics."""

DEFECTIVE = {
    ("onnx-reference", "l1_normalize"): {"epsilon_place", "statistics_dtype"},  # the sum of x, where that of |x| is due
    ("keras@torch", "l2_normalize"): {"float64_arithmetic"},  # its clamp is of float32, what it divides of float64
    ("torch-module", "instance_norm"): {"empty_batch"},  # its running statistics are NaN afterwards
    ("torch-module", "group_norm"): {"single_element"},  # refused for one sample, and answered for two
}
"""Where a layer does not do what is declared: each is a defect that stands in its record of known failures."""

DOCUMENTED = {
    "epsilon_place": "inside",
    "channel_axis": "second",
    "group_order": "contiguous",
    "scale_form": "gamma",
    "deviation": "population",
    "statistics_move": "forward",
}
"""What every one of these layers does; l2_normalize has its epsilon in various places."""


def identified(target: str, operation: str, folder: Path) -> list[dict[str, dict[str, object]]]:
    file = folder / "found.json"
    call = ["-m", "normspec", "identify", target, "--operation", operation, "--json", str(file)]
    ran = subprocess.run([sys.executable, *call], check=False, capture_output=True, text=True, timeout=550)
    assert ran.returncode in (0, 1), ran.stderr
    found = json.loads(file.read_text(encoding="utf-8"))["identified"]
    return [{axis["axis"]: axis for axis in each["axes"]} for each in found]


def contradicting(axis: dict[str, object]) -> bool:
    return bool(axis.get("contradicts")) or axis["decision"] == "matches no known convention"


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("target", "operation"), PAIRS)
def test_what_is_found_out_is_what_is_declared(target: str, operation: str, tmp_path: Path) -> None:
    if find_spec(PACKAGES[target]) is None or (target == "keras@jax" and find_spec("jax") is None):
        pytest.skip(f"{PACKAGES[target]} is not installed")
    found = identified(target, operation, tmp_path)
    assert found, "something is found out about every layer"
    wrong = {name for axes in found for name, axis in axes.items() if contradicting(axis)}
    assert wrong == DEFECTIVE.get((target, operation), set())
    for axes in found if operation != "l1_normalize" or not wrong else ():
        settled = {name: axis for name, axis in axes.items() if name not in {*NESTED, *wrong}}
        declared = {name: axis for name, axis in settled.items() if "declared" in axis}
        told = {name: axis["left"] for name, axis in declared.items() if axis["decision"] == "identified"}
        assert told == {name: [declared[name]["declared"]] for name in told}
        assert set(declared) - set(told) <= {*UNTRACKED, "epsilon_value"}
        documented = {name: axis["left"] for name, axis in axes.items() if name in DOCUMENTED}
        if not operation.endswith("_normalize"):
            assert documented == {name: [DOCUMENTED[name]] for name in documented}
