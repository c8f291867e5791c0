"""Cases that make an implementation show what it does inside."""

from collections.abc import Mapping

import numpy as np

from normspec.spec.case import Case
from normspec.spec.expectation import expect
from normspec.spec.operations import Operation


def zero_crossing(operation: Operation, case: Case, conventions: Mapping[str, str]) -> Case:
    """Return the case with a beta for which one element of each block comes out at its internal rounding error.

    beta is minus the exact gamma xhat of the block's first element, rounded to the case's dtype. There y is small, and
    the coarse format of the output no longer hides statistics that were kept in a coarse format. The first step must
    train on some element.
    """
    given = {name: values for name, values in case.parameters.items() if name != "beta"}
    plain = case.but(parameters=given)
    y = expect(operation, plain, 0, case.state, conventions)["y"].high
    blocks = operation.blocks(y.shape, case.attributes)
    shape = [y.shape[axis] for axis in blocks.kept]
    beta = -blocks.split(y)[:, 0].reshape(shape)
    return case.but(parameters={**given, "beta": np.asarray(beta).astype(case.format.dtype)})
