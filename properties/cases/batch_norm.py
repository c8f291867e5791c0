"""Cases of batch normalization: scripts of steps on one layer, within what an implementation claims."""

from dataclasses import dataclass, replace
from math import prod
from typing import Any

from hypothesis import strategies as st

from normspec.properties.cases.draws import (
    EPSILONS,
    MOMENTA,
    cotangents,
    maybe,
    quarters,
    regimes,
    sizes,
    subsets,
    tensors,
)
from normspec.properties.cases.regimes import Scale
from normspec.spec.case import Case, Step
from normspec.spec.claims import Claims
from normspec.spec.formats import FORMATS, Array, Format

GROUP_SIZES = (63, 64, 65, 127, 129, 257, 1000, 1025, 4097)  # around the edges of blocks; no power of two alone
PARAMETER_OF = {"dgamma": "gamma", "dbeta": "beta"}


@dataclass(frozen=True)
class Setting:
    """What all the steps of one case share."""

    format: Format
    epsilon: float
    regime: str
    size: int

    def scale(self, shape: tuple[int, ...]) -> Scale:
        """Return what the regime may depend on for an input of this shape."""
        return Scale(self.format, self.epsilon, self.size, prod(shape))


@st.composite
def small_shapes(draw: st.DrawFn, ranks: tuple[int, ...]) -> tuple[int, ...]:
    """Draw (N, C, ...) with at least two elements a channel; odd and unequal sizes on purpose."""
    rank = draw(st.sampled_from(ranks))
    rows = draw(st.integers(1, 5))
    channels = draw(st.integers(1, 3))
    space = tuple(draw(st.integers(1, 3)) for _ in range(rank - 2))
    return (max(rows, 2 if prod(space) == 1 else 1), channels, *space)


@st.composite
def large_shapes(draw: st.DrawFn, ranks: tuple[int, ...]) -> tuple[int, ...]:
    """Draw a shape with one long axis: the batch's, or the last."""
    rank = draw(st.sampled_from(ranks))
    long = draw(st.sampled_from(GROUP_SIZES))
    channels = draw(st.integers(1, 2))
    if rank == 2 or draw(st.booleans()):
        return (long, channels, *([1] * (rank - 2)))
    return (1, channels, *([1] * (rank - 3)), long)


@st.composite
def parameters(draw: st.DrawFn, claims: Claims, channels: int, fmt: Format) -> dict[str, Array]:
    """Draw gamma and beta, each given or absent, both of either sign and different for each channel.

    Now and then beta is -gamma: then y crosses zero wherever xhat is near 1, and shows the roundings inside.
    """
    drawn = {}
    for name in claims.parameters:
        strategy = quarters((channels,), fmt)
        value = draw(maybe(strategy) if name in claims.optional else strategy)
        if value is not None:
            drawn[name] = value
    if set(drawn) == {"gamma", "beta"} and draw(st.sampled_from((False, False, False, True))):
        drawn["beta"] = -drawn["gamma"]
    return drawn


@st.composite
def states(draw: st.DrawFn, claims: Claims, channels: int, fmt: Format) -> dict[str, Array]:
    """Draw running statistics, or none."""
    if not claims.state or ("state" in claims.optional and draw(st.booleans())):
        return {}
    return {
        "running_mean": draw(quarters((channels,), fmt)),
        "running_var": draw(quarters((channels,), fmt, positive=True)),
    }


def verbs_of(claims: Claims, *, tracked: bool) -> tuple[Any, ...]:
    """Return the forward verbs that a script may have."""
    return tuple(verb for verb in ("train", "infer") if verb in claims.verbs and (tracked or verb == "train"))


@st.composite
def scripts(draw: st.DrawFn, claims: Claims, shape: tuple[int, ...], setting: Setting, given: Case) -> tuple[Step, ...]:
    """Draw one or several forward steps and, in any order after them, backward steps of some of them."""
    verbs = verbs_of(claims, tracked=bool(given.state))
    count = draw(st.sampled_from((1, 1, 1, 2, 3))) if claims.scripts else 1
    inputs = tensors(shape, setting.regime, setting.scale(shape))
    forwards = [Step(draw(st.sampled_from(verbs)), draw(inputs)) for _ in range(count)]
    available = [d for d in claims.gradients if PARAMETER_OF.get(d) is None or PARAMETER_OF[d] in given.parameters]
    if "backward" not in claims.verbs or not available:
        return tuple(forwards)
    order = draw(st.lists(st.integers(0, count - 1), max_size=count + (count > 1)))
    backwards = [
        Step("backward", None, draw(cotangents(shape, setting.format)), of, draw(subsets(available))) for of in order
    ]
    return (*forwards, *backwards)


@st.composite
def cases(draw: st.DrawFn, claims: Claims, dtype: str, shapes: st.SearchStrategy[tuple[int, ...]]) -> Case:
    """Draw a case in this dtype, within the claims."""
    fmt = FORMATS[dtype]
    shape = draw(shapes)
    setting = Setting(fmt, draw(EPSILONS), draw(regimes()), draw(sizes()))
    momenta = (*MOMENTA, None) if claims.momentum_none else MOMENTA
    bare = Case(
        operation="batch_norm",
        dtype=dtype,
        attributes={"epsilon": setting.epsilon, "momentum": draw(st.sampled_from(momenta))},
        script=(),
        parameters=draw(parameters(claims, shape[1], fmt)),
        state=draw(states(claims, shape[1], fmt)),
        layout=draw(layouts(claims, len(shape))),
        regime=setting.regime,
    )
    return bare.but(script=draw(scripts(claims, shape, setting, bare)))


def layouts(claims: Claims, rank: int) -> st.SearchStrategy[str]:
    """Return a strategy for the layouts that an array of this rank can have."""
    return st.sampled_from([name for name in claims.layouts if name != "channels_last" or rank in (4, 5)])


def small(claims: Claims, dtype: str) -> st.SearchStrategy[Case]:
    """Return a strategy for cases with a few elements a channel."""
    return cases(claims, dtype, small_shapes(claims.ranks))


def large(claims: Claims, dtype: str) -> st.SearchStrategy[Case]:
    """Return a strategy for cases with up to some thousand elements a channel."""
    return cases(claims, dtype, large_shapes(claims.ranks))


@st.composite
def degenerate(draw: st.DrawFn, claims: Claims, dtype: str) -> Case:
    """Draw a case that trains on groups of one element, or on none; after none also on several."""
    rows = draw(st.sampled_from((1, 0)))
    if not rows and claims.scripts and draw(st.booleans()):
        return draw(after_empty(claims, dtype))
    rank = draw(st.sampled_from(claims.ranks))
    shape = (rows, draw(st.integers(1, 3)), *([1] * (rank - 2)))
    case = draw(cases(claims, dtype, st.just(shape)))
    first, *rest = case.script
    return case.but(script=(replace(first, verb="train"), *rest))


def after_empty(claims: Claims, dtype: str) -> st.SearchStrategy[Case]:
    """Return a strategy for small cases before which the layer is trained on an empty batch."""

    def preceded(case: Case) -> Case:
        later = (replace(step, of=None if step.of is None else step.of + 1) for step in case.script)
        return case.but(script=(Step("train", case.script[0].input[:0]), *later))

    return small(claims, dtype).map(preceded)


@st.composite
def invalid(draw: st.DrawFn, claims: Claims, dtype: str) -> Case:
    """Draw a small case with one thing wrong: a parameter's length, or the sign of epsilon."""
    case = draw(small(claims, dtype))
    wrong = draw(st.sampled_from(("epsilon", *claims.parameters)))
    if wrong == "epsilon":
        return case.but(attributes={**case.attributes, "epsilon": -case.attributes["epsilon"]}, regime="epsilon < 0")
    channels = case.script[0].input.shape[1]
    values = draw(quarters((channels + draw(st.integers(1, 2)),), FORMATS[dtype]))
    return case.but(parameters={**case.parameters, wrong: values}, regime=f"{wrong} of the wrong length")
