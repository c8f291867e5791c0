"""Cases that are tried whatever the seed: the corners where layers are known to go wrong.

They make verdicts on the common defects independent of luck. Each is as small as its defect allows.
"""

from collections.abc import Iterator

import numpy as np

from normspec.properties.cases.shapes import Extent
from normspec.spec.case import GRADIENTS, Case, Step
from normspec.spec.formats import Array

PLAIN = np.array([[1, -2], [3, 0.5], [-0.5, 4]])
GIVEN = {"gamma": [1.5, -0.5], "beta": [0.25, 2], "running_mean": [0.5, -1], "running_var": [2, 0.25]}
IN_MEMORY = ("contiguous", "channels_last")  # the orders in which real layers are fed
LONG = 4097  # long enough that a sum of equal terms, one after the other, drifts far out of a tree's bound


def small(extent: Extent) -> list[Case]:
    """Return overflowing squares, stale and fresh backwards, images in both orders of memory, two trainings."""
    largest = np.sqrt(extent.format.largest)
    plain = _array(PLAIN, extent)
    huge = _array(PLAIN * largest, extent)
    tiny = _array(PLAIN * 2.0**-7, extent)
    image = _array(np.cumsum(np.arange(24) % 5).reshape(2, 2, 2, 3) / 4, extent)
    forwards = (Step("infer", plain), Step("train", plain * plain.dtype.type(3)))
    found = [
        _case(extent, (Step("train", huge),), 1e-5),
        _case(extent, (*forwards, _backward(plain, 0)), 1e-3),
        _case(extent, (*forwards, _backward(plain, 1)), 1e-3),
        _case(extent, (Step("infer", plain), _backward(plain[::-1], 0)), 1e-3),
        *(_case(extent, (Step("train", image), _backward(image[::-1], 0)), 1e-3, name) for name in IN_MEMORY),
        _case(extent, (Step("train", tiny), _backward(plain, 0)), 2.0**-14),
    ]
    twice = _case(extent, (Step("train", plain), Step("train", tiny)), 1e-3)
    if twice is not None:
        found.append(twice.but(attributes={**twice.attributes, "momentum": 0.25}))
    return [case for case in found if case is not None] + _with_one_parameter(extent, plain)


def _with_one_parameter(extent: Extent, x: Array) -> list[Case]:
    """Return one training with each parameter alone, where the others may be left out."""
    given = _case(extent, (Step("train", x),), 1e-3)
    if given is None or not set(given.parameters) <= set(extent.claims.optional):
        return []
    return [given.but(parameters={name: values}) for name, values in given.parameters.items()]


def large(extent: Extent) -> list[Case]:
    """Return long groups in both orders of memory: sums of equal terms, and of cotangents of one sign."""
    found = []
    for shape in ((LONG, 2), (LONG, 2, 1, 1), (1, 2, 1, LONG)):
        for layout in IN_MEMORY if len(shape) > 2 else IN_MEMORY[:1]:
            equal = _case(extent, (Step("train", _tiled([0.1], shape, extent)),), 1.0, layout)
            varied = _tiled([0.1, 0.3, -0.2], shape, extent)
            sums = _case(extent, (Step("train", varied), _backward(_tiled([0.3], shape, extent), 0)), 1.0, layout)
            found += [case for case in (equal, sums) if case is not None]
    return found


def degenerate(extent: Extent) -> list[Case]:
    """Return a group of one element, and an empty batch followed by another one."""
    x = _array(PLAIN, extent)
    scripts = ((Step("train", x[:1]),), (Step("train", x[:0]), *((Step("train", x),) if extent.claims.scripts else ())))
    return [case for script in scripts if (case := _case(extent, script, 1e-3)) is not None]


def invalid(extent: Extent) -> list[Case]:
    """Return a negative epsilon, and each parameter one element too long."""
    valid = _case(extent, (Step("train", _array(PLAIN, extent)),), 1e-3)
    return list(_spoilt(valid)) if valid is not None else []


def _spoilt(case: Case) -> Iterator[Case]:
    yield case.but(attributes={**case.attributes, "epsilon": -1e-3}, regime="epsilon < 0")
    for name, values in case.parameters.items():
        longer = {**case.parameters, name: np.concatenate([values, values[:1]])}
        yield case.but(parameters=longer, regime=f"{name} of the wrong length")


def _case(extent: Extent, script: tuple[Step, ...], epsilon: float, layout: str = "") -> Case | None:
    """Return a case with everything that is claimed given, or None where the script is beyond the claims."""
    claims = extent.claims
    if layout and layout not in claims.layouts:
        return None
    ranks = {step.input.ndim for step in script if step.verb != "backward"}
    verbs = {step.verb for step in script}
    several = sum(step.verb != "backward" for step in script) > 1
    untracked = "infer" in verbs and not claims.state
    if not (ranks <= set(extent.ranks) and verbs <= set(claims.verbs)) or (several and not claims.scripts) or untracked:
        return None
    gradients = tuple(name for name in claims.gradients if name == "dx" or name[1:] in claims.parameters)
    wanted = tuple(step if step.verb != "backward" else _wanting(step, gradients) for step in script)
    shape = script[0].input.shape
    blocks, groups = (part(shape).parts for part in (extent.operation.blocks, extent.operation.groups))
    parameters = {name: _tiled(GIVEN[name], (blocks,), extent) for name in claims.parameters}
    return Case(
        operation=extent.operation.name,
        dtype=extent.dtype,
        attributes={"epsilon": epsilon, "momentum": None if claims.momentum_none else 0.25},
        script=wanted,
        parameters=parameters,
        state={name: _tiled(GIVEN[name], (groups,), extent) for name in claims.state},
        layout=layout or claims.layouts[0],
        regime="pinned",
    )


def _wanting(step: Step, gradients: tuple[str, ...]) -> Step:
    return Step("backward", None, step.cotangent, step.of, gradients)


def _backward(cotangent: Array, of: int) -> Step:
    return Step("backward", None, cotangent, of, GRADIENTS)


def _array(values: object, extent: Extent) -> Array:
    return np.array(values, dtype=np.float64).astype(extent.format.dtype)


def _tiled(pattern: list[float], shape: tuple[int, ...], extent: Extent) -> Array:
    return np.resize(_array(pattern, extent), shape)
