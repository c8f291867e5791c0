"""Operations that torch has no function for, written with it: all are there, they conform, and programs show them."""

import subprocess
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from normspec.implementations.contract import Implementation
from normspec.implementations.targets import resolve
from normspec.properties.check import check
from normspec.properties.hunt import Settings
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result
from normspec.spec.case import Case, Step
from normspec.spec.operations import OPERATIONS

torch = pytest.importorskip("torch")

from normspec.implementations.torch import composed  # noqa: E402 - only where torch is

FITTED = {"standard_scaler", "min_max_scaler"}
"""What is fitted to data in several calls: scikit-learn has it, torch has nothing like it."""

FEW = Settings(max_examples=1, dtypes=("float32", "bfloat16"))
ASKED = tuple(
    LAWS[name] for name in ("answers", "output", "training-output", "running-mean", "running-variance", "dx", "dgamma",
                            "dbeta", "other-gradients", "refusals", "empty-batch")
)  # fmt: skip


def of(operation: str) -> Implementation:
    (found,) = resolve("torch-composed", operation)
    return found


def failed(implementation: Implementation) -> set[str]:
    return {each.law for each in check(implementation, ASKED, FEW) if isinstance(each, Result) and each.failed}


def test_torch_answers_for_every_operation_but_the_fitted_ones() -> None:
    assert {each.operation for each in resolve("torch")} == set(OPERATIONS) - FITTED


@pytest.mark.parametrize(
    "operation", ["adain", "add_rms_norm", "batch_renorm", "standardize", "weight_standardization"]
)
def test_the_composition_is_the_operation(operation: str) -> None:
    assert failed(of(operation)) == set()


def test_another_composition_is_not() -> None:
    """The style is squared before it is used."""

    def with_style_squared(x: torch.Tensor, style: torch.Tensor, eps: float) -> torch.Tensor:
        return composed.adain(x, style * style, eps)

    def wrong(case: Case, shape: tuple[int, ...], training: bool) -> object:
        call = composed.FUNCTIONS["adain"](case, shape, training)
        return replace(call, function=with_style_squared)

    own = of("adain")
    create = partial(own.create, functions={"adain": wrong})  # type: ignore[attr-defined]
    assert failed(replace(own, create=create)) >= {"output", "other-gradients"}


def test_a_program_in_half_precision_shows_what_was_observed() -> None:
    x = np.linspace(-2, 3, 12).reshape(2, 2, 3).astype(np.float16)
    script = (Step("train", x), Step("backward", None, x, 0, ("dx", "dstyle")))
    case = Case("adain", "float16", {"epsilon": 1e-3}, script, {"style": x[:, :, ::-1] * np.float16(2)})
    run = subprocess.run([sys.executable, "-c", of("adain").snippet(case)], capture_output=True, text=True, check=True)
    outcome = of("adain").create(case)
    y = outcome.forward(x, training=True)
    assert f"y of step 0: {torch.tensor(y).tolist()}" in run.stdout
    assert "dstyle of step 1:" in run.stdout
