"""The operation's own formulas in plain float64: a reference that is fast and certifies nothing."""

from inspect import signature

import numpy as np

from normspec.spec.formats import Array
from normspec.spec.functions import oracle_function
from normspec.spec.numbers.plain import PLAIN
from normspec.spec.operations import Operation
from normspec.spec.operations.operation import Attributes


def normalized(operation: Operation, rows: Array, attributes: Attributes) -> Array:
    """Return xhat for (groups, members): what the operation makes of x with gamma = 1 and beta = 0."""
    return _forward(operation, rows, attributes)["y"]


def moments(operation: Operation, rows: Array, attributes: Attributes) -> tuple[Array, Array]:
    """Return the mean, 0 where none is subtracted, and the variance or mean square of (groups, members)."""
    found = _forward(operation, rows, attributes)
    zero = np.zeros((len(rows), 1))
    return found.get("mean", zero), found["variance" if "variance" in found else "mean_square"]


def _forward(operation: Operation, rows: Array, attributes: Attributes) -> dict[str, Array]:
    m = rows.shape[-1]
    known = {"gamma": 1, "beta": 0, **attributes, **operation.constants, "x": rows, "m": m, "d": operation.divisor(m)}
    function = oracle_function(operation.oracle, "forward")
    found: dict[str, Array] = function(PLAIN, *(known[name] for name in list(signature(function).parameters)[1:]))
    return found
