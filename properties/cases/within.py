"""One case of given steps within an implementation's claims, with everything that is claimed given."""

from math import prod

import numpy as np

from normspec.properties.cases.shapes import Extent, Geometry, geometries
from normspec.spec.case import SECOND, Case, Step
from normspec.spec.formats import Array
from normspec.spec.operations import Operation
from normspec.spec.operations.operation import Attributes
from normspec.spec.partition import Shape

PLAIN: list[list[float]] = [[1, -2], [3, 0.5], [-0.5, 4]]
LONG = 4097  # long enough that a sum of equal terms, one after the other, drifts far out of a tree's bound
SQUARE = (2, 4, 4)
VARIED = (1, -2, 3, 0.5, -0.5, 4, 2)
ANYTHING = [0.75, -1.25, 2]  # for parameters that are none of these
GIVEN: dict[str, list[float]] = {
    "gamma": [1.5, -0.5],
    "beta": [0.25, 2],
    "running_mean": [0.5, -1],
    "running_var": [2, 0.25],
    "running_count": [3, 5],
    "running_min": [-1.5, 0.25],
    "running_max": [0.5, 2],
}


def several(shape: Shape, extent: Extent, power: float = 0.0) -> Array:
    """Return an array of several numbers, times this power of the largest that the format has."""
    return array_of(np.resize(VARIED, shape) * extent.format.largest**power, extent)


def case_within(
    extent: Extent,
    script: tuple[Step, ...],
    epsilon: float,
    layout: str = "",
    least: int = 2,
    geometry: Geometry | None = None,
) -> Case | None:
    """Return a case with everything that is claimed given; None where the script is beyond the claims.

    least is the number of elements that a group or, where it is large, a block must have; geometry says which
    attributes are chosen, where it is not the first that has so many.
    """
    claims, operation = extent.claims, extent.operation
    shape = script[-1 if script[-1].verb != "backward" else 0].input.shape
    if not _claimed(extent, script, layout) or (chosen := geometry or _geometry(extent, shape, least)) is None:
        return None
    attributes = dict(chosen.attributes) | ({"epsilon": epsilon} if operation.has_epsilon else {})
    if operation.averages:
        attributes |= {"momentum": None if claims.momentum_none else 0.25}
    attributes |= claims.fixed
    gradients = tuple(name for name in claims.gradients if name == "dx" or name[1:] in claims.parameters)

    def given(name: str) -> Array:
        return tiled(GIVEN.get(name, ANYTHING), operation.shape_of(name, shape, attributes), extent)

    case = Case(
        operation=operation.name,
        dtype=extent.dtype,
        attributes=attributes,
        script=tuple(_within(step, operation, shape, attributes, gradients) for step in script),
        parameters={name: given(name) for name in claims.parameters},
        state={name: given(name) for name in claims.state},
        layout=layout or claims.layouts[0],
        regime="pinned",
    )
    return None if claims.beyond(case) else case


def _claimed(extent: Extent, script: tuple[Step, ...], layout: str) -> bool:
    claims = extent.claims
    ranks = {step.input.ndim for step in script if step.verb != "backward"}
    verbs = {step.verb for step in script}
    several = sum(step.verb != "backward" for step in script) > 1
    untracked = "infer" in verbs and bool(extent.operation.state) and not claims.state
    fits = ranks <= set(extent.ranks) and verbs <= set(claims.verbs) and (claims.scripts or not several)
    return fits and not untracked and (not layout or layout in claims.layouts)


def _geometry(extent: Extent, shape: Shape, least: int) -> Geometry | None:
    """Return what an x of this shape is asked to be: long sums may be those over a block."""
    operation, found = extent.operation, geometries(extent, shape)
    for part in (operation.groups, operation.blocks) if least >= LONG else (operation.groups,):
        for geometry in found:
            one = operation.groups(shape, geometry.attributes).members
            if part(shape, geometry.attributes).members >= least and one >= min(least, 2):
                return geometry
    return None


def _within(step: Step, operation: Operation, shape: Shape, attributes: Attributes, gradients: tuple[str, ...]) -> Step:
    """Return a backward step with the gradients that there are, and a cotangent of the shape of y."""
    if step.cotangent is None:
        return step
    y = operation.shape_of("y", shape, attributes)
    if step.direction is not None:
        seconds = tuple(name for name in SECOND if name != "ddgamma" or "dgamma" in gradients)
        return Step("backward", None, np.resize(step.cotangent, y), step.of, seconds, direction=step.direction)
    return Step("backward", None, np.resize(step.cotangent, y), step.of, gradients)


def laid(values: list[list[float]], extent: Extent) -> Array:
    """Return values of three rows and two channels in float64, in the extent's least rank.

    That is (3, 2), or one sample with channels and space. Where only some shapes can be asked for, it is the smallest
    of them, along each axis of which the values come one after the other.
    """
    plain = np.array(values, dtype=np.float64)
    if extent.claims.shapes:
        along = np.indices(min(extent.claims.shapes, key=prod)).sum(axis=0)
        return np.asarray(plain.reshape(-1)[along % plain.size])
    least = min(extent.ranks)
    return plain if least == 2 else plain.T.reshape(1, 2, *[1] * (least - 3), 3)


def array_of(values: object, extent: Extent) -> Array:
    """Return values as an array in the extent's format."""
    return np.array(values, dtype=np.float64).astype(extent.format.dtype)


def tiled(pattern: list[float], shape: tuple[int, ...], extent: Extent) -> Array:
    """Return an array of this shape that repeats a pattern, in the extent's format."""
    return array_of(pattern, extent)[np.arange(prod(shape)) % len(pattern)].reshape(shape)
