"""Models as people write them: shared layers, layers that nothing reaches, half precision, parametrized weights."""

import pytest

from normspec.implementations.errors import TargetError
from normspec.properties.cases import STREAMS
from normspec.properties.cases.shapes import Extent
from normspec.properties.judge import judge
from normspec.properties.laws import LAWS
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Inapplicable
from normspec.spec.operations import OPERATIONS

pytest.importorskip("torch")

import torch  # only where it is installed
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from normspec.implementations.torch.model import layers_in


class Branches(nn.Module):
    """One norm is called with a name for its input, and one is not called."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.used, self.spare = nn.Linear(3, 4), nn.LayerNorm(4), nn.BatchNorm1d(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.used(input=self.first(x))
        return y


class Rows(nn.Module):
    """One norm sees inputs of two shapes."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.norm(x) + self.norm(x[:, :2]).mean()
        return y


def names(model: nn.Module, example: object = None) -> list[str]:
    return [found.name for found in layers_in(model, "m", example)]


def test_a_layer_in_several_places_is_checked_once_under_all_its_paths() -> None:
    norm = nn.LayerNorm(6)
    assert names(nn.Sequential(nn.Linear(4, 6), norm, nn.Linear(6, 6), norm)) == ["m:1 and 3"]


def test_a_layer_that_nothing_reaches_is_told_of_and_claims_nothing() -> None:
    used, spare = layers_in(Branches(), "m")
    assert (used.name, spare.name) == ("m:used", "m:spare (not checked: no input reaches it in the forward pass)")
    assert (used.claims.shapes[-1], spare.claims.dtypes) == ((2, 4), ())


def test_a_model_that_reaches_none_of_its_layers_is_told_which() -> None:
    model = nn.Sequential(nn.Linear(3, 4))
    model.norm = nn.LayerNorm(4)
    model.forward = lambda x: model[0](x)  # type: ignore[method-assign]
    with pytest.raises(TargetError, match="through which its example input flows: none reaches norm"):
        layers_in(model, "m")


def test_every_shape_that_flows_through_a_layer_is_claimed() -> None:
    (found,) = layers_in(Rows(), "m", torch.zeros(2, 5, 4))
    assert {(2, 5, 4), (2, 2, 4)} <= set(found.claims.shapes)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_model_in_half_precision_is_run_in_it(dtype: str) -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6)).to(getattr(torch, dtype))
    (found,) = layers_in(model, "m")
    assert found.claims.dtypes == (dtype,)


def test_indices_are_put_into_a_model_that_begins_with_an_embedding() -> None:
    (found,) = layers_in(nn.Sequential(nn.Embedding(5, 8), nn.RMSNorm(8)), "m")
    assert (found.operation, found.claims.shapes[-1]) == ("rms_norm", (2, 4, 8))


@pytest.mark.parametrize("training", [True, False])
def test_the_model_stays_in_the_mode_that_it_was_in(training: bool) -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6)).train(training)
    layers_in(model, "m")
    assert [each.training for each in model.modules()] == [training] * 3


def test_a_weight_that_is_parametrized_by_weight_norm_is_checked_as_such() -> None:
    (found,) = layers_in(nn.Sequential(weight_norm(nn.Linear(4, 6)), nn.ReLU()), "m")
    assert (found.operation, found.claims.shapes, found.claims.fixed) == ("weight_norm", ((6, 4),), {"axis": 0})
    extent = Extent(OPERATIONS["weight_norm"], found.claims, "float32")
    laws = [LAWS[name] for name in ("output", "dx", "dgamma", "double-backward")]
    judged = [(law.name, judge(law, Trial(found, case))) for law in laws for case in STREAMS["small"].pinned(extent)]
    assert {name for name, each in judged if not isinstance(each, Inapplicable)} == {law.name for law in laws}
    assert {name for name, each in judged if isinstance(each, Broken)} == {"double-backward"}  # torch is wrong there


def test_a_norm_that_is_no_operation_here_is_named_with_the_reason() -> None:
    (told, _) = layers_in(nn.Sequential(spectral_norm(nn.Linear(4, 6)), nn.LayerNorm(6)), "m")
    assert told.name == (
        "m:0.parametrizations.weight.0 "
        "(not recognized: the name _SpectralNorm is of no operation, and it tracks no statistics)"
    )


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.LayerNorm((3, 4)), (2, 3, 4)),
        (nn.RMSNorm(8), (2, 8)),
        (nn.GroupNorm(2, 4), (2, 4)),
        (nn.BatchNorm1d(3), (2, 3)),
        (nn.BatchNorm2d(3), (2, 3, 4, 4)),
        (nn.BatchNorm3d(3), (2, 3, 4, 4, 4)),
        (nn.InstanceNorm1d(3), (2, 3, 4)),
        (nn.InstanceNorm2d(3), (2, 3, 4, 4)),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, nn.Module) else None,
)
def test_a_model_that_begins_with_a_norm_shows_its_input_by_it(layer: nn.Module, shape: tuple[int, ...]) -> None:
    (found,) = layers_in(nn.Sequential(layer), "m")
    assert (found.name, found.claims.shapes[-1]) == ("m:0", shape)
