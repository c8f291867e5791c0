"""Nothing is demanded where y itself is undefined: a column of equal numbers that is divided by its own spread."""

import numpy as np
import pytest

from normspec.spec.case import Case, Step
from normspec.spec.expectation import expect
from normspec.spec.operations import OPERATIONS

X = np.array([[1.0, 2.0], [1.0, 5.0], [1.0, 3.0]])
GIVEN_UP = [
    *(("min_max_scale", output) for output in ("y", "dx", "dgamma", "dbeta")),
    *(("standardize", output) for output in ("y", "dx")),
]


@pytest.mark.parametrize(("name", "output"), GIVEN_UP)
def test_a_column_without_spread_is_asked_for_nothing_and_the_next_one_for_all(name: str, output: str) -> None:
    operation, wanted = OPERATIONS[name], tuple(out for each, out in GIVEN_UP if each == name and out != "y")
    parameters = {each: np.ones(2) for each in operation.parameters}
    script = (Step("train", X), Step("backward", None, X[::-1], 0, wanted))
    case = Case(name, "float64", {}, script, parameters)
    found = expect(operation, case, int(output != "y"), {}, operation.settled({}))[output].tolerance
    demanded = np.isfinite(found.reshape(-1, 2)).all(axis=0)
    np.testing.assert_array_equal(demanded, [False, True])
