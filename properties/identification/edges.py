"""The cases by which conduct shows: one element, none, a negative epsilon, short parameters, batches, zeros."""

from collections.abc import Callable, Iterator

import numpy as np

from normspec.properties.cases.shapes import Extent
from normspec.properties.identification.cases import LARGER, SHAPES, asked, built
from normspec.spec.case import Case, Step
from normspec.spec.partition import Shape

SINGLE: tuple[Shape, ...] = ((1, 3), (3, 1), (1, 3, 1), (2, 1, 1), (1, 3, 1, 1), (2, 3, 1, 1, 1))


WITHOUT_EPSILON = ("weight_norm", "standardize", "min_max_scale", "standard_scaler", "min_max_scaler")


def _training(extent: Extent, shapes: tuple[Shape, ...], wanted: Callable[[int], bool], keep: int) -> Iterator[Case]:
    """Yield trainings on the first samples of equal elements, in groups of the wanted size."""
    for geometry in asked(extent, shapes, 0):
        if wanted(extent.operation.groups(geometry.shape, geometry.attributes).members):
            case = built(extent, geometry, np.full(geometry.shape, 3.0)[:keep])
            if case is not None and case.script[0].verb == "train":
                yield case.but(script=case.script[:1])


def single(extent: Extent) -> Iterator[Case]:
    """Yield trainings on groups of one element."""
    has = "single_element" in extent.operation.conventions
    return _training(extent, SINGLE, lambda members: members == 1, 2) if has else iter(())


def empty(extent: Extent) -> Iterator[Case]:
    """Yield trainings on no element."""
    has = "empty_batch" in extent.operation.conventions
    return _training(extent, SHAPES, lambda members: members > 1, 0) if has else iter(())


def _plain(extent: Extent) -> Iterator[Case]:
    for geometry in asked(extent):
        case = built(extent, geometry, np.resize([1.0, -2.0, 3.0, 0.5, -0.5, 4.0, 2.0], geometry.shape))
        if case is not None:
            yield case


def negative(extent: Extent) -> Iterator[Case]:
    """Yield a plain case with an epsilon below 0, far above minus the least variance."""
    open_ = extent.operation.has_epsilon and "epsilon" not in extent.claims.fixed
    for case in _plain(extent) if open_ and "negative_epsilon" in extent.operation.conventions else ():
        yield case.but(attributes={**case.attributes, "epsilon": -(2.0**-10)}, script=case.script[:1])


def not_a_number(extent: Extent) -> Iterator[Case]:
    """Yield plain trainings whose first element is NaN, and beside it in its group are some that are numbers."""
    for case in _plain(extent) if "nan-confined" in extent.operation.requirements else ():
        x = case.script[0].input.copy()
        x[(0,) * x.ndim] = np.nan
        several = extent.operation.groups(x.shape, case.attributes).members > 2
        if several and case.script[0].verb == "train":
            yield case.but(script=(Step("train", x),))


def short(extent: Extent) -> Iterator[Case]:
    """Yield plain cases in which gamma has one element for several."""
    for case in _plain(extent) if "gamma" in extent.claims.parameters else ():
        if case.parameters.get("gamma", np.ones(1)).size > 1:
            parameters = {
                **case.parameters,
                "gamma": case.parameters["gamma"][(slice(1),) * case.parameters["gamma"].ndim],
            }
            yield case.but(parameters=parameters, script=case.script[:1])


def batches(extent: Extent) -> Iterator[Case]:
    """Yield batches of several samples that know nothing of each other."""
    for geometry in asked(extent, LARGER) if "batch-invariance" in extent.operation.requirements else ():
        values = np.sin(np.arange(int(np.prod(geometry.shape))) ** 2.0).reshape(geometry.shape)
        case = built(extent, geometry, values, 2.0**-10)
        if case is not None and geometry.shape[0] > 1:
            yield case.but(script=case.script[:1])


def moving(extent: Extent) -> Iterator[Case]:
    """Yield a training, its backward, and an inference, which shows the running statistics after both."""
    verbs = {"train", "backward", "infer"} <= set(extent.claims.verbs)
    for case in _plain(extent) if verbs and extent.claims.state and extent.claims.scripts else ():
        x = case.script[0].input
        back = Step("backward", None, np.ones_like(x), 0, ("dx",))
        yield case.but(script=(Step("train", x), back, Step("infer", x)))


def frozen(extent: Extent) -> Iterator[Case]:
    """Yield a layer that is frozen, and then told to train."""
    asked_for = "freeze" in extent.claims.verbs and extent.claims.state
    for case in _plain(extent) if asked_for else ():
        yield case.but(script=(Step("freeze"), Step("train", case.script[0].input)))


def nothing(extent: Extent) -> Iterator[Case]:
    """Yield inputs of zeros, where nothing is added to the norm or the deviation."""
    for geometry in asked(extent) if extent.operation.name in WITHOUT_EPSILON else ():
        case = built(extent, geometry, np.zeros(geometry.shape))
        if case is not None:
            anew = {"refit": True} if extent.operation.pooled else {}
            bare = {name: values for name, values in case.parameters.items() if name != "beta"}
            yield case.but(script=case.script[:1], parameters=bare, attributes={**case.attributes, **anew})


def wide_enough(extent: Extent) -> Iterator[Case]:
    """Yield float64 values that float32 does not hold."""
    for geometry in asked(extent, LARGER):
        values = np.sin(np.arange(int(np.prod(geometry.shape))) + 1.0).reshape(geometry.shape)
        case = built(extent, geometry, values, 2.0**-10)
        if case is not None:
            yield case.but(script=case.script[:1])
