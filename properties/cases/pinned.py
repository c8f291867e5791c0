"""Cases that are tried whatever the seed: the corners where layers are known to go wrong.

They make verdicts on the common defects independent of luck. Each is as small as its defect allows.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from normspec.properties.cases.scripts import elementwise, spoilable
from normspec.properties.cases.shapes import Extent, geometries
from normspec.properties.cases.within import LONG, PLAIN, SQUARE, array_of, case_within, laid, several, tiled
from normspec.spec.case import GRADIENTS, SECOND, Case, Step, Verb
from normspec.spec.epsilon import outside
from normspec.spec.formats import Array
from normspec.spec.operations.fitting import nothing_like

IMAGE = (2, 2, 2, 3)
BOTH_WAYS = ((LONG, 2), (2, LONG), (1, 2, LONG))
IN_MEMORY = ("contiguous", "channels_last")  # the orders in which real layers are fed


def small(extent: Extent) -> list[Case]:
    """Return overflowing squares, a far mean, stale backwards, images in both orders of memory, two trainings.

    And every rank, every choice of axes or groups, and parameters left out.
    """
    largest = np.sqrt(extent.format.largest)
    plain = array_of(laid(PLAIN, extent), extent)
    huge = array_of(laid(PLAIN, extent) * largest, extent)
    tiny = array_of(laid(PLAIN, extent) * 2.0**-7, extent)
    far = array_of(laid(PLAIN, extent) + 2.0 ** (extent.format.precision - 5), extent)
    apart = several(SQUARE, extent, 0.5)
    image = array_of(np.cumsum(np.arange(24) % 5).reshape(IMAGE) / 4, extent)
    forwards = (Step("infer", plain), Step("train", plain * plain.dtype.type(3)))
    found = [
        case_within(extent, (Step("train", huge),), 1e-5),
        case_within(extent, (Step("train", far),), 1e-3),
        case_within(extent, (*forwards, _backward(np.flip(plain), 0)), 1e-3),
        case_within(extent, (*forwards, _backward(np.flip(plain), 1)), 1e-3),
        case_within(extent, (Step("infer", plain), _backward(plain[::-1], 0)), 1e-3),
        *(case_within(extent, (Step("train", image), _backward(image[::-1], 0)), 1e-3, name) for name in IN_MEMORY),
        *(case_within(extent, (Step("train", tiny), _backward(plain, 0)), epsilon) for epsilon in (2.0**-14, 0.5)),
        case_within(extent, (Step("train", 0 * plain), _backward(plain, 0)), 2.0**-8),
        case_within(extent, (Step("train", apart), _backward(several(SQUARE, extent), 0)), 1e-3),
    ]
    twice = case_within(extent, (Step("train", plain), Step("train", tiny)), 1e-3)
    if twice is not None:
        quarter = {"momentum": 0.25} if extent.operation.averages else {}
        found.append(twice.but(attributes={**twice.attributes, **quarter, **extent.claims.fixed}))
    if "double_backward" in extent.claims.verbs:
        pairs = ((plain, plain), (apart, several(SQUARE, extent, 0.25)))  # two of the latter make up for rstd²
        found += [case_within(extent, (Step("train", x), _twice(u)), 1e-3) for x, u in pairs]
    known = [case for case in found if case is not None]
    known += _fitted(extent, plain, tiny) + _far_and_longer(extent) + _twice_back(extent, np.flip(plain))
    known += _of_every_rank(extent) + _of_every_choice(extent) + _with_one_parameter(extent, plain)
    return known + _averaged(extent, plain, tiny) + _at_edges(extent, plain)


def _fitted(extent: Extent, x: Array, other: Array) -> list[Case]:
    """Return fits in one part and in several, further and anew, from what was seen before and from nothing."""
    if not extent.operation.pooled:
        return []
    first, second = Step("train", x), Step("train", other + other.dtype.type(4))
    scripts = ((Step("infer", x),), (first, second), (first, second, first, Step("infer", other)))
    ways = geometries(extent, x.shape, 2)
    kept = [case_within(extent, script, 0.0, geometry=way) for script in scripts for way in ways]
    given = [case for case in kept if case is not None]
    fresh = [case.but(state=nothing_like(case.state)) for case in given]
    return [case for case in (*given, *fresh) if not extent.claims.beyond(case)]


def _averaged(extent: Extent, x: Array, other: Array) -> list[Case]:
    """Return three trainings with momentum=None: the weight of the first batch is 1 however batches are counted."""
    if not (extent.claims.momentum_none and extent.operation.averages) or "momentum" in extent.claims.fixed:
        return []
    case = case_within(extent, tuple(Step("train", each) for each in (x, other, np.flip(x))), 1e-3)
    return [] if case is None else [case]


def _at_edges(extent: Extent, x: Array) -> list[Case]:
    """Return squares that just fit, and parameters so small that 1 + gamma is to be rounded."""
    near = x * x.dtype.type(np.sqrt(extent.format.largest) * 2.0**-4)
    fitting, plain = (case_within(extent, (Step("train", each),), 1e-3) for each in (near, x))
    found = [] if fitting is None else [fitting]
    if "scale_form" in extent.operation.conventions and plain is not None:
        small = {name: values * values.dtype.type(2.0**-9) for name, values in plain.parameters.items()}
        found.append(plain.but(parameters=small))
    return found + _beside_a_root(extent, x)


def _beside_a_root(extent: Extent, x: Array) -> list[Case]:
    """Return squares far out of range where epsilon is added to their root: whoever scales them scales epsilon once."""
    if not outside(extent.claims.conventions):
        return []
    case = case_within(extent, (Step("train", x * x.dtype.type(extent.format.largest / 8)),), 0.5)
    return [] if case is None else [case]


def _twice(x: Array) -> Step:
    """Return a double backward of the first step."""
    return Step("backward", None, x[::-1], 0, SECOND, direction=np.flip(x))


def _of_every_rank(extent: Extent) -> list[Case]:
    """Return one training in each rank, and one with a single channel."""
    shapes = [(2, 3, 2, 1, 3)[:rank] for rank in extent.ranks] + [(3, 1, 2, 1, 2)[: min(extent.ranks)]]
    found = [case_within(extent, (Step("train", several(shape, extent)),), 1e-3) for shape in shapes]
    return [case for case in found if case is not None]


def _of_every_choice(extent: Extent) -> list[Case]:
    """Return a training and its backward for each choice of attributes; the last axis is as long as the channels'."""
    x = several(SQUARE, extent)
    script = (Step("train", x), _backward(x[::-1], 0))
    chosen = geometries(extent, SQUARE, 2)
    found = [case_within(extent, script, 1e-3, geometry=geometry) for geometry in chosen]
    return [case for case in found if case is not None]


def _with_one_parameter(extent: Extent, x: Array) -> list[Case]:
    """Return a training and an inference with each parameter alone and with none, where they may be left out.

    A backward follows, where it is claimed.
    """
    verbs: tuple[Verb, ...] = ("train", "infer") if extent.operation.state else ("train",)
    back = (_backward(np.flip(x), 0),) if "backward" in extent.claims.verbs else ()
    scripts = [((Step(verb, x), *back), (Step(verb, x),)) for verb in verbs]
    given = [case_within(extent, more, 1e-3) or case_within(extent, fewer, 1e-3) for more, fewer in scripts]
    optional = [name for name in extent.claims.parameters if name in extent.claims.optional]
    return [
        _without(case, [name for name in optional if name not in kept])
        for case in given
        if case is not None
        for kept in ((), *((name,) for name in optional))
    ]


def _without(case: Case, left_out: list[str]) -> Case:
    """Return a case without some parameters, and without the gradients of these."""
    parameters = {name: values for name, values in case.parameters.items() if name not in left_out}
    gone = {f"d{name}" for name in left_out}
    script = tuple(replace(each, wanted=tuple(n for n in each.wanted if n not in gone)) for each in case.script)
    return case.but(parameters=parameters, script=script)


def _twice_back(extent: Extent, x: Array) -> list[Case]:
    """Return a training and the backward of its backward, where that is claimed."""
    case = case_within(extent, (Step("train", x), _backward(x * x, 0)), 1e-3)
    if case is None or "double_backward" not in extent.claims.verbs:
        return []
    forward, back = case.script
    wanted = tuple(name for name in SECOND if name != "ddgamma" or "gamma" in case.parameters)
    again = replace(back, wanted=wanted, direction=np.flip(x) * x.dtype.type(0.5) + x.dtype.type(0.25))
    return [case.but(script=(forward, again))]


def _far_and_longer(extent: Extent) -> list[Case]:
    """Return groups of some dozen elements far from 0, in which a mean that is not one shows in its pattern."""
    shapes = ((33, 2), (2, 33), (1, 2, 33))
    far = 2.0 ** (extent.format.precision - 11)
    xs = [array_of(np.resize([1, -2, 3, 0.5, -0.5, 4, 2], shape) * 4 + far, extent) for shape in shapes]
    found = [case_within(extent, (Step("train", x),), 1e-3, least=33) for x in xs if x.ndim in extent.ranks]
    return [_bare(case, extent) for case in found if case is not None]


def _bare(case: Case, extent: Extent) -> Case:
    """Return the case without the parameters that may be left out."""
    needed = {name: values for name, values in case.parameters.items() if name not in extent.claims.optional}
    return case.but(parameters=needed)


def large(extent: Extent) -> list[Case]:
    """Return long groups or blocks in both orders of memory: sums of equal terms, and of cotangents of one sign."""
    found = []
    for shape in ((LONG, 2), (2, LONG), (LONG, 2, 1, 1), (1, 2, 1, LONG)):
        for layout in IN_MEMORY if len(shape) > 2 else IN_MEMORY[:1]:
            equal = case_within(extent, (Step("train", tiled([0.1], shape, extent)),), 1.0, layout, LONG)
            varied = tiled([0.1, 0.3, -0.2], shape, extent)
            sums = case_within(
                extent, (Step("train", varied), _backward(tiled([0.3], shape, extent), 0)), 1.0, layout, LONG
            )
            found += [case for case in (equal, sums) if case is not None]
    return found + _huge_and_long(extent)


def _huge_and_long(extent: Extent) -> list[Case]:
    """Return a long group of numbers whose squares overflow, and so by more than the squares of a few would."""
    pattern = [float(np.sqrt(extent.format.largest)) * each for each in (1, -2, 3, 0.5)]
    made = (case_within(extent, (Step("train", tiled(pattern, at, extent)),), 1e-3, least=LONG) for at in BOTH_WAYS)
    return [case for case in made if case is not None][:1]


def degenerate(extent: Extent) -> list[Case]:
    """Return a group of one element, and an empty batch followed by another one."""
    x = array_of(laid(PLAIN, extent), extent)
    one = x[(slice(1), slice(None), *[slice(1)] * (x.ndim - 2))]
    scripts = (
        (Step("train", one),),
        (Step("train", one[:, :1]),),
        (Step("train", x[:0]), *((Step("train", x),) if extent.claims.scripts and not elementwise(extent) else ())),
    )
    found = (case_within(extent, script, 1e-3, least=0) for script in scripts)
    return [case for case in found if case is not None]


def invalid(extent: Extent) -> list[Case]:
    """Return a negative epsilon, and each parameter one element too long."""
    valid = case_within(extent, (Step("train", array_of(laid(PLAIN, extent), extent)),), 1e-3)
    return list(_spoilt(valid, spoilable(extent))) if valid is not None else []


def _spoilt(case: Case, attributes: tuple[str, ...]) -> Iterator[Case]:
    if "epsilon" in attributes:
        yield case.but(attributes={**case.attributes, "epsilon": -1e-3}, regime="epsilon < 0")
    for name, values in case.parameters.items():
        longer = {**case.parameters, name: np.concatenate([values, values[:1]])}
        yield case.but(parameters=longer, regime=f"{name} of the wrong length")


def _backward(cotangent: Array, of: int) -> Step:
    return Step("backward", None, cotangent, of, GRADIENTS)
