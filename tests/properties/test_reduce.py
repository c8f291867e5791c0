"""Failing cases made smaller: what is left is still a case of its operation."""

import numpy as np
import pytest

from normspec.implementations.targets import resolve
from normspec.properties.carry import carried
from normspec.properties.reduce import reduce
from normspec.spec.case import Case, Step
from normspec.spec.operations import OPERATIONS

PLAIN = Case("group_norm", "float64", {"epsilon": 1e-5, "groups": 2}, (Step("train", x=np.ones((3, 4, 5))),))
"""Without gamma and beta, so that nothing but x says how many channels there are."""


def claims():
    (implementation,) = resolve("numpy-two-pass", "group_norm")
    return implementation.claims


def test_every_smaller_case_has_groups():
    """Each one that is asked is one that the operation can have, down to the smallest."""
    asked = []

    def fails(smaller):
        asked.append(OPERATIONS["group_norm"].groups(smaller.script[0].input.shape, smaller.attributes))
        return "still"

    case, found = reduce(PLAIN, "first", claims(), fails)
    assert found == "still"
    assert case.script[0].input.shape == (1, 2, 1)
    assert len(asked) > 3


def test_a_cut_through_the_groups_is_refused():
    with pytest.raises(ValueError, match="groups=2 does not divide 1 channels"):
        carried(PLAIN, lambda array: array[:, :1])


def test_a_case_that_needs_all_of_itself_stays():
    case, found = reduce(PLAIN, "first", claims(), lambda smaller: None)
    assert (case, found) == (PLAIN, "first")
