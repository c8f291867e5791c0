"""Conventions of the frameworks, inferred: what their documentation says of them."""

from importlib.util import find_spec

import pytest

from normspec.implementations.errors import TargetError
from normspec.implementations.targets import resolve
from normspec.properties.identification.identify import identify

BATCH = {"momentum": "weighs_new", "running_variance": "unbiased", "single_element": "refuse", "empty_batch": "keep"}
CENTRED = {"epsilon_place": "inside", "statistics_dtype": "input", "short_parameters": "refuse"}
ROWS = {"single_element": "zero", "empty_batch": "keep", "negative_epsilon": "accept"}
TORCH = {
    "batch_norm": {**BATCH, **CENTRED, "channel_axis": "second", "statistics_move": "forward"},
    "layer_norm": {**CENTRED, **ROWS},
    "group_norm": {**CENTRED, "group_order": "contiguous", "channel_axis": "second", "empty_batch": "keep"},
    "rms_norm": {"epsilon_place": "inside", "scale_form": "gamma", "cast_order": "after_scale"},
    "l2_normalize": {"epsilon_place": "clamped"},
}
OLD_SIDE = {"momentum": "weighs_old", "running_variance": "biased", "single_element": "zero"}
OTHERS = {
    ("flax-linen", "jax"): OLD_SIDE,
    ("flax-nnx", "jax"): OLD_SIDE,
    ("keras@torch", "keras"): {**OLD_SIDE, "empty_batch": "nan", "float64_arithmetic": "float32"},
    ("onnxruntime", "onnxruntime"): {**OLD_SIDE, "empty_batch": "nan"},
    ("onnx-reference", "onnx"): {**OLD_SIDE, "empty_batch": "nan"},
}


def followed(target: str, operation: str) -> list[dict[str, tuple[str, ...]]]:
    found = (identify(each) for each in resolve(target, operation))
    return [{finding.axis: finding.left for finding in each if finding.decision == "identified"} for each in found]


@pytest.mark.parametrize("operation", TORCH)
def test_torch_follows_its_documentation(operation: str) -> None:
    pytest.importorskip("torch", reason="torch is not installed: the extra torch has it")
    for findings in followed("torch-functional", operation):
        assert {axis: findings.get(axis) for axis in TORCH[operation]} == {a: (v,) for a, v in TORCH[operation].items()}


@pytest.mark.parametrize(("target", "package"), OTHERS)
def test_other_frameworks_follow_their_documentation(target: str, package: str) -> None:
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    try:
        found = followed(target, "batch_norm")
    except TargetError as error:
        pytest.skip(str(error))
    for findings in found:
        assert {axis: findings.get(axis) for axis in OTHERS[target, package]} == {
            axis: (variant,) for axis, variant in OTHERS[target, package].items()
        }
