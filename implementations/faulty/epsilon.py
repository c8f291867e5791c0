"""Faults in epsilon."""

from typing import Any

import numpy as np

from normspec.implementations.faulty.fault import EPSILON, by_formula, by_layer
from normspec.implementations.numpy.formulas import rstd, rstd_outside
from normspec.implementations.numpy.layer import NumpyLayer
from normspec.spec.formats import FORMATS, Array


def _largest(variance: Array, epsilon: Array) -> Array:
    return rstd(np.maximum(variance, epsilon), 0 * epsilon)


class _EpsilonOfDtype(NumpyLayer):
    """Takes epsilon to be the distance from 1 to the next number of the input's format."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.epsilon = np.asarray(2.0 ** (1 - FORMATS[self.dtype.name].precision), self.working)


FAULTS = (
    by_formula(
        "eps-outside-sqrt",
        "eps-outside-sqrt",
        "epsilon is added to the standard deviation, not to the variance",
        "y is wrong for a large epsilon or a small variance",
        EPSILON,
        rstd=rstd_outside,
    ),
    by_formula(
        "eps-as-floor",
        "eps-outside-sqrt",
        "the larger of variance and epsilon stands under the root, not their sum",
        "y is wrong where the variance is near epsilon",
        EPSILON,
        rstd=_largest,
    ),
    by_formula(
        "eps-ignored",
        "eps-ignored",
        "epsilon is 1e-5 whatever is given",
        "y does not depend on epsilon",
        EPSILON,
        rstd=lambda variance, epsilon: rstd(variance, np.full_like(epsilon, 1e-5)),
    ),
    by_formula(
        "eps-dropped",
        "eps-ignored",
        "epsilon is 0 whatever is given",
        "y of a constant group is not finite",
        EPSILON,
        rstd=lambda variance, epsilon: rstd(variance, 0 * epsilon),
    ),
    by_formula(
        "eps-doubled",
        "eps-ignored",
        "epsilon is added twice",
        "the mean square of y is v/(v + 2 eps)",
        EPSILON,
        rstd=lambda variance, epsilon: rstd(variance, epsilon + epsilon),
    ),
    by_formula(
        "eps-squared",
        "zero-norm-vector",
        "epsilon is squared before it is added: a small one vanishes",
        "y of a zero vector is not finite; the mean square of y is v/(v + eps^2)",
        EPSILON,
        rstd=lambda variance, epsilon: rstd(variance, epsilon * epsilon),
    ),
    by_formula(
        "eps-in-half-precision",
        "eps-underflow-low-precision",
        "epsilon is rounded to float16, where a small one is 0",
        "y of a constant group is not finite for a small epsilon",
        EPSILON,
        rstd=lambda variance, epsilon: rstd(variance, epsilon.astype(np.float16).astype(epsilon.dtype)),
    ),
    by_layer(
        "eps-of-dtype",
        "eps-default-dtype",
        "epsilon is the machine epsilon of the input's format, whatever is given",
        "y of small elements differs from format to format",
        _EpsilonOfDtype,
        EPSILON,
    ),
)
