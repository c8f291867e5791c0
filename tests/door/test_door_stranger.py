"""A stranger's layer is plugged in by what the README says, in ten lines or fewer, from an empty folder."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

NUMPY = """
import normspec
import numpy as np

@normspec.implementation("layer_norm", dtypes=["float32"])
def mine(x, gamma=None, beta=None, *, epsilon):
    c = x - x.mean(-1, keepdims=True, dtype=np.float64)
    y = c / np.sqrt(np.square(c).mean(-1, keepdims=True) + epsilon) * (1 if gamma is None else gamma)
    return (y if beta is None else y + beta).astype(x.dtype)
"""
TORCH = """
import torch

class MyLayerNorm(torch.nn.Module):
    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(normalized_shape))
        self.eps = eps
    def forward(self, x):
        return torch.nn.functional.layer_norm(x, self.weight.shape, self.weight, None, self.eps)
"""
JAX = """
import jax.numpy as jnp
import normspec

def my_rms_norm(x, gamma):
    return gamma * x / jnp.sqrt(jnp.square(x).mean(-1, keepdims=True) + 1e-6)

mine = normspec.jax_function(my_rms_norm, "rms_norm", epsilon=1e-6, dtypes=["float32"])
"""
KERAS = """
import normspec

mine = normspec.keras_layer(__import__("keras").layers.LayerNormalization, "layer_norm", dtypes=["float32"])
"""
KERAS_CLASS = """
import os
os.environ["KERAS_BACKEND"] = "torch"
import keras

class MyLayerNorm(keras.layers.LayerNormalization):
    pass
"""
ONNX = """
from onnx import TensorProto, helper, save

given = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", [None, 4]), ("gamma", [4]))]
made = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 4])
node = helper.make_node("LayerNormalization", ["x", "gamma"], ["y"], epsilon=1e-5)
graph = helper.make_graph([node], "norm", given, [made])
save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), "model.onnx")
"""
STRANGERS = {
    "a function of NumPy": ("numpy", NUMPY, "mine.py:mine", "layer_norm"),
    "a module of PyTorch": ("torch", TORCH, "mine.py:MyLayerNorm", "layer_norm"),
    "a function of JAX": ("jax", JAX, "mine.py:mine", "rms_norm"),
    "a layer of Keras": ("keras", KERAS, "mine.py:mine", "layer_norm"),
    "a layer class of Keras": ("keras", KERAS_CLASS, "mine.py:MyLayerNorm", "layer_norm"),
    "an ONNX file": ("onnxruntime", ONNX, "model.onnx", "layer_norm"),
}


def lines_of(program: str) -> int:
    return len([line for line in program.splitlines() if line.strip()])


def judged(folder: Path, target: str, operation: str, law: str = "output") -> subprocess.CompletedProcess[str]:
    call = ["-m", "normspec", "check", target, "--operation", operation, "--law", law, "--dtype", "float32"]
    given = [sys.executable, *call, "--max-examples", "2"]
    return subprocess.run(given, cwd=folder, check=False, capture_output=True, text=True, timeout=300)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", STRANGERS)
def test_a_stranger_needs_ten_lines(kind: str, tmp_path: Path) -> None:
    package, program, target, operation = STRANGERS[kind]
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    assert lines_of(program) <= 10
    (tmp_path / "mine.py").write_text(program, encoding="utf-8")
    if not target.startswith("mine.py"):
        subprocess.run([sys.executable, "mine.py"], cwd=tmp_path, check=True, timeout=120)
    found = judged(tmp_path, target, operation)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "CONFORMS" in found.stdout


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.timeout(300)
def test_a_program_in_another_language_is_asked_over_a_pipe(tmp_path: Path) -> None:
    program = Path(__file__).resolve().parents[2] / "examples" / "pipe" / "batch_norm.js"
    found = judged(tmp_path, f"pipe:node {program}", "batch_norm", "training-output")
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_program_in_the_readme_has_ten_lines_and_runs(tmp_path: Path) -> None:
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    program = readme.split("This is `my_norm.py`:\n\n```python\n", 1)[1].split("```", 1)[0]
    assert lines_of(program) <= 10
    (tmp_path / "my_norm.py").write_text(program, encoding="utf-8")
    found = judged(tmp_path, "my_norm.py:mine", "batch_norm", "training-output")
    assert found.returncode == 0, found.stdout + found.stderr
