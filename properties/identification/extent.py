"""Which axes a layer normalizes that says the last ones: a question only where parameters are the same everywhere."""

from collections.abc import Callable

import numpy as np

from normspec.properties.identification.wording import Axis, Reworded, Wording, as_asked, forward_of, same
from normspec.spec.case import Case
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS


def _uniform(case: Case) -> bool:
    return all((values == values.flat[0]).all() for values in case.parameters.values() if values.size)


def _over(axes: Callable[[int], int], there: Callable[[Array], Array], back: Callable[[Array], Array]) -> Wording:
    """Return the wording for the last axes of an x that is turned first, their number by the rank of x."""

    def worded(case: Case, index: int) -> Reworded | None:
        turned = case.with_arrays(there, there)
        shape = turned.script[forward_of(case, index)].input.shape
        attributes = {**case.attributes, "axes": axes(len(shape))}
        if there is same and attributes == case.attributes:
            return case, same
        if not _uniform(case):
            return None
        shape_of = OPERATIONS[case.operation].shape_of
        parameters = {name: np.resize(a, shape_of(name, shape, attributes)) for name, a in case.parameters.items()}
        return turned.but(parameters=parameters, attributes=attributes), back

    return worded


def _to_the_end(values: Array) -> Array:
    return np.ascontiguousarray(np.moveaxis(values, 1, -1))


def _from_the_end(values: Array) -> Array:
    return np.ascontiguousarray(np.moveaxis(values, -1, 1))


NORMALIZED_AXES = Axis(
    "normalized_axes",
    "Over which axes the statistics are taken.",
    {
        "asked": "the last ones, as many as is said",
        "last": "the last one, however many are said",
        "sample": "all but the first",
        "channel": "the second one alone",
    },
    wordings={
        "asked": as_asked,
        "last": _over(lambda rank: 1, same, same),
        "sample": _over(lambda rank: rank - 1, same, same),
        "channel": _over(lambda rank: 1, _to_the_end, _from_the_end),
    },
)
