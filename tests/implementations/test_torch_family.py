"""PyTorch's functions and modules for the whole family: they answer as NumPy does, and their programs stand alone."""

import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO

import numpy as np
import pytest

from normspec.implementations.ask import ask
from normspec.implementations.contract import Fact, Implementation
from normspec.implementations.targets import resolve
from normspec.properties.cases import STREAMS
from normspec.properties.cases.shapes import Extent
from normspec.spec.case import Case
from normspec.spec.operations import OPERATIONS
from normspec.spec.outcome import Crashed, Returned

torch = pytest.importorskip("torch")

TORCH = resolve("torch")
LAYERS = {f"{each.name}-{each.operation}": each for each in TORCH}
every = pytest.mark.parametrize("implementation", LAYERS.values(), ids=LAYERS)


def pinned(implementation: Implementation, dtype: str = "float64") -> list[Case]:
    extent = Extent(OPERATIONS[implementation.operation], implementation.claims, dtype)
    return [case for case in STREAMS["small"].pinned(extent) if np.abs(case.script[0].input).max() < 100]


def on_record(case: Case) -> bool:
    """Return whether torch fails on a case in a way that is on record: it folds no linear layer without gamma, beta."""
    return case.operation == "fold_batch_norm" and not {"gamma", "beta"} <= set(case.parameters)


@every
def test_a_program_prints_what_the_implementation_gives(implementation: Implementation) -> None:
    for case in [each for each in pinned(implementation) if not on_record(each)][:6]:
        outcome = ask(implementation, case)
        assert isinstance(outcome, Returned)
        last = len(case.script) - 1
        name = case.script[last].wanted[0] if case.script[last].verb == "backward" else "y"
        got = float(outcome.steps[last][name].reshape(-1)[0])
        printed = StringIO()
        with redirect_stdout(printed):
            exec(implementation.snippet(case, (Fact(last, name, 0, 0.25, 0.5),)), {})
        assert printed.getvalue() == f"{name}[0] of step {last}: got {got!r}, expected 0.25 +- 0.5\n"


def test_a_device_is_a_part_of_the_target() -> None:
    found = resolve("torch-functional@cpu", "layer_norm")
    assert [each.name for each in found] == ["torch-functional@cpu"]
    assert isinstance(ask(found[0], pinned(found[0])[0]), Returned)


def test_a_device_that_is_not_there_is_told_in_one_line() -> None:
    with pytest.raises(ValueError, match="target='torch@nowhere': device='nowhere' cannot be used"):
        resolve("torch@nowhere")


FATAL = """
import torch
x = torch.zeros(2, 2, 3, 3).contiguous(memory_format=torch.channels_last)
gamma = torch.ones(2, requires_grad=True)
torch.nn.functional.group_norm(x, 1, gamma).sum().backward()
"""


def test_group_norm_still_ends_the_process_that_asks_for_gamma_alone() -> None:
    done = subprocess.run([sys.executable, "-c", FATAL], capture_output=True, check=False)
    assert done.returncode < 0, "torch has mended it: take normspec.implementations.torch.guard away"


def test_what_would_end_the_process_is_an_outcome() -> None:
    (layer,) = resolve("torch-functional", "group_norm")
    whole = next(
        each for each in pinned(layer) if each.script[-1].verb == "backward" and each.layout == "channels_last"
    )
    *before, last = whole.script
    alone = whole.but(script=(*before, type(last)("backward", None, last.cotangent, last.of, ("dgamma",))))
    outcome = ask(layer, alone)
    assert isinstance(outcome, Crashed)
    assert "the process is ended by SIGSEGV" in outcome.message


def test_synchronized_batch_norm_in_one_process_is_batch_norm() -> None:
    (_, sync), (plain,) = resolve("torch-sync"), resolve("torch-module", "batch_norm")
    case = pinned(plain)[1]
    first, second = ask(sync, case), ask(plain, case)
    assert isinstance(first, Returned)
    assert isinstance(second, Returned)
    assert [step["y"].tobytes() for step in first.steps if "y" in step] == [
        step["y"].tobytes() for step in second.steps if "y" in step
    ]
