"""The record of known failures is strict in both directions, and an entry covers what its features say and no more."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from normspec.implementations.contract import Implementation
from normspec.implementations.layouts import place
from normspec.implementations.targets import resolve
from normspec.properties.check import check
from normspec.properties.features import FEATURES, dense
from normspec.properties.hunt import Settings
from normspec.properties.known import KnownFailure, fits
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result
from normspec.spec.case import Case, Step

FAULTY = "faulty:eps-ignored"
LAW = "training-output"
FEW = Settings(max_examples=10, dtypes=("float32",))


def case(**changes: object) -> Case:
    """A training step of two channels on three rows."""
    x = np.array([[1.0, 2.0], [3.0, 5.0], [4.0, 0.0]], np.float32)
    script = (Step("train", x), Step("backward", cotangent=x, of=0, wanted=("dx",)))
    return Case("batch_norm", "float32", {"epsilon": 1.0, "momentum": 0.1}, script).but(**changes)


def entry(**changes: object) -> KnownFailure:
    """An entry for every failure of the faulty implementation in one law."""
    fields = {"target": FAULTY, "operation": "batch_norm", "law": LAW, "dtype": "float32", "case": case()}
    return KnownFailure(**{**fields, "reason": "it ignores epsilon", "link": "", **changes})  # type: ignore[arg-type]


def found(implementation: Implementation, *known: KnownFailure) -> Result:
    """The one result of the law for the implementation."""
    events: Iterator[object] = check(implementation, (LAWS[LAW],), FEW, known)
    (result,) = (event for event in events if isinstance(event, Result))
    return result


def faulty() -> Implementation:
    return resolve(FAULTY)[0]


def renamed(name: str) -> Implementation:
    """A correct implementation under the name of the faulty one."""
    (good,) = resolve("numpy-two-pass", "batch_norm")
    return Implementation(name, good.operation, good.create, good.claims)


def test_a_failure_on_record_is_known() -> None:
    result = found(faulty(), entry())
    assert [known.reason for known in result.known] == ["it ignores epsilon"]
    assert not result.failed


def test_a_failure_off_the_record_fails() -> None:
    assert found(faulty()).failed


@pytest.mark.parametrize("field", ["target", "law", "dtype"])
def test_an_entry_about_something_else_excuses_nothing(field: str) -> None:
    elsewhere = {"target": "numpy-two-pass", "law": "zero-mean", "dtype": "float64"}
    assert found(faulty(), entry(**{field: elsewhere[field]})).failed


def test_a_failure_outside_the_features_fails() -> None:
    result = found(faulty(), entry(where={"rank": 2}))
    assert result.failed
    assert result.counterexample is not None
    assert FEATURES["rank"](result.counterexample.case) != 2


def test_an_entry_that_no_longer_fails_is_a_failure() -> None:
    result = found(renamed(FAULTY), entry())
    assert result.failed
    assert "does not fail any more" in result.message


def test_every_feature_asked_for_must_be_there() -> None:
    assert fits({}, case())
    assert fits({"rank": 2, "layout": ["strided", "contiguous"]}, case())
    assert not fits({"rank": 2, "layout": "strided"}, case())


def test_an_unknown_feature_is_told_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'weather', which is no feature of a case: choose from layout, regime"):
        fits({"weather": "fine"}, case())


SQUARE = np.arange(16.0, dtype=np.float32).reshape(2, 2, 2, 2)


def trained(x: np.ndarray, layout: str = "contiguous", **changes: object) -> Case:
    return case(script=(Step("train", x),), layout=layout, **changes)


def normalized(x: np.ndarray, operation: str = "layer_norm") -> Case:
    """x normalized along its last axis."""
    return Case(operation, "float32", {"epsilon": 1.0, "axes": 1, "axis": 3}, (Step("train", x),))


STALE = (Step("infer", SQUARE), Step("train", SQUARE), Step("backward", None, SQUARE, 0))
GAMMA = {"gamma": np.ones(2, np.float32)}


@pytest.mark.parametrize(
    ("feature", "having", "lacking"),
    [
        ("large_group", trained(np.zeros((129, 1), np.float32)), trained(np.zeros((128, 2), np.float32))),
        ("dense_input", trained(SQUARE, "channels_last"), trained(SQUARE, "strided")),
        ("scattered", trained(SQUARE, "transposed"), trained(SQUARE, "channels_last")),
        ("scattered", trained(SQUARE, "expanded", parameters=GAMMA), trained(SQUARE, "expanded")),
        ("channels_adjacent", trained(SQUARE, "channels_last"), trained(SQUARE)),
        ("channels_adjacent", case(), trained(SQUARE[:, :, :, 0])),
        ("stale_inference", case(script=STALE), case(script=(STALE[1], STALE[1], STALE[2]))),
        ("squares_overflow", trained(SQUARE * np.float32(1e19)), trained(SQUARE)),
        (
            "large_sum",
            normalized(np.zeros((1, 1, 129, 2), np.float32)),
            normalized(np.zeros((1, 1, 2, 128), np.float32)),
        ),
        ("several_rows", normalized(SQUARE), normalized(SQUARE[:1, :1, :1])),
        ("one_sample", trained(SQUARE[:1]), trained(SQUARE)),
        ("without_dx", case(script=(STALE[0], replace(STALE[2], wanted=("dbeta",)))), case()),
        ("clamped", normalized(SQUARE / 64, "l2_normalize"), normalized(SQUARE + 1, "l2_normalize")),
        ("gamma_equal", case(parameters=GAMMA), case(parameters={"gamma": np.arange(2, dtype=np.float32)})),
        ("without_affine", case(parameters=GAMMA), case(parameters=GAMMA | {"beta": GAMMA["gamma"]})),
        ("momentum_none", case(attributes={"momentum": None}), case()),
        (
            "trained_after_empty",
            case(script=(Step("train", SQUARE[:0]), Step("train", SQUARE))),
            case(script=(Step("train", SQUARE), Step("train", SQUARE[:0]))),
        ),
    ],
)
def test_a_feature_tells_the_cases_apart(feature: str, having: Case, lacking: Case) -> None:
    assert FEATURES[feature](having) is True
    assert FEATURES[feature](lacking) is False


@pytest.mark.parametrize(("layout", "is_dense"), [("contiguous", True), ("channels_last", True), ("strided", False)])
def test_dense_is_what_torch_calls_contiguous_in_some_format(layout: str, is_dense: bool) -> None:
    assert dense(place(SQUARE, layout).array) is is_dense
