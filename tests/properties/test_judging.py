"""A judgement is what the numbers say: broken beyond the bound, kept within it, undecided without one."""

from math import inf

import numpy as np
import pytest

from normspec.implementations.targets import resolve
from normspec.properties.cases import STREAMS
from normspec.properties.cases.shapes import Extent
from normspec.properties.judge import judge
from normspec.properties.laws import LAWS
from normspec.properties.laws.judging import apart, within, worst
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Inapplicable, Kept, Undecided
from normspec.spec.case import Case, Step
from normspec.spec.operations import OPERATIONS


def test_a_difference_within_its_bound_is_kept_with_its_share_of_it() -> None:
    assert within("y", np.array([0.5, -1.0]), np.array([1.0, 4.0])) == Kept(pytest.approx(0.5))


def test_a_difference_beyond_its_bound_is_broken() -> None:
    found = within("y", np.array([0.5, -3.0]), np.array([1.0, 2.0]))
    assert isinstance(found, Broken)
    assert found.message == "y: off by 3, at most 2 allowed"
    assert found.ratio == pytest.approx(1.5)


@pytest.mark.parametrize("difference", [np.nan, np.inf, -np.inf])
def test_a_difference_that_is_not_finite_breaks_a_finite_bound(difference: float) -> None:
    assert isinstance(within("y", np.array([0.0, difference]), np.array([1.0, 1.0])), Broken)


def test_any_difference_breaks_a_bound_of_zero() -> None:
    assert isinstance(within("y", np.array([0.0, 5e-324]), np.zeros(2)), Broken)
    assert within("y", np.zeros(2), np.zeros(2)) == Kept(0.0)


def test_elements_without_a_bound_are_passed_over() -> None:
    assert isinstance(within("y", np.array([np.nan, 9.0]), np.full(2, np.inf)), Undecided)
    assert isinstance(within("y", np.array([np.nan, 0.5]), np.array([np.inf, 1.0])), Kept)


def test_the_worst_judgement_is_the_one_that_counts() -> None:
    broken, near, far, coarse, silent = Broken("no"), Kept(0.9), Kept(0.1), Undecided("wide"), Inapplicable("none")
    assert worst([far, broken, near]) == broken
    assert worst([silent, far, coarse, near]) == near
    assert worst([silent, coarse]) == coarse
    assert isinstance(worst([silent]), Inapplicable)
    assert isinstance(worst([]), Inapplicable)


def test_the_same_infinity_is_not_apart() -> None:
    first, second = np.array([np.inf, np.nan, 3.0, np.inf]), np.array([np.inf, np.nan, 1.0, -np.inf])
    assert apart(first, second).tolist() == [0.0, 0.0, 2.0, np.inf]


def test_an_output_of_which_nothing_is_known_is_not_called_silently_wrong() -> None:
    """The norm of the first group lies at the clamp, where rounding decides what y is."""
    x = np.asarray([[[0, 256], [-1, 1]]], np.float16)
    case = Case("l1_normalize", "float16", {"epsilon": 1.0, "axis": 1}, (Step("train", x=x),))
    (implementation,) = resolve("numpy", "l1_normalize")
    assert isinstance(judge(LAWS["loud-overflow"], Trial(implementation, case)), Kept)


def test_what_beta_cancels_is_not_called_silently_wrong() -> None:
    """0.25 x̂ less 0.25, where x̂ is nearly 1: nothing but the rounding of y is left, smaller than any number it has."""
    x = np.asarray([60, 64, 64, 64, 64, 64], np.float16).reshape(1, 6, 1)
    gamma, beta = (np.asarray([0, each, 0, 0, 0, 0], np.float16) for each in (0.25, -0.25))
    attributes = {"epsilon": 1e-6, "groups": 3}
    case = Case("group_norm", "float16", attributes, (Step("train", x=x),), {"gamma": gamma, "beta": beta})
    for implementation in resolve("numpy", "group_norm"):
        assert isinstance(judge(LAWS["loud-overflow"], Trial(implementation, case)), Kept)


def test_a_single_element_that_overflows_on_the_way_is_not_blamed_for_a_nan() -> None:
    """x rstd - mean rstd is infinity less infinity there, and the tolerance demands nothing."""
    x = np.full((1, 1), -(2.0**126), np.float32)
    case = Case("layer_norm", "float32", {"epsilon": 1e-11, "axes": 1}, (Step("train", x=x),))
    ways = {each.name: each for each in resolve("numpy-variants", "layer_norm")}
    trial = Trial(ways["numpy-multiplied-out"], case)
    assert np.isnan(trial.steps[0]["y"]).all()
    assert isinstance(judge(LAWS["single-element"], trial), Undecided | Kept)


@pytest.mark.parametrize("target", ["numpy", "faulty:eps-outside-sqrt"])
def test_what_the_first_formula_settles_is_what_all_of_them_say(target: str) -> None:
    implementation = resolve(target, "layer_norm")[0]
    cases = STREAMS["small"].pinned(Extent(OPERATIONS["layer_norm"], implementation.claims, "float32"))
    laws = [LAWS[name] for name in ("dx", "dgamma", "gradient-sum", "gradient-projection", "cotangent-linearity")]
    quick = [judge(law, Trial(implementation, case), inf) for case in cases for law in laws]
    whole = [judge(law, Trial(implementation, case)) for case in cases for law in laws]
    for first, all_of_them in zip(quick, whole, strict=True):
        if isinstance(all_of_them, Kept):
            assert isinstance(first, Kept)
            assert first.ratio >= all_of_them.ratio
        else:
            assert first == all_of_them
    assert any(first != all_of_them for first, all_of_them in zip(quick, whole, strict=True))
    assert any(isinstance(judgement, Broken) for judgement in whole) == (target != "numpy")
