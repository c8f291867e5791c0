"""Cases: scripts of steps on one layer, for any operation, within what an implementation claims."""

from dataclasses import replace
from math import prod
from typing import Any

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
from normspec.properties.cases.shapes import Extent, Shape, degenerate_shapes, large_shapes, small_shapes
from normspec.spec.case import Case, Step
from normspec.spec.claims import Claims
from normspec.spec.formats import Array

PARAMETER_OF = {"dgamma": "gamma", "dbeta": "beta"}


@st.composite
def parameters(draw: st.DrawFn, extent: Extent, shape: Shape) -> dict[str, Array]:
    """Draw gamma and beta, each given or absent, both of either sign and different for each block.

    Now and then beta is -gamma: then y crosses zero wherever xhat is near 1, and shows the roundings inside.
    """
    drawn = {}
    strategy = quarters((extent.operation.blocks(shape).parts,), extent.format)
    for name in extent.claims.parameters:
        value = draw(maybe(strategy) if name in extent.claims.optional else strategy)
        if value is not None:
            drawn[name] = value
    if set(drawn) == {"gamma", "beta"} and draw(st.sampled_from((False, False, False, True))):
        drawn["beta"] = -drawn["gamma"]
    return drawn


@st.composite
def states(draw: st.DrawFn, extent: Extent, shape: Shape) -> dict[str, Array]:
    """Draw running statistics, or none."""
    claims, groups = extent.claims, (extent.operation.groups(shape).parts,)
    if not claims.state or ("state" in claims.optional and draw(st.booleans())):
        return {}
    return {
        "running_mean": draw(quarters(groups, extent.format)),
        "running_var": draw(quarters(groups, extent.format, positive=True)),
    }


def verbs_of(claims: Claims, *, tracked: bool) -> tuple[Any, ...]:
    """Return the forward verbs that a script may have."""
    return tuple(verb for verb in ("train", "infer") if verb in claims.verbs and (tracked or verb == "train"))


@st.composite
def scripts(draw: st.DrawFn, extent: Extent, shape: Shape, scale: Scale, given: Case) -> tuple[Step, ...]:
    """Draw one or several forward steps and, in any order after them, backward steps of some of them."""
    claims = extent.claims
    verbs = verbs_of(claims, tracked=bool(given.state))
    count = draw(st.sampled_from((1, 1, 1, 2, 3))) if claims.scripts else 1
    inputs = tensors(shape, given.regime, scale)
    forwards = [Step(draw(st.sampled_from(verbs)), draw(inputs)) for _ in range(count)]
    available = [d for d in claims.gradients if PARAMETER_OF.get(d) is None or PARAMETER_OF[d] in given.parameters]
    if "backward" not in claims.verbs or not available:
        return tuple(forwards)
    order = draw(st.lists(st.integers(0, count - 1), max_size=count + (count > 1)))
    backwards = [
        Step("backward", None, draw(cotangents(shape, extent.format)), of, draw(subsets(available))) for of in order
    ]
    return (*forwards, *backwards)


@st.composite
def cases(draw: st.DrawFn, extent: Extent, shapes: st.SearchStrategy[Shape]) -> Case:
    """Draw a case with inputs of one of these shapes."""
    shape, epsilon = draw(shapes), draw(EPSILONS)
    momenta = (*MOMENTA, None) if extent.claims.momentum_none else MOMENTA
    bare = Case(
        operation=extent.operation.name,
        dtype=extent.dtype,
        attributes={"epsilon": epsilon, "momentum": draw(st.sampled_from(momenta))},
        script=(),
        parameters=draw(parameters(extent, shape)),
        state=draw(states(extent, shape)),
        layout=draw(layouts(extent.claims, len(shape))),
        regime=draw(st.sampled_from(extent.regimes)),
    )
    scale = Scale(extent.format, epsilon, draw(sizes()), prod(shape))
    return bare.but(script=draw(scripts(extent, shape, scale, bare)))


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
    if case.script[0].input.size == 0 and extent.claims.scripts and draw(st.booleans()):
        return draw(after_empty(extent))
    first, *rest = case.script
    return case.but(script=(replace(first, verb="train"), *rest))


def after_empty(extent: Extent) -> st.SearchStrategy[Case]:
    """Return a strategy for small cases before which the layer is trained on an empty batch."""

    def preceded(case: Case) -> Case:
        later = (replace(step, of=None if step.of is None else step.of + 1) for step in case.script)
        return case.but(script=(Step("train", case.script[0].input[:0]), *later))

    return small(extent).map(preceded)


@st.composite
def invalid(draw: st.DrawFn, extent: Extent) -> Case:
    """Draw a small case with one thing wrong: a parameter's length, or the sign of epsilon."""
    case = draw(small(extent))
    wrong = draw(st.sampled_from(("epsilon", *extent.claims.parameters)))
    if wrong == "epsilon":
        return case.but(attributes={**case.attributes, "epsilon": -case.attributes["epsilon"]}, regime="epsilon < 0")
    right = extent.operation.blocks(case.script[0].input.shape).parts
    values = draw(quarters((right + draw(st.integers(1, 2)),), extent.format))
    return case.but(parameters={**case.parameters, wrong: values}, regime=f"{wrong} of the wrong length")
