"""The scalers of scikit-learn as implementations."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from implementation_cases import answered, numbers, steps

from normspec.implementations.contract import Fact
from normspec.implementations.targets import resolve
from normspec.properties.cases import STREAMS
from normspec.properties.cases.shapes import Extent
from normspec.properties.check import check
from normspec.properties.hunt import Settings
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result
from normspec.spec.case import Case, Step
from normspec.spec.operations import OPERATIONS

pytest.importorskip("sklearn", reason="the extra sklearn is not installed")

FEW = Settings(max_examples=3, dtypes=("float32",))


def results(name: str, operation: str, *laws: str) -> list[Result]:
    (found,) = [each for each in resolve("sklearn", operation) if each.name == name]
    events = check(found, tuple(LAWS[law] for law in laws), FEW)
    return [event for event in events if isinstance(event, Result)]


@pytest.mark.parametrize("name", ["sklearn", "sklearn-partial-fit"])
@pytest.mark.parametrize("operation", ["standardize", "min_max_scale"])
def test_scalers_keep_the_laws_in_one_fit_and_in_two(name: str, operation: str) -> None:
    found = results(name, operation, "output", "shift-invariance", "permutation-equivariance", "layout-invariance")
    assert sum(result.examples for result in found) > 30
    assert not [result.message for result in found if result.failed]


@pytest.mark.parametrize("operation", ["standard_scaler", "min_max_scaler"])
def test_scalers_that_are_fitted_in_parts_keep_every_law_but_that_on_record(operation: str) -> None:
    """A column of NaN spoils what they keep: the page of findings tells of it."""
    (found,) = resolve("sklearn", operation)
    events = check(found, tuple(LAWS.values()), Settings(max_examples=3, dtypes=("float64",)))
    judged = [event for event in events if isinstance(event, Result) and event.verdict != "not claimed"]
    assert len(judged) > 10
    assert {result.law for result in judged if result.verdict != "conforms"} == {"nan-confined"}


def test_what_a_scaler_keeps_after_two_parts_is_what_one_fit_to_both_keeps() -> None:
    x = numbers((7, 2), "float64")
    nothing = {"running_count": np.zeros(2), "running_mean": np.zeros(2), "running_var": np.zeros(2)}
    parts = Case("standard_scaler", "float64", {"refit": False}, (Step("train", x[:3]), Step("train", x[3:])))
    _, last = answered(resolve("sklearn", "standard_scaler")[0], parts.but(state=nothing))
    assert last["running_mean"] == pytest.approx(x.mean(0))
    assert last["running_var"] == pytest.approx(x.var(0))
    assert last["running_count"].tolist() == [7, 7]


@pytest.mark.parametrize("operation", ["l1_normalize", "l2_normalize", "max_normalize"])
def test_normalize_takes_either_axis(operation: str) -> None:
    orders = {"l1_normalize": 1, "l2_normalize": 2, "max_normalize": np.inf}
    for axis in (0, 1):
        asked = Case(operation, "float64", {"epsilon": 0.0, "axis": axis}, steps((4, 3), "float64", "T"))
        (forward,) = answered(resolve("sklearn", operation)[0], asked)
        x = asked.script[0].input
        norm = np.linalg.norm(x, orders[operation], axis=axis, keepdims=True)  # type: ignore[call-overload]
        assert forward["y"] == pytest.approx(x / norm)


SHOWN = ("standardize", "min_max_scale", "standard_scaler", "min_max_scaler", "l1_normalize")


@pytest.mark.parametrize("operation", SHOWN)
def test_a_program_without_normspec_gives_what_the_implementation_gave(operation: str, tmp_path: Path) -> None:
    for made in resolve("sklearn", operation):
        extent = Extent(OPERATIONS[operation], made.claims, "float64")
        asked = next(each for each in reversed(STREAMS["small"].pinned(extent)) if each.script[-1].x is not None)
        last = len(asked.script) - 1
        y = answered(made, asked)[last]["y"]
        program = tmp_path / "shown.py"
        program.write_text(made.snippet(asked, (Fact(last, "y", 0, 0.5, 0.25),)), encoding="utf-8")
        ran = subprocess.run([sys.executable, str(program)], check=True, capture_output=True, text=True)
        assert ran.stdout == f"y[0] of step {last}: got {float(y.reshape(-1)[0])!r}, expected 0.5 +- 0.25\n"
        assert "normspec" not in program.read_text(encoding="utf-8")


def test_short_vectors_are_left_as_they_are() -> None:
    """scikit-learn 1.9 takes a norm below ten times the machine epsilon for 0, and divides by 1."""
    asked = Case(
        "max_normalize",
        "float32",
        {"epsilon": 0.0, "axis": 1},
        (Step("train", numbers((1, 2), "float32") * np.float32(2.0**-40)),),
    )
    (forward,) = answered(resolve("sklearn", "max_normalize")[0], asked)
    assert np.array_equal(forward["y"], asked.script[0].input)
    (found,) = results("sklearn", "max_normalize", "output")
    assert found.failed
