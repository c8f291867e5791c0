"""What is drawn: within the claims, over the whole extent of the specification, the same for the same seed."""

from collections.abc import Callable

import numpy as np
import pytest

from normspec.implementations.targets import resolve
from normspec.properties.cases import STREAMS, recast
from normspec.properties.cases.regimes import REGIMES
from normspec.properties.cases.shapes import Extent
from normspec.properties.hunt import Hunt, Settings
from normspec.properties.search import explore, fingerprint, shrink
from normspec.spec.case import Case
from normspec.spec.claims import Claims, claims_for
from normspec.spec.formats import FORMATS
from normspec.spec.operations import OPERATIONS

CLAIMS = Claims(layouts=("contiguous", "channels_last"), momentum_none=True)


def drawn(stream: str, count: int, seed: int = 0, dtype: str = "float32", claims: Claims = CLAIMS) -> list[Case]:
    return from_extent(stream, Extent(OPERATIONS["batch_norm"], claims, dtype), count, seed)


def from_extent(stream: str, extent: Extent, count: int, seed: int = 0) -> list[Case]:
    found: list[Case] = []
    explore(STREAMS[stream].strategy(extent), seed, count, found.append)
    return found


def test_the_same_seed_draws_the_same_cases_and_another_one_others() -> None:
    first, again, other = ([fingerprint(case) for case in drawn("small", 30, seed)] for seed in (3, 3, 4))
    assert first == again
    assert first != other


@pytest.mark.parametrize("stream", STREAMS)
def test_cases_stay_within_the_claims(stream: str) -> None:
    claims = Claims(ranks=(2, 4), verbs=("train", "backward"), gradients=("dx",), optional=(), state=())
    for case in drawn(stream, 40, claims=claims):
        assert set(case.parameters) == {"gamma", "beta"}
        assert case.state == {}
        assert {step.verb for step in case.script} <= {"train", "backward"}
        assert {step.input.ndim for step in case.script if step.verb == "train"} <= {2, 4}
        assert all(step.wanted == ("dx",) for step in case.script if step.verb == "backward")


FEATURES: dict[str, Callable[[Case], object]] = {
    "rank": lambda case: case.script[0].input.ndim,
    "layout": lambda case: case.layout,
    "momentum": lambda case: case.attributes["momentum"],
    "given": lambda case: tuple(case.parameters),
    "tracked": lambda case: bool(case.state),
    "verbs": lambda case: case.script[0].verb,
    "forwards": lambda case: sum(step.verb != "backward" for step in case.script),
}
EXPECTED = {
    "rank": {2, 3, 4, 5},
    "layout": {"contiguous", "channels_last"},
    "momentum": {0.1, 0.9, 0.25, 1.0, 0.0, 0.01, None},
    "given": {(), ("gamma",), ("beta",), ("gamma", "beta")},
    "tracked": {True, False},
    "verbs": {"train", "infer"},
    "forwards": {1, 2, 3},
}


@pytest.mark.parametrize("feature", FEATURES)
def test_the_whole_extent_is_drawn(feature: str) -> None:
    assert {FEATURES[feature](case) for case in drawn("small", 200)} == EXPECTED[feature]


@pytest.mark.parametrize("stream", ["small", "large"])
def test_every_regime_has_its_part_of_the_cases(stream: str) -> None:
    (implementation,) = resolve("numpy-two-pass", "batch_norm")
    batches = Hunt(implementation, "float32", Settings(max_examples=44), ()).batches(STREAMS[stream])
    assert [batch.extent.regimes for batch in batches] == [(name,) for name in REGIMES]
    assert {batch.size for batch in batches} == {5 if stream == "small" else 3}


def test_epsilon_runs_from_1e_12_to_10() -> None:
    drawn_epsilons = [case.attributes["epsilon"] for case in drawn("small", 300)]
    assert min(drawn_epsilons) >= 0.99e-12
    assert min(drawn_epsilons) < 1e-11
    assert max(drawn_epsilons) == 10.0


def test_degenerate_groups_have_one_element_or_none() -> None:
    cases = drawn("degenerate", 40)
    assert {case.script[0].input.shape[0] for case in cases} == {0, 1}
    assert all(case.script[0].verb == "train" for case in cases)


def test_every_x_has_the_shape_of_a_residual() -> None:
    operation = OPERATIONS["add_rms_norm"]
    extent = Extent(operation, claims_for(operation), "float32")
    cases = [case for seed in range(20) for case in from_extent("degenerate", extent, 10, seed)]
    added = [case for case in cases if "residual" in case.parameters]
    assert any(case.script[0].input.size == 0 for case in added)
    shapes = [{step.x.shape for step in case.script if step.x is not None} for case in added]
    assert shapes == [{case.parameters["residual"].shape} for case in added]


def test_large_groups_are_no_powers_of_two_alone() -> None:
    sizes = {
        case.script[0].input.size // case.script[0].input.shape[1]
        for seed in range(3)
        for case in drawn("large", 150, seed)
    }
    assert {64, 65, 1025} <= sizes


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("regime", REGIMES)
def test_values_are_finite_in_every_regime_and_format(regime: str, dtype: str) -> None:
    cases = from_extent("small", Extent(OPERATIONS["batch_norm"], CLAIMS, dtype, (regime,)), 20)
    arrays = [step.x for case in cases for step in case.script if step.x is not None]
    assert arrays
    assert all(np.isfinite(x.astype(np.float64)).all() and x.dtype == FORMATS[dtype].dtype for x in arrays)


def test_shrinking_stays_inside_the_regime_and_ends_small() -> None:
    strategy = STREAMS["small"].strategy(Extent(OPERATIONS["batch_norm"], CLAIMS, "float32"))

    def fails(case: Case) -> str | None:
        return "found" if case.regime == "outlier" and case.script[0].input.max() >= 16 else None

    first = next(case for case in drawn("small", 200) if fails(case))
    case, _ = shrink(strategy, 0, 200, fails, (first, "found"))
    assert case.regime == "outlier"
    assert case.script[0].input.size == 2
    assert len(case.script) == 1


def test_recasting_keeps_small_values_and_clips_large_ones() -> None:
    case = drawn("small", 1, dtype="float64")[0]
    huge = case.with_arrays(lambda x: np.full_like(x, 1e300), lambda g: g)
    assert recast(huge, "float16").script[0].input.max() == np.float16(65504)
    assert recast(case, "bfloat16").script[0].input.astype(np.float64).tolist() == case.script[0].input.tolist()
