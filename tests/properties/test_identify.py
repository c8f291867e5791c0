"""Conventions are inferred from behaviour, rightly, and by exclusion alone."""

from functools import cache

import numpy as np
import pytest

from normspec.implementations.contract import Implementation
from normspec.implementations.faulty import FAULTS
from normspec.implementations.plug_in import implementation
from normspec.implementations.targets import resolve
from normspec.properties.identification.axes import axes_of, own_variant, reworded
from normspec.properties.identification.findings import Finding
from normspec.properties.identification.identify import identify
from normspec.spec.case import Case, Step
from normspec.spec.comparison import compare
from normspec.spec.expectation import expect
from normspec.spec.operations import OPERATIONS

NUMPY = {f"{each.name} {each.operation}": each for each in resolve("numpy")}
NESTED = (
    "statistics_dtype",
    "residual_sum",
    "batch_invariance",
    "variance_formula",
)  # one allows the other
UNSHOWN = {("adain", "epsilon_place")}  # numerator and denominator have the same epsilon: its place cancels out


@cache
def found(name: str, operation: str) -> dict[str, Finding]:
    made: Implementation = FAULTS[name].made_of(operation) if name in FAULTS else NUMPY[f"{name} {operation}"]
    return {finding.axis: finding for finding in identify(made)}


@pytest.mark.parametrize("name", NUMPY)
def test_numpy_follows_what_it_declares(name: str) -> None:
    """Every declared convention that behaviour shows is found out, and none is contradicted."""
    target, operation = name.split()
    findings = found(target, operation)
    assert findings, "something is found out about every layer"
    undecided = {axis for axis, finding in findings.items() if finding.decision != "identified"}
    assert undecided <= {*NESTED, *(axis for of, axis in UNSHOWN if of == operation)}
    declared = OPERATIONS[operation].settled(NUMPY[name].claims.conventions)
    assert all(declared[axis] in findings[axis].left for axis in declared if axis in findings)


BY_CONVENTION = {
    ("running-var-biased", "batch_norm"): ("running_variance", "biased"),
    ("running-var-biased", "instance_norm"): ("running_variance", "biased"),
    ("momentum-flipped", "batch_norm"): ("momentum", "weighs_old"),
    ("offset-ignored", "rms_norm"): ("scale_form", "gamma"),
    ("cast-before-scale", "rms_norm"): ("cast_order", "before_scale"),
    ("single-element-accepted", "batch_norm"): ("single_element", "zero"),
    ("single-element-refused", "layer_norm"): ("single_element", "refuse"),
    ("empty-batch-refused", "batch_norm"): ("empty_batch", "refuse"),
    ("negative-epsilon-accepted", "batch_norm"): ("negative_epsilon", "accept"),
    ("eps-outside-sqrt", "layer_norm"): ("epsilon_place", "added"),
    ("eps-outside-sqrt", "rms_norm"): ("epsilon_place", "added"),
    ("eps-as-floor", "group_norm"): ("epsilon_place", "floor"),
    ("groups-interleaved", "group_norm"): ("group_order", "interleaved"),
    ("float64-in-float32", "layer_norm"): ("float64_arithmetic", "float32"),
}


@pytest.mark.parametrize(("fault", "operation"), BY_CONVENTION)
def test_a_fault_that_is_another_convention_is_identified_as_that(fault: str, operation: str) -> None:
    axis, variant = BY_CONVENTION[fault, operation]
    finding = found(fault, operation)[axis]
    assert (finding.decision, finding.left) == ("identified", (variant,))
    declared = OPERATIONS[operation].settled(FAULTS[fault].made_of(operation).claims.conventions)
    assert finding.contradicts == (declared.get(axis, variant) != variant)


def test_every_fault_that_follows_another_convention_is_asked_about() -> None:
    made = {name for name, fault in FAULTS.items() if "by_convention" in fault.change.__qualname__}
    assert made
    assert made <= {fault for fault, _ in BY_CONVENTION}


@pytest.mark.parametrize("fault", ["zeros", "affine-ignored", "eps-doubled"])
def test_what_fits_no_convention_is_taken_for_none(fault: str) -> None:
    finding = found(fault, "layer_norm")["epsilon_place"]
    assert finding.decision == "matches no known convention"
    assert finding.left == ()


def test_every_exclusion_has_its_case_and_says_what_came() -> None:
    for finding in found("numpy-two-pass", "batch_norm").values():
        assert set(finding.excluded) | set(finding.left) == set(finding.variants)
        assert all(isinstance(each.case, Case) and each.message for each in finding.excluded.values())


def _worded(axis: str, variant: str, operation: str, x: np.ndarray, **attributes: float) -> tuple[object, ...]:  # type: ignore[type-arg]
    of = OPERATIONS[operation]
    case = Case(operation, "float64", attributes, (Step("train", x),))
    chosen = {each.name: own_variant(of, each) for each in axes_of(of)} | {axis: variant}
    other = reworded(axes_of(of), chosen, case, 0)
    assert other is not None
    return expect(of, other[0], 0, {}, of.settled({}))["y"], other[1]


@pytest.mark.parametrize(
    ("variant", "divisor"),
    [
        ("inside", lambda s, e: np.sqrt(s * s + e)),
        ("added", lambda s, e: s + e),
        ("clamped", lambda s, e: max(s, e)),
        ("floor", lambda s, e: np.sqrt(max(s * s, e))),
    ],
)
@pytest.mark.parametrize(("spread", "epsilon"), [(1.0, 4.0), (4.0, 1.0), (0.25, 0.5)])
def test_a_place_of_epsilon_is_the_formula_that_it_says(variant, divisor, spread, epsilon) -> None:  # type: ignore[no-untyped-def]
    x = np.array([[spread, -spread], [-spread, spread]]) + 1
    expected, _ = _worded("epsilon_place", variant, "layer_norm", x, epsilon=epsilon, axes=1)
    assert compare((x - 1) / divisor(spread, epsilon), expected).verdict == "kept"  # type: ignore[arg-type]
    assert compare((x - 1) / divisor(spread, epsilon) * (1 + 1e-9), expected).verdict == "broken"  # type: ignore[arg-type]


def test_interleaved_groups_are_the_channels_of_one_remainder() -> None:
    x = np.square(np.arange(1.0, 13.0)).reshape(2, 6)
    expected, back = _worded("group_order", "interleaved", "group_norm", x, epsilon=1.0, groups=2)
    y = np.empty_like(x)
    for first in (0, 1):
        group = x[:, first::2]
        y[:, first::2] = (group - group.mean(1, keepdims=True)) / np.sqrt(group.var(1, keepdims=True) + 1)
    back_to_asked = back(np.asarray(expected.high))  # type: ignore[attr-defined,operator]
    np.testing.assert_allclose(back_to_asked, y, rtol=1e-12)


def test_the_epsilon_of_a_layer_that_takes_none_is_bracketed() -> None:
    @implementation("layer_norm", epsilon=1e-5, dtypes=["float32"])
    def another(x, gamma, beta):  # type: ignore[no-untyped-def]
        centred = x - x.mean(-1, keepdims=True)
        rstd = 1 / np.sqrt(np.square(centred).mean(-1, keepdims=True) + np.float32(1e-6))
        return (centred * rstd * gamma + beta).astype(x.dtype)

    finding = next(each for each in identify(another) if each.axis == "epsilon_value")
    assert finding.left == ("1e-06",)
    assert finding.contradicts
    low, high = (float(word) for word in finding.note.split() if word[0].isdigit())
    assert low < 1e-6 < high < 1.01e-6


def test_a_layer_with_its_channels_last_is_known_by_it() -> None:
    @implementation("batch_norm", ranks=(2, 3, 4), dtypes=["float32"])
    def last(x, gamma, beta, *, epsilon):  # type: ignore[no-untyped-def]
        axes = tuple(range(x.ndim - 1))
        centred = x - x.mean(axes)
        return (centred / np.sqrt(np.square(centred).mean(axes) + np.float32(epsilon)) * gamma + beta).astype(x.dtype)

    finding = next(each for each in identify(last) if each.axis == "channel_axis")
    assert (finding.decision, finding.left) == ("identified", ("last",))
