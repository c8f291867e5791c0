"""A diagnosis names the one thing that explains every failure, and nothing where nothing known does."""

from dataclasses import replace
from inspect import signature
from typing import Any

import numpy as np
import pytest

from normspec.implementations.contract import Implementation
from normspec.implementations.faulty import FAULTS
from normspec.implementations.faulty.fault import CORRECT, parts_of, with_parts
from normspec.implementations.numpy.formulas import affine
from normspec.implementations.plug_in import from_function
from normspec.properties.cases import STREAMS
from normspec.properties.cases.shapes import Extent
from normspec.properties.check import check
from normspec.properties.diagnosis import diagnose
from normspec.properties.hunt import Settings
from normspec.properties.judge import judge
from normspec.properties.law import Law
from normspec.properties.laws import LAWS
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Result
from normspec.spec.case import Case
from normspec.spec.conventions import CONVENTIONS
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS


def failing(made: Implementation, dtype: str) -> list[tuple[Law, Case]]:
    """Return the laws that an implementation breaks on pinned cases, each with the first such case."""
    extent = Extent(OPERATIONS[made.operation], made.claims, dtype)
    found: dict[str, tuple[Law, Case]] = {}
    for stream in (STREAMS[name] for name in ("small", "degenerate", "invalid", "lives")):
        laws = [law for law in LAWS.values() if made.operation in law.operations and stream.name in law.streams]
        for case in stream.pinned(extent):
            trial = Trial(made, case)
            for law in laws:
                if law.name not in found and not law.asks_again and isinstance(judge(law, trial), Broken):
                    found[law.name] = law, case
    return list(found.values())


def diagnosis(made: Implementation, dtype: str = "float32") -> str:
    return diagnose(made, dtype, failing(made, dtype))


def drawn_diagnoses(made: Implementation, dtype: str) -> set[str]:
    """Return what is told of the failures that a check of some laws finds in one dtype."""
    laws = tuple(LAWS[name] for name in ("output", "answers", "determinism"))
    events = check(made, laws, Settings(max_examples=20, dtypes=(dtype,)))
    return {event.diagnosis for event in events if isinstance(event, Result) and event.failed}


BY_CONVENTION = {
    ("running-var-biased", "batch_norm"): ("running_variance", "biased"),
    ("momentum-flipped", "instance_norm"): ("momentum", "weighs_old"),
    ("offset-ignored", "rms_norm"): ("scale_form", "gamma"),
    ("single-element-accepted", "batch_norm"): ("single_element", "zero"),
    ("empty-batch-refused", "layer_norm"): ("empty_batch", "refuse"),
    ("negative-epsilon-accepted", "batch_norm"): ("negative_epsilon", "accept"),
}


def told(name: str, variant: str) -> str:
    return f"matches exactly with {name}={variant!r}: {CONVENTIONS[name].variants[variant]}"


@pytest.mark.parametrize(("fault", "operation"), BY_CONVENTION)
def test_another_convention_is_named(fault: str, operation: str) -> None:
    assert diagnosis(FAULTS[fault].made_of(operation)) == told(*BY_CONVENTION[fault, operation])


@pytest.mark.parametrize(
    ("fault", "operation"),
    [
        ("eps-outside-sqrt", "batch_norm"),
        ("eps-outside-sqrt", "group_norm"),
        ("eps-ignored", "rms_norm"),
        ("wrong-axis", "batch_norm"),
        ("gamma-twice-in-dx", "layer_norm"),
        ("running-swapped", "batch_norm"),
        ("affine-swapped", "instance_norm"),
        ("saved-by-reference", "batch_norm"),
    ],
)
def test_a_known_fault_is_named_alone(fault: str, operation: str) -> None:
    known = FAULTS[fault]
    assert diagnosis(known.made_of(operation)) == f"behaves like: {known.statement} ({known.bug_class})"


def test_several_candidates_are_listed_as_such() -> None:
    """A layer without running statistics shows no difference between two ways to take an empty batch."""
    correct = CORRECT["layer_norm"]
    made = replace(correct, claims=replace(correct.claims, conventions={"empty_batch": "refuse"}))
    assert diagnosis(made) == "matches exactly with one of: empty_batch='keep'; empty_batch='nan'"


def in_float32(x: Array, axes: int) -> tuple[Array, Array]:
    last = tuple(range(x.ndim - axes, x.ndim))
    centred = x.astype(np.float32) - x.mean(last, keepdims=True, dtype=np.float32)
    return centred, np.square(centred).mean(last, keepdims=True)


def scalar_rounded(x: Any, gamma: Any, beta: Any, *, epsilon: float, axes: int) -> Any:
    centred, variance = in_float32(x, axes)
    scalar = (1 / np.sqrt(variance + np.float32(epsilon))).astype(x.dtype).astype(np.float32)
    return (gamma.astype(np.float32) * (centred * scalar) + beta.astype(np.float32)).astype(x.dtype)


def xhat_rounded(x: Any, gamma: Any, beta: Any, *, epsilon: float, axes: int) -> Any:
    centred, variance = in_float32(x, axes)
    return gamma * (centred / np.sqrt(variance + np.float32(epsilon))).astype(x.dtype) + beta


def next_number(x: Any, gamma: Any, *, epsilon: float, axes: int) -> Any:
    last = tuple(range(x.ndim - axes, x.ndim))
    square = np.square(x, dtype=np.float64).mean(last, keepdims=True)
    y = (gamma * (x / np.sqrt(square + epsilon))).astype(x.dtype)
    return np.nextafter(y, np.full_like(y, np.inf))


def a_list(x: Any, gamma: Any, *, epsilon: float, axes: int) -> Any:
    return [gamma * x]


@pytest.mark.parametrize(
    ("function", "dtype", "told"),
    [
        (scalar_rounded, "float16", "is allowed by statistics_dtype='input': the format of the input"),
        (xhat_rounded, "float16", ""),
        (next_number, "float32", ""),
        (next_number, "float16", ""),
        (a_list, "float32", ""),
    ],
)
def test_what_does_not_explain_every_number_is_not_told(function: Any, dtype: str, told: str) -> None:
    """A wider tolerance is no explanation of numbers that cannot come of it, and no fault of ones that it changes."""
    operation = "rms_norm" if "beta" not in signature(function).parameters else "layer_norm"
    edge = {"single_element": "zero"} if operation == "layer_norm" else {}
    made = from_function(function, operation=operation, dtypes=[dtype], negative_epsilon="accept", **edge)
    assert drawn_diagnoses(made, dtype) == {told}


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_what_differs_in_every_second_call_is_told(dtype: str) -> None:
    known = FAULTS["not-deterministic"]
    found = drawn_diagnoses(known.made_of("rms_norm"), dtype)
    assert found == {f"behaves like: {known.statement} ({known.bug_class})"}


def test_an_unknown_fault_has_no_diagnosis() -> None:
    correct = CORRECT["layer_norm"]
    formulas = replace(
        parts_of(correct).keywords["formulas"],
        affine=lambda xhat, gamma, beta: affine(xhat, gamma, beta) * xhat.dtype.type(1.0625),
    )
    assert diagnosis(with_parts(correct, formulas=formulas)) == ""


def test_a_fault_with_another_beside_it_is_no_diagnosis() -> None:
    """What explains some of the failures only is not told."""
    both = FAULTS["eps-outside-sqrt"].change(FAULTS["gamma-twice-in-dx"].made_of("layer_norm"))
    assert diagnosis(replace(both, name="both")) == ""


def test_declared_halves_are_named_where_only_they_give_the_numbers() -> None:
    found = diagnosis(FAULTS["cast-before-scale"].made_of("rms_norm"), "float16")
    assert found.startswith("is allowed by cast_order='before_scale': ")


def test_a_check_gives_the_diagnosis_with_what_failed_alone() -> None:
    made = FAULTS["running-var-biased"].made_of("batch_norm")
    laws = (LAWS["running-mean"], LAWS["running-variance"])
    found = [
        each for each in check(made, laws, Settings(max_examples=3, dtypes=("float32",))) if isinstance(each, Result)
    ]
    assert {each.law: each.diagnosis for each in found} == {
        "running-mean": "",
        "running-variance": told("running_variance", "biased"),
    }
