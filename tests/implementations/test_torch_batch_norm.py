"""PyTorch's batch norm as implementations: the same answers as NumPy, and programs that stand alone."""

import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import numpy as np
import pytest
from implementation_cases import SHAPES, answered, case, numbers, steps

from normspec.implementations.ask import ask
from normspec.implementations.contract import Fact, Implementation
from normspec.implementations.numpy.batch_norm import TWO_PASS
from normspec.implementations.targets import resolve
from normspec.spec.case import GRADIENTS, Case, Step
from normspec.spec.formats import FORMATS
from normspec.spec.outcome import Refused, Returned

torch = pytest.importorskip("torch")

TORCH = resolve("torch", "batch_norm")
both = pytest.mark.parametrize("implementation", TORCH, ids=lambda each: each.name)


def assert_close(found: Any, expected: Any, dtype: str) -> None:
    for mine, other in zip(found, expected, strict=True):
        assert set(mine) == set(other)
        for name, values in mine.items():
            limit = 300 * FORMATS[dtype].unit_roundoff * max(1, np.abs(other[name].astype(float)).max(initial=0))
            assert np.abs(values.astype(float) - other[name].astype(float)).max(initial=0) <= limit, name


@both
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", FORMATS)
def test_torch_and_numpy_agree_in_every_layout(
    implementation: Implementation, shape: tuple[int, ...], dtype: str
) -> None:
    for layout in implementation.claims.layouts:
        asked = case(shape, dtype, "TIBT0B", layout=layout)
        assert_close(answered(implementation, asked), answered(TWO_PASS, asked), dtype)


@both
@pytest.mark.parametrize("dtype", FORMATS)
def test_no_array_that_is_handed_to_torch_is_written_to(implementation: Implementation, dtype: str) -> None:
    outcome = ask(implementation, case((2, 3, 4, 5), dtype, "TBI"))
    assert isinstance(outcome, Returned)
    assert outcome.mutated == ()


@both
@pytest.mark.parametrize("parameters", [(), ("gamma",), ("beta",), ("gamma", "beta")])
@pytest.mark.parametrize("tracked", [True, False])
def test_parameters_and_state_may_be_absent(
    implementation: Implementation, parameters: tuple[str, ...], tracked: bool
) -> None:
    full = case()
    wanted = ("dx", *(f"d{name}" for name in parameters))
    asked = full.but(
        parameters={name: full.parameters[name] for name in parameters},
        state=full.state if tracked else {},
        script=steps((5, 3), "float64", "TB", wanted),
    )
    assert_close(answered(implementation, asked), answered(TWO_PASS, asked), "float64")


@both
@pytest.mark.parametrize("wanted", [("dx",), ("dgamma",), ("dbeta",), ("dx", "dbeta"), ("dgamma", "dbeta")])
def test_any_subset_of_gradients_can_be_wanted(implementation: Implementation, wanted: tuple[str, ...]) -> None:
    asked = case(script=steps((5, 3), "float64", "TBB", wanted))
    assert_close(answered(implementation, asked), answered(TWO_PASS, asked), "float64")


def test_the_module_takes_momentum_none() -> None:
    asked = case(verbs="TTT", attributes={"epsilon": 0.1, "momentum": None})
    (module,) = resolve("torch-module", "batch_norm")
    assert_close(answered(module, asked), answered(TWO_PASS, asked), "float64")


@both
def test_one_element_a_channel_is_refused(implementation: Implementation) -> None:
    outcome = ask(implementation, case((1, 3)))
    assert isinstance(outcome, Refused)
    assert outcome.step == 0


@pytest.mark.parametrize("dtype", FORMATS)
def test_bits_survive_the_way_to_torch_and_back(dtype: str) -> None:
    from normspec.implementations.torch.arrays import to_numpy, to_torch

    count = 2**16
    pattern = np.arange(count, dtype=np.uint16)
    kind = FORMATS[dtype].dtype
    values = pattern.view(kind) if kind.itemsize == 2 else np.arange(count).astype(kind)
    assert to_torch(values).dtype == getattr(torch, dtype)
    assert to_numpy(to_torch(values)[::3]).tobytes() == values[::3].tobytes()


def run(program: str) -> str:
    printed = StringIO()
    with redirect_stdout(printed):
        exec(program, {"__name__": "__main__"})
    return printed.getvalue()


SNIPPETS = {
    "contiguous": case((4, 3), "float32", "TBIB"),
    "channels_last": case((2, 3, 2, 2), "bfloat16", "TB", layout="channels_last"),
    "transposed": case((2, 3, 2), "float16", "IB", layout="transposed"),
    "offset": case((4, 3), "float64", "TB", layout="offset"),
    "strided": case((4, 3), "float64", "TB", layout="strided", parameters={}, state={}).but(
        script=steps((4, 3), "float64", "TB", ("dx",))
    ),
    "expanded": case((2, 2, 3), "float64", layout="expanded", parameters={}).but(
        state={},
        script=(Step("train", numbers((2, 2, 3))), Step("backward", None, np.full((2, 2, 3), 0.5), 0, ("dx",))),
    ),
}


@both
@pytest.mark.parametrize("layout", SNIPPETS)
def test_a_snippet_gives_what_the_implementation_gave(implementation: Implementation, layout: str) -> None:
    asked = SNIPPETS[layout]
    last = len(asked.script) - 1
    name = asked.script[last].wanted[0]
    got = float(answered(implementation, asked)[last][name].reshape(-1)[1])
    printed = run(implementation.snippet(asked, (Fact(last, name, 1, 0.25, 0.5),)))
    assert printed == f"{name}[1] of step {last}: got {got!r}, expected 0.25 +- 0.5\n"


@both
def test_a_snippet_without_facts_prints_every_result(implementation: Implementation) -> None:
    asked: Case = case((4, 3), "float32", "TB")
    lines = run(implementation.snippet(asked, ())).splitlines()
    expected = [
        "y of step 0",
        "running_mean of step 0",
        "running_var of step 0",
        *(f"{n} of step 1" for n in GRADIENTS),
    ]
    assert [line.split(":")[0] for line in lines] == expected


def test_a_snippet_runs_where_normspec_is_not() -> None:
    program = resolve("torch-module", "batch_norm")[0].snippet(case(verbs="TB"), (Fact(1, "dx", 0, 0.0, 0.0),))
    lines = f"import sys; sys.modules['normspec'] = None\n{program}"
    done = subprocess.run([sys.executable, "-W", "error", "-c", lines], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("dx[0] of step 1: got ")


@both
def test_a_long_pattern_is_written_short(implementation: Implementation) -> None:
    x = np.resize(np.array([1, 2, 4], np.float32), 10_000).reshape(10_000, 1)
    asked = Case("batch_norm", "float32", {"epsilon": 0.1, "momentum": 0.5}, (Step("train", x),))
    program = implementation.snippet(asked, (Fact(0, "y", 9_999, 1.0, 0.0),))
    assert len(program) < 600
    got = float(answered(implementation, asked)[0]["y"][9_999, 0])
    assert f"got {got!r}" in run(program)
