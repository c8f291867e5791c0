"""Carrying a whole case along with a rearrangement of x: every array moves in the way that its role asks for."""

from collections.abc import Callable
from dataclasses import replace
from math import prod

import numpy as np

from normspec.spec.case import LIFE, Case, Step
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS
from normspec.spec.operations.operation import Role
from normspec.spec.partition import Partition, Shape

Move = Callable[[Array], Array]
"""A rearrangement or a part of an array of the shape of x, under which no group and no block is torn apart."""


def carried(case: Case, move: Move) -> Case:
    """Return the case with x moved and everything else carried along.

    Raises ValueError where the operation cannot have the shape that is left.
    """
    first = case.first.shape
    arrays = {**case.parameters, **case.state}
    operation = OPERATIONS[case.operation]
    moved = {name: _carry(case, operation.role(name), values, first, move) for name, values in arrays.items()}
    return case.but(
        script=tuple(_step(case, step, move) for step in case.script),
        parameters={name: moved[name] for name in case.parameters},
        state={name: moved[name] for name in case.state},
    )


def _step(case: Case, step: Step, move: Move) -> Step:
    if step.verb in LIFE:
        return step
    if step.of is None:
        x = _copied(move(step.input))
        OPERATIONS[case.operation].groups(x.shape, case.attributes)  # refused, where it has no such groups
        return replace(step, x=x)
    shape, role = case.script[step.of].input.shape, OPERATIONS[case.operation].role
    if step.cotangent is None:
        tangents = {name: _carry(case, role(name), values, shape, move) for name, values in step.tangents.items()}
        return replace(step, tangents=tangents)
    cotangent = _carry(case, OPERATIONS[case.operation].output, step.cotangent, shape, move)
    direction = None if step.direction is None else _copied(move(step.direction))
    return replace(step, cotangent=cotangent, direction=direction)


def _carry(case: Case, role: Role, values: Array, shape: Shape, move: Move) -> Array:
    """Return an array of a role, for an x of this shape, as it is after the move."""
    if role == "elements":
        return _copied(move(values))
    if not prod(shape):
        return _copied(values)
    operation = OPERATIONS[case.operation]
    part = operation.blocks if role == "blocks" else operation.groups
    before = part(shape, case.attributes)
    after = part(move(np.empty(shape, np.int8)).shape, case.attributes)
    if role == "style":
        return _style(values, before, after, move)
    return _copied(after.collected(move(before.spread_over(values))))


def _style(values: Array, before: Partition, after: Partition, move: Move) -> Array:
    """Return the style images of the groups that are left, in their order."""
    numbers = after.collected(move(before.spread_over(np.arange(before.parts))))
    images = values.reshape(before.parts, *values.shape[2:])[numbers.reshape(-1)]
    return _copied(images.reshape(*after.parts_shape, *values.shape[2:]))


def _copied(array: Array) -> Array:
    return np.ascontiguousarray(array).reshape(array.shape)
