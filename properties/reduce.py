"""Making a failing case smaller by taking parts of it away, after Hypothesis has made its draws simpler."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from normspec.properties.carry import carried
from normspec.spec.case import LIFE, Case, Step
from normspec.spec.claims import Claims
from normspec.spec.formats import Array

Finding = TypeVar("Finding")

ATTEMPTS = 120


def reduce(case: Case, found: Finding, claims: Claims, fails: Callable[[Case], Finding | None]) -> tuple[Case, Finding]:
    """Return a case that still fails and of which no single part can be left out, with what is found.

    Steps, channels, samples, positions, parameters and an unusual layout are left out where the claims allow it.
    """
    left = ATTEMPTS
    while left:
        for smaller in (each for each in _smaller(case, claims) if not claims.beyond(each)):
            left -= 1
            again = fails(smaller)
            if again is not None:
                case, found = smaller, again
                break
            if not left:
                break
        else:
            break
    return case, found


def _smaller(case: Case, claims: Claims) -> Iterator[Case]:
    yield from _with_fewer_steps(case)
    yield from _with_fewer_elements(case)
    for name in case.parameters:
        if name in claims.optional:
            yield from _without(case, name)
    if case.state and "state" in claims.optional and all(step.verb != "infer" for step in case.script):
        yield case.but(state={})
    if case.layout != "contiguous" and "contiguous" in claims.layouts:
        yield case.but(layout="contiguous")


def _without(case: Case, parameter: str) -> Iterator[Case]:
    """Give the case without a parameter and its gradient, where something else is still wanted of every backward."""
    gone = (f"d{parameter}", f"dd{parameter}")
    script = tuple(
        replace(
            step,
            wanted=tuple(d for d in step.wanted if d not in gone),
            tangents={name: values for name, values in step.tangents.items() if name != parameter},
        )
        for step in case.script
    )
    if all(step.wanted or step.verb in LIFE for step in script):
        yield case.but(script=script, parameters={name: a for name, a in case.parameters.items() if name != parameter})


def _with_fewer_steps(case: Case) -> Iterator[Case]:
    for gone, _ in enumerate(case.script):
        script = _without_step(case.script, gone)
        if any(step.x is not None for step in script):
            yield case.but(script=script)


def _without_step(script: tuple[Step, ...], gone: int) -> tuple[Step, ...]:
    """Return the script without a step and all that belongs to it: backwards, what is loaded of it, a layer it made."""
    place: dict[int, int] = {}
    layers: dict[int, int] = {0: 0}
    made, kept = 0, list[Step]()
    for index, step in enumerate(script):
        makes = step.verb in ("layer", "copy")
        made += makes
        if index == gone or step.on not in layers or (step.of is not None and step.of not in place):
            continue
        if makes:
            layers[made] = len(layers)
        place[index] = len(kept)
        kept.append(replace(step, on=layers[step.on], of=None if step.of is None else place[step.of]))
    return tuple(kept)


def _with_fewer_elements(case: Case) -> Iterator[Case]:
    shape = case.first.shape
    if 0 in shape or any(step.x is not None and step.x.shape != shape for step in case.script):
        return  # without elements, nothing tells which parameter belongs to what is left
    for axis, size in enumerate(shape):
        for kept in dict.fromkeys((size // 2, size - size // 2, size - 1)):
            if 0 < kept < size:
                for part in (slice(kept), slice(size - kept, size)):
                    yield from _cut(case, axis, part)


def _cut(case: Case, axis: int, part: slice) -> Iterator[Case]:
    """Give the case with a part of every array along an axis of x, where the operation can have the shape left."""

    def cut(array: Array) -> Array:
        return array[(slice(None),) * axis + (part,)]

    try:
        yield carried(case, cut)
    except ValueError:
        return
