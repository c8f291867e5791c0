"""Features of a case that a record of known failures may name: what decides whether a defect can show on it."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from normspec.implementations.layouts import place, state_layout
from normspec.spec.case import Case, Step
from normspec.spec.formats import FORMATS, Array
from normspec.spec.operations import OPERATIONS

LARGE = 128  # the longest sum in which rounding errors that add up all the same stay within the bound of a tree


def layout(case: Case) -> str:
    """Return how the arrays lie in memory."""
    return case.layout


def regime(case: Case) -> str:
    """Return what the values are like."""
    return case.regime


def rank(case: Case) -> int:
    """Return how many axes x has."""
    return _forwards(case)[0].input.ndim


def large_group(case: Case) -> bool:
    """Return whether some mean is taken over more than LARGE elements."""
    return any(
        OPERATIONS[case.operation].groups(step.input.shape, case.attributes).members > LARGE for step in _forwards(case)
    )


def large_sum(case: Case) -> bool:
    """Return whether some sum over a group, or of a gradient over a block, has more than LARGE elements."""
    return large_group(case) or any(_block_of(case, step.input.shape) > LARGE for step in _forwards(case))


def several_rows(case: Case) -> bool:
    """Return whether the gradient of a parameter is a sum of several elements."""
    return any(_block_of(case, step.input.shape) > 1 for step in _forwards(case))


def one_sample(case: Case) -> bool:
    """Return whether some x has one sample."""
    return any(step.input.shape[0] == 1 for step in _forwards(case))


def outer_axis(case: Case) -> bool:
    """Return whether the one axis that is kept, or normalized, is the first or the last of x."""
    axis = case.attributes.get("axis")
    return axis is not None and any(axis % step.input.ndim in (0, step.input.ndim - 1) for step in _forwards(case))


def without_dx(case: Case) -> bool:
    """Return whether some backward asks for gradients of parameters, and not for that of x."""
    return any("dx" not in step.wanted for step in case.script if step.verb == "backward")


def clamped(case: Case) -> bool:
    """Return whether epsilon, and not the norm, divides some part of x or of a further input."""
    groups = (OPERATIONS[case.operation].groups(step.input.shape, case.attributes) for step in _forwards(case))
    given = [(part, step.input) for part, step in zip(groups, _forwards(case), strict=True)]
    further = [(part, case.parameters["w"]) for part, _ in given if "w" in case.parameters]
    norms = (np.linalg.norm(part.split(array.astype(np.float64)), axis=-1) for part, array in (*given, *further))
    return any(bool((norm <= case.attributes.get("epsilon", 0)).any()) for norm in norms)


def dense_input(case: Case) -> bool:
    """Return whether some x has its elements one after the other in memory, channels first or channels last."""
    return any(dense(place(step.input, case.layout).array) for step in _forwards(case))


def scattered(case: Case) -> bool:
    """Return whether some array handed over is not dense, or a cotangent not dense in the way that its x is."""
    return any(not dense(array) for array in _placed(case)) or any(
        _order(place(step.cotangent, case.layout).array) != _order(place(case.forward_of(i).input, case.layout).array)
        for i, step in enumerate(case.script)
        if step.cotangent is not None
    )


def channels_adjacent(case: Case) -> bool:
    """Return whether x is dense and neighbours in its memory are of different channels, or there is one of each."""
    return any(
        dense(x) and (np.prod(x.shape[2:]) == 1 or not x.flags.c_contiguous)
        for x in (place(step.input, case.layout).array for step in _forwards(case))
    )


def stale_inference(case: Case) -> bool:
    """Return whether the layer is trained between an inference step and the backward of that step."""
    return any(stale(case, i) and case.forward_of(i).verb == "infer" for i, _ in enumerate(case.script))


def squares_overflow_somewhere(case: Case) -> bool:
    """Return whether the sum of squares of some x may leave the range of its format."""
    return any(squares_overflow(step.input) for step in _forwards(case))


def gamma_equal(case: Case) -> bool:
    """Return whether several channels have one gamma, so that the expanded layout keeps it once."""
    gamma = case.parameters.get("gamma", np.ones(1))
    return bool(gamma.size > 1 and (gamma == gamma[0]).all())


def beta_alone(case: Case) -> bool:
    """Return whether beta is given and gamma is not."""
    return "beta" in case.parameters and "gamma" not in case.parameters


def without_affine(case: Case) -> bool:
    """Return whether gamma or beta is left out."""
    return not {"gamma", "beta"} <= case.parameters.keys()


def momentum_none(case: Case) -> bool:
    """Return whether the running averages are cumulative."""
    return case.attributes.get("momentum") is None


def forward_mode(case: Case) -> bool:
    """Return whether a tangent is asked for."""
    return any(step.tangents for step in case.script)


def second_order(case: Case) -> bool:
    """Return whether a backward of a backward is asked for."""
    return any(step.direction is not None for step in case.script)


def trained_after_empty(case: Case) -> bool:
    """Return whether a training step with elements follows one without."""
    sizes = [step.input.size for step in case.script if step.verb == "train"]
    return any(first == 0 and any(sizes[index:]) for index, first in enumerate(sizes))


FEATURES: Mapping[str, Callable[[Case], Any]] = MappingProxyType(
    {
        "layout": layout,
        "regime": regime,
        "rank": rank,
        "large_group": large_group,
        "large_sum": large_sum,
        "several_rows": several_rows,
        "one_sample": one_sample,
        "outer_axis": outer_axis,
        "without_dx": without_dx,
        "clamped": clamped,
        "dense_input": dense_input,
        "scattered": scattered,
        "channels_adjacent": channels_adjacent,
        "stale_inference": stale_inference,
        "squares_overflow": squares_overflow_somewhere,
        "gamma_equal": gamma_equal,
        "beta_alone": beta_alone,
        "without_affine": without_affine,
        "momentum_none": momentum_none,
        "trained_after_empty": trained_after_empty,
        "forward_mode": forward_mode,
        "second_order": second_order,
    }
)


def dense(array: Array) -> bool:
    """Return whether the elements lie one after the other in C order, or so with the channels' axis last."""
    return array.flags.c_contiguous or bool(array.ndim > 3 and np.moveaxis(array, 1, -1).flags.c_contiguous)


def stale(case: Case, index: int) -> bool:
    """Return whether a training step stands between the backward step `index` and the forward step it belongs to."""
    origin = case.script[index].of
    return origin is not None and any(step.verb == "train" for step in case.script[origin + 1 : index])


def squares_overflow(x: Array) -> bool:
    """Return whether the sum of squares of x may leave the range of x's own format."""
    values = np.abs(x.astype(np.float64))
    return bool(values.size and values.max() > np.sqrt(FORMATS[x.dtype.name].largest / values.size) / 4)


def _forwards(case: Case) -> list[Step]:
    return [step for step in case.script if step.x is not None]


def _block_of(case: Case, shape: tuple[int, ...]) -> int:
    return OPERATIONS[case.operation].blocks(shape, case.attributes).members


def _placed(case: Case) -> Iterator[Array]:
    """Yield every array of a case as it is handed over."""
    for step in case.script:
        yield from (place(array, case.layout).array for array in (step.x, step.cotangent) if array is not None)
    yield from (place(values, case.layout).array for values in case.parameters.values())
    yield from (place(values, state_layout(case.layout)).array for values in case.state.values())


def _order(array: Array) -> bool:
    """Return whether an array is in C order; a dense one that is not has the channels' axis last."""
    return bool(array.flags.c_contiguous)
