"""Cases that make an implementation show what it does inside."""

from collections.abc import Mapping

import numpy as np

from normspec.spec.case import Case
from normspec.spec.expectation import expect
from normspec.spec.formats import Array, Format, ulp
from normspec.spec.operations import Operation
from normspec.spec.workspace import Workspace

SIGNIFICANDS = 1024
"""How many values of gamma are tried at most: as many as float16 has significands, and more than bfloat16 has."""

MEMBERS = 16
"""How many elements of a block are looked at, at most."""

CLEAR = 2
"""How many tolerances a product lies off the middle of two neighbours, so that what keeps them cannot reach it."""


def zero_crossing(
    operation: Operation, case: Case, conventions: Mapping[str, str], workspace: Workspace | None = None
) -> Case:
    """Return the case with a beta for which one element of each block comes out at its internal rounding error.

    beta is minus the exact gamma xhat of the block's first element, rounded to the case's dtype. There y is small, and
    the coarse format of the output no longer hides statistics that were kept in a coarse format. The first step must
    train on some element.
    """
    given = {name: values for name, values in case.parameters.items() if name != "beta"}
    plain = case.but(parameters=given)
    y = expect(operation, plain, 0, case.state, conventions, workspace=workspace)["y"].high
    blocks = operation.blocks(y.shape, case.attributes)
    shape = [y.shape[axis] for axis in blocks.kept]
    beta = -blocks.split(y)[:, 0].reshape(shape)
    return case.but(parameters={**given, "beta": np.asarray(beta).astype(case.format.dtype)})


def rounding_boundary(
    operation: Operation, case: Case, conventions: Mapping[str, str], workspace: Workspace | None = None
) -> Case:
    """Return the case with a gamma that puts one element of each block just beside a boundary of rounding.

    A boundary is the middle of two neighbours of the case's dtype. Below it y is the one, above it the other, whatever
    errors arithmetic under the contract has; an rstd that is off by much less than the spacing of the output shows.
    Blocks take turns in lying below and above. Where no gamma comes near, it stays as it is. The first step must
    normalize some element, and be given a gamma.
    """
    own, offset = case.parameters["gamma"], conventions.get("scale_form") == "offset"
    unit = case.but(parameters={**case.parameters, "gamma": np.full_like(own, 0 if offset else 1)})
    xhat = expect(operation, unit, 0, case.state, conventions, workspace=workspace)["y"]
    blocks = operation.blocks(xhat.high.shape, case.attributes)
    some, tolerance = (blocks.split(part)[:, :MEMBERS] for part in (xhat.high, xhat.tolerance))
    factors = _binade(np.ones((len(some), 1)) if offset else own.reshape(-1, 1).astype(np.float64), case.format)
    with np.errstate(all="ignore"):
        beyond = [_beyond(*each, factors, case.format) for each in zip(some.T, tolerance.T, strict=True)]
    nearest = np.min(beyond, axis=0)
    best = np.argmin(nearest, axis=1)[:, None]
    factor, found = (np.take_along_axis(rows, best, axis=1)[:, 0] for rows in (factors, np.isfinite(nearest)))
    gamma = np.where(found, factor - offset, own.reshape(-1).astype(np.float64))
    return case.but(parameters={**case.parameters, "gamma": gamma.reshape(own.shape).astype(own.dtype)})


def _binade(values: Array, output: Format) -> Array:
    """Return for each value numbers of the format with its sign and exponent; for 0 those from 1 on."""
    lead = np.copysign(np.ldexp(0.5, np.where(values == 0, 1, np.frexp(values)[1])), values)
    count = min(SIGNIFICANDS, 2 ** (output.precision - 1))
    return np.asarray(lead * (1 + np.arange(count) / count))


def _beyond(xhat: Array, tolerance: Array, factors: Array, output: Format) -> Array:
    """Return how far one element's products lie on their side of the boundary next to each, in spacings; by blocks.

    Infinite on the other side, and where the product may be computed to lie on the boundary. What is off of xhat,
    beside its one rounding to the format, is off of the products as well.
    """
    size = np.abs(xhat[:, None] * factors)
    spacing = ulp(output, size)
    off = np.abs(factors) * (tolerance - ulp(output, xhat) / 2)[:, None]
    place = size / spacing
    side = np.where(np.arange(len(xhat)) % 2, 1.0, -1.0)[:, None]
    beyond = side * (place - np.floor(place) - 0.5)
    return np.where(beyond >= CLEAR * off / spacing, beyond, np.inf)
