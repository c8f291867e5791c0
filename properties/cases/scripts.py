"""Cases: scripts of steps on one layer, for any operation, within what an implementation claims."""

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st

from normspec.properties.cases.draws import (
    EPSILONS,
    MOMENTA,
    cotangents,
    maybe,
    quarters,
    sizes,
    subsets,
    tensors,
)
from normspec.properties.cases.regimes import Scale
from normspec.properties.cases.shapes import Extent, Geometry, degenerate_shapes, large_shapes, small_shapes
from normspec.spec.case import SECOND, Case, Step
from normspec.spec.claims import Claims
from normspec.spec.formats import Array
from normspec.spec.operations.fitting import nothing_like, unseen
from normspec.spec.partition import Shape

USUAL_EPSILON = 1e-5


@st.composite
def parameters(draw: st.DrawFn, extent: Extent, geometry: Geometry) -> dict[str, Array]:
    """Draw each parameter, given or absent; gamma and beta of either sign and different for each block.

    Now and then beta is -gamma: then y crosses zero wherever xhat is near 1, and shows the roundings inside.
    """
    drawn = {}
    for name in extent.claims.parameters:
        shape = extent.operation.shape_of(name, geometry.shape, geometry.attributes)
        if extent.operation.role(name) == "style":
            shape = (*shape[:2], draw(st.integers(2, 4)), *(draw(st.integers(1, 2)) for _ in shape[3:]))
        strategy = quarters(shape, extent.format, positive=name == "running_var")
        value = draw(maybe(strategy) if name in extent.claims.optional else strategy)
        if value is not None:
            drawn[name] = value
    if set(drawn) == {"gamma", "beta"} and draw(st.sampled_from((False, False, False, True))):
        drawn["beta"] = -drawn["gamma"]
    return drawn


@st.composite
def states(draw: st.DrawFn, extent: Extent, geometry: Geometry) -> dict[str, Array]:
    """Draw running statistics, or none."""
    claims = extent.claims
    if not claims.state or ("state" in claims.optional and draw(st.booleans())):
        return {}
    shapes = {name: extent.operation.shape_of(name, geometry.shape, geometry.attributes) for name in claims.state}
    drawn = {
        name: draw(quarters(shape, extent.format, positive=name == "running_var")) for name, shape in shapes.items()
    }
    return draw(seen(drawn)) if extent.operation.pooled else drawn


@st.composite
def seen(draw: st.DrawFn, drawn: dict[str, Array]) -> dict[str, Array]:
    """Draw what a scaler has seen: so many elements and what they leave behind, or nothing yet."""
    if draw(st.booleans()):
        return nothing_like(drawn)
    if "running_min" in drawn:
        return {**drawn, "running_max": drawn["running_min"] + np.abs(drawn["running_max"])}
    return {**drawn, "running_count": np.abs(4 * drawn["running_count"]) + 1}


def verbs_of(claims: Claims, *, tracked: bool) -> tuple[Any, ...]:
    """Return the forward verbs that a script may have."""
    return tuple(verb for verb in ("train", "infer") if verb in claims.verbs and (tracked or verb == "train"))


@st.composite
def scripts(draw: st.DrawFn, extent: Extent, shape: Shape, scale: Scale, given: Case) -> tuple[Step, ...]:
    """Draw one or several forward steps and, in any order after them, backward steps of some of them."""
    claims, operation = extent.claims, extent.operation
    verbs = verbs_of(claims, tracked=bool(given.state) or not operation.state or operation.untracked_inference)
    count = draw(st.sampled_from((1, 1, 1, 2, 3))) if claims.scripts else 1
    inputs = tensors(shape, given.regime, scale)
    asked = [("train",) if unseen(given.state) and not at else verbs for at in range(count)]
    forwards = [Step(draw(st.sampled_from(each)), draw(inputs)) for each in asked]
    available = [name for name in claims.gradients if name == "dx" or name[1:] in given.parameters]
    if "backward" not in claims.verbs or not available:
        return tuple(forwards)
    order = draw(st.lists(st.integers(0, count - 1), max_size=count + (count > 1)))
    y = operation.shape_of("y", shape, given.attributes)
    backwards = [
        Step("backward", None, draw(cotangents(y, extent.format)), of, draw(subsets(available))) for of in order
    ]
    seconds = [of for of, step in enumerate(forwards) if step.verb == "train" or not given.state]
    if "double_backward" in claims.verbs and seconds and draw(st.sampled_from((False, False, True))):
        backwards.append(draw(double_backwards(extent, given, shape, y, seconds)))
    return (*forwards, *backwards)


@st.composite
def double_backwards(draw: st.DrawFn, extent: Extent, given: Case, x: Shape, y: Shape, forwards: list[int]) -> Step:
    """Draw a backward of the backward of one of these forward steps."""
    available = [name for name in SECOND if name != "ddgamma" or "gamma" in given.parameters]
    cotangent, direction = draw(cotangents(y, extent.format)), draw(cotangents(x, extent.format))
    of, wanted = draw(st.sampled_from(forwards)), draw(subsets(available))
    return Step("backward", None, cotangent, of, wanted, direction=direction)


@st.composite
def cases(draw: st.DrawFn, extent: Extent, shapes: st.SearchStrategy[Geometry]) -> Case:
    """Draw a case with inputs of one of these shapes."""
    geometry = draw(shapes)
    shape, attributes = geometry.shape, {**draw(open_attributes(extent)), **geometry.attributes}
    bare = Case(
        operation=extent.operation.name,
        dtype=extent.dtype,
        attributes=attributes,
        script=(),
        parameters=draw(parameters(extent, geometry)),
        state=draw(states(extent, geometry)),
        layout=draw(layouts(extent.claims, len(shape))),
        regime=draw(st.sampled_from(extent.regimes)),
    )
    scale = Scale(extent.format, attributes.get("epsilon", USUAL_EPSILON), draw(sizes()), prod(shape))
    return bare.but(script=draw(scripts(extent, shape, scale, bare)))


@st.composite
def open_attributes(draw: st.DrawFn, extent: Extent) -> dict[str, Any]:
    """Draw epsilon and momentum, where the operation leaves them open."""
    drawn: dict[str, Any] = {"epsilon": draw(EPSILONS)} if extent.operation.has_epsilon else {}
    if extent.operation.averages:
        drawn["momentum"] = draw(st.sampled_from((*MOMENTA, None) if extent.claims.momentum_none else MOMENTA))
    return {name: extent.claims.fixed.get(name, value) for name, value in drawn.items()}


def layouts(claims: Claims, rank: int) -> st.SearchStrategy[str]:
    """Return a strategy for the layouts that an array of this rank can have."""
    return st.sampled_from([name for name in claims.layouts if name != "channels_last" or rank in (4, 5)])


def small(extent: Extent) -> st.SearchStrategy[Case]:
    """Return a strategy for cases with a few elements in a group."""
    return cases(extent, small_shapes(extent))


def large(extent: Extent) -> st.SearchStrategy[Case]:
    """Return a strategy for cases with up to some thousand elements in a group."""
    return cases(extent, large_shapes(extent))


@st.composite
def degenerate(draw: st.DrawFn, extent: Extent) -> Case:
    """Draw a case that trains on groups of one element, or on none; after none also on several."""
    case = draw(cases(extent, degenerate_shapes(extent)))
    free = extent.claims.scripts and not elementwise(extent)
    if case.script[0].input.size == 0 and free and draw(st.booleans()):
        return draw(after_empty(extent))
    first, *rest = case.script
    return case.but(script=(replace(first, verb="train"), *rest))


def elementwise(extent: Extent) -> bool:
    """Return whether some parameter has a value for each element of x, so that every x has one shape."""
    return any(extent.operation.role(name) == "elements" for name in extent.claims.parameters)


def after_empty(extent: Extent) -> st.SearchStrategy[Case]:
    """Return a strategy for small cases before which the layer is trained on an empty batch."""

    def preceded(case: Case) -> Case:
        later = (replace(step, of=None if step.of is None else step.of + 1) for step in case.script)
        return case.but(script=(Step("train", case.script[0].input[:0]), *later))

    return small(extent).map(preceded)


def spoilable(extent: Extent) -> tuple[str, ...]:
    """Return the attributes that can be given a value without a meaning."""
    return ("epsilon",) if extent.operation.has_epsilon and "epsilon" not in extent.claims.fixed else ()


def invalid(extent: Extent) -> st.SearchStrategy[Case]:
    """Return a strategy for small cases with one thing wrong; it is empty where nothing is open to be wrong."""
    return _spoilt(extent) if spoilable(extent) or extent.claims.parameters else st.nothing()


@st.composite
def _spoilt(draw: st.DrawFn, extent: Extent) -> Case:
    """Draw a small case with one thing wrong: a parameter's length, or the sign of epsilon."""
    case = draw(small(extent))
    wrong = draw(st.sampled_from((*spoilable(extent), *extent.claims.parameters)))
    if wrong == "epsilon":
        return case.but(attributes={**case.attributes, "epsilon": -case.attributes["epsilon"]}, regime="epsilon < 0")
    first, *others = extent.operation.shape_of(wrong, case.script[0].input.shape, case.attributes)
    values = draw(quarters((first + draw(st.integers(1, 2)), *others), extent.format))
    return case.but(parameters={**case.parameters, wrong: values}, regime=f"{wrong} of the wrong length")
