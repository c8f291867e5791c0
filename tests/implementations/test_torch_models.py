"""A model as a target: its layers are found, recorded in their shapes, and told apart by their paths."""

from pathlib import Path

import pytest

from normspec.implementations.errors import TargetError
from normspec.implementations.targets import resolve
from normspec.properties.check import Settings, check
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result

torch = pytest.importorskip("torch")

MODELS = Path(__file__).resolve().parents[2] / "examples" / "models"
FEW = Settings(max_examples=3)


def layers(file: str, builder: str = "build_model") -> dict[str, tuple[int, ...]]:
    """The layers found in an example, each with the shape that flows through it."""
    return {found.name: found.claims.shapes[-1] for found in resolve(f"{MODELS / file}:{builder}")}


def broken(file: str, builder: str = "build_model", *laws: str) -> dict[str, set[str]]:
    """The laws that each layer of an example breaks."""
    asked = tuple(LAWS[name] for name in laws) or tuple(LAWS.values())
    return {
        found.name: {event.law for event in check(found, asked, FEW) if isinstance(event, Result) and event.failed}
        for found in resolve(f"{MODELS / file}:{builder}")
    }


def test_lenet_has_a_batch_norm_after_each_convolution_in_the_shape_that_flows() -> None:
    assert layers("lenet.py") == {
        "build_model:0.1": (2, 6, 28, 28),
        "build_model:0.5": (2, 16, 10, 10),
        "build_model:1.2": (2, 120),
        "build_model:1.5": (2, 84),
    }


def test_a_residual_network_is_found_whole_projections_included() -> None:
    found = layers("resnet.py")
    assert len(found) == 1 + 4 * 2 + 1
    assert found["build_model:layer2.0.downsample.1"] == found["build_model:layer2.0.bn1"] == (2, 16, 4, 4)


def test_layers_of_torch_keep_their_laws_inside_a_model() -> None:
    kept = ("answers", "training-output", "running-mean", "running-variance", "dgamma", "inference-output", "refusals")
    assert set().union(*broken("lenet.py", "build_model", *kept).values()) == set()


def test_the_mended_tutorial_layer_keeps_every_law() -> None:
    found = broken("tutorial_mended.py")
    assert found == {"build_model:1": set(), "build_model:6": set()}


def test_a_misspelt_base_class_is_named() -> None:
    with pytest.raises(TargetError, match=r"module .torch\.nn. has no attribute .module."):
        resolve(f"{MODELS / 'tutorial_as_published.py'}:build_model")


def test_values_that_are_not_there_to_unpack_are_named() -> None:
    first = resolve(f"{MODELS / 'tutorial_as_published.py'}:base_mended")[0]
    (told,) = (event for event in check(first, (LAWS["answers"],), FEW) if isinstance(event, Result) and event.failed)
    assert told.verdict == "crashed"
    assert "not enough values to unpack (expected 5, got 3)" in told.message


@pytest.mark.parametrize("fault", ["beta-starts-at-one", "statistics-are-no-buffers", "mode-from-gradients"])
def test_each_fault_of_construction_is_told_by_name(fault: str) -> None:
    found = resolve(f"{MODELS / 'tutorial_as_published.py'}:unpacking_mended")
    named = [each for each in found if each.name.endswith(fault)]
    assert [each.name for each in named] == [f"unpacking_mended:1 {fault}", f"unpacking_mended:6 {fault}"]
    told = [event for event in check(named[0], (LAWS["answers"],), FEW) if isinstance(event, Result) and event.failed]
    assert fault in told[0].message


def test_a_mode_taken_from_gradients_breaks_the_laws_of_inference() -> None:
    found = broken("tutorial_as_published.py", "unpacking_mended", "inference-output", "inference-keeps-state")
    assert found["unpacking_mended:1"] == {"inference-output", "inference-keeps-state"}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def build_model():\n    return 3\n", "build_model() returned a int, no torch.nn.Module"),
        ("def build_model():\n    return nn.Linear(2, 2)\n", "has no normalization layer through which"),
        (
            "def build_model():\n    return nn.Sequential(nn.LazyLinear(4), nn.LayerNorm(4))\n",
            "cannot be run: its first layer does not show what it takes; add a function example_input()",
        ),
    ],
)
def test_what_cannot_be_walked_is_told_with_what_to_do(tmp_path: Path, source: str, message: str) -> None:
    (tmp_path / "model.py").write_text(f"from torch import nn\n\n\n{source}", encoding="utf-8")
    with pytest.raises(TargetError) as caught:
        resolve(f"{tmp_path / 'model.py'}:build_model")
    assert message in str(caught.value)


def test_a_layer_that_shows_no_epsilon_is_named_with_what_is_missing(tmp_path: Path) -> None:
    source = """
import torch
from torch import nn

class RMSNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4))

    def forward(self, x):
        return self.weight * x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6)

def build_model():
    return nn.Sequential(nn.Linear(3, 4), RMSNorm())
"""
    path = tmp_path / "model.py"
    path.write_text(source, encoding="utf-8")
    (found,) = resolve(f"{path}:build_model")
    assert found.name == "build_model:1 (not recognized: it shows no epsilon; say it in layers, beside the model)"
    assert found.claims.dtypes == ()
    path.write_text(f"{source}\nlayers = {{'RMSNorm': {{'epsilon': 1e-6}}}}\n", encoding="utf-8")
    (found,) = resolve(f"{path}:build_model")
    assert (found.operation, found.claims.fixed) == ("rms_norm", {"epsilon": 1e-6, "axes": 1})
