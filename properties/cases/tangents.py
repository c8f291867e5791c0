"""Cases of forward mode: one forward step, and the tangent of its y where x and some parameters move."""

import numpy as np
from hypothesis import strategies as st

from normspec.properties.cases.draws import cotangents, subsets
from normspec.properties.cases.scripts import small
from normspec.properties.cases.shapes import Extent
from normspec.properties.cases.within import PLAIN, SQUARE, array_of, case_within, laid, several
from normspec.spec.case import Case, Step, Verb
from normspec.spec.formats import Array

MOVING = ("gamma", "beta")
ALONG: list[list[float]] = [[0.5, 1], [-2, 0.25], [3, -1]]


def tangents(extent: Extent) -> st.SearchStrategy[Case]:
    """Return a strategy for small cases with a tangent; it is empty where none is claimed."""
    return _along(extent) if "jvp" in extent.claims.verbs else st.nothing()


@st.composite
def _along(draw: st.DrawFn, extent: Extent) -> Case:
    case = draw(small(extent))
    given = [name for name in MOVING if name in case.parameters]
    moved = {"x": draw(cotangents(case.script[0].input.shape, extent.format))}
    for name in draw(st.just(()) | subsets(given)) if given else ():
        moved[name] = draw(cotangents(case.parameters[name].shape, extent.format))
    return case.but(script=(case.script[0], _step(moved)))


def pinned(extent: Extent) -> list[Case]:
    """Return a training and an inference with every tangent, and overflowing squares where x alone moves."""
    if "jvp" not in extent.claims.verbs:
        return []
    x, u = (array_of(laid(values, extent), extent) for values in (PLAIN, ALONG))
    verbs: tuple[Verb, ...] = ("train", "infer")
    found = (case_within(extent, (Step(verb, x),), 1e-3) for verb in verbs)
    moved = [_moved(case, u) for case in found if case is not None]
    huge = case_within(extent, (Step("train", several(SQUARE, extent, 0.5)),), 1e-3)
    along = _step({"x": np.flip(several(SQUARE, extent))})
    return moved + ([] if huge is None else [huge.but(script=(*huge.script, along))])


def _moved(case: Case, u: Array) -> Case:
    own = {name: values[..., ::-1] + values.dtype.type(0.25) for name, values in case.parameters.items()}
    return case.but(script=(*case.script, _step({"x": u, **{name: own[name] for name in MOVING if name in own}})))


def _step(moved: dict[str, Array]) -> Step:
    return Step("jvp", of=0, wanted=("ty",), tangents=moved)
