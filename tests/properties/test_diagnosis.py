"""A diagnosis names the one thing that explains every failure, and nothing where nothing known does."""

from dataclasses import replace

import pytest

from normspec.implementations.contract import Implementation
from normspec.implementations.faulty import FAULTS
from normspec.implementations.faulty.fault import CORRECT, parts_of, with_parts
from normspec.implementations.formulas import affine
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
from normspec.spec.operations import OPERATIONS


def failing(made: Implementation, dtype: str) -> list[tuple[Law, Case]]:
    """Return the laws that an implementation breaks on pinned cases, each with the first such case."""
    extent = Extent(OPERATIONS[made.operation], made.claims, dtype)
    found: dict[str, tuple[Law, Case]] = {}
    for stream in (STREAMS[name] for name in ("small", "degenerate", "invalid")):
        laws = [law for law in LAWS.values() if made.operation in law.operations and stream.name in law.streams]
        for case in stream.pinned(extent):
            trial = Trial(made, case)
            for law in laws:
                if law.name not in found and not law.asks_again and isinstance(judge(law, trial), Broken):
                    found[law.name] = law, case
    return list(found.values())


def diagnosis(made: Implementation, dtype: str = "float32") -> str:
    return diagnose(made, dtype, failing(made, dtype))


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
    ],
)
def test_a_known_fault_is_named_alone(fault: str, operation: str) -> None:
    known = FAULTS[fault]
    assert diagnosis(known.made_of(operation)) == f"behaves like: {known.statement} ({known.bug_class})"


def test_several_candidates_are_listed_as_such() -> None:
    """Two roundings are what either of two declarations allows: neither is chosen."""
    found = diagnosis(FAULTS["cast-before-scale"].made_of("rms_norm"), "float16")
    assert found == "matches exactly with one of: statistics_dtype='input'; cast_order='before_scale'"


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
