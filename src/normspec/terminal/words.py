"""A case and a run in words: what a person needs to see of them."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import numpy as np

from normspec.spec.case import LIFE, Case, Step
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS
from normspec.spec.plain import pattern_of

MOST_SHOWN = 8


def array_in_words(array: Array) -> str:
    """Return an array's shape and its values: a pattern once, equal neighbours once, the first few where many stay."""
    pattern = pattern_of(array)
    runs = [(f"{value:.9g}", len(tuple(run))) for value, run in groupby(map(float, pattern))]
    values = [value if length == 1 else f"{value} ({length} times)" for value, length in runs[:MOST_SHOWN]]
    more = [f"... {len(runs) - MOST_SHOWN} more"] if len(runs) > MOST_SHOWN else []
    repeated = "repeating " if pattern.size < array.size else ""
    return f"{'x'.join(map(str, array.shape)) or 'scalar'} {repeated}[{', '.join(values + more)}]"


def size(case: Case) -> int:
    """Return how many numbers a case holds: the measure by which one case is smaller than another."""
    arrays = [array for step in case.script for array in (step.x, step.cotangent) if array is not None]
    return sum(array.size for array in (*arrays, *case.parameters.values(), *case.state.values()))


def members(case: Case) -> int:
    """Return m, the number of elements of the largest group of a case."""
    operation = OPERATIONS[case.operation]
    shapes = [step.x.shape for step in case.script if step.x is not None]
    return max((operation.groups(shape, case.attributes).members for shape in shapes), default=0)


def case_in_words(case: Case) -> Iterator[str]:
    """Return the lines that tell a case: its attributes, its starting arrays, its script."""
    attributes = ", ".join(f"{name}={value!r}" for name, value in case.attributes.items())
    yield ", ".join(filter(None, (case.dtype, f"m = {members(case)}", case.layout, attributes)))
    yield from _named({**case.parameters, **case.state})
    for index, step in enumerate(case.script):
        yield f"step {index}: {_step(step)}"


def _named(arrays: Mapping[str, Array]) -> Iterator[str]:
    return (f"{name} {array_in_words(array)}" for name, array in arrays.items())


LIVED = {
    "layer": "another layer, with parameters and statistics of its own",
    "save": "save layer {on}",
    "load": "load into layer {on} what step {of} saved",
    "copy": "another layer, a copy of layer {on}",
    "freeze": "freeze layer {on}",
    "momentum": "layer {on} gets momentum={value!r}",
}
"""What is done to layers, in words."""


def _step(step: Step) -> str:
    if step.cotangent is not None:
        wanted = ", ".join(step.wanted)
        return f"backward of step {step.of}, cotangent {array_in_words(step.cotangent)}, for {wanted}"
    on = f" of layer {step.on}" if step.on else ""
    if step.verb in LIFE:
        return LIVED[step.verb].format(on=step.on, of=step.of, value=step.value)
    if step.tangents:
        moved = ", ".join(f"{name} along {array_in_words(values)}" for name, values in step.tangents.items())
        return f"jvp of step {step.of}, {moved}"
    return f"{step.verb}{on}, x {array_in_words(np.empty(0) if step.x is None else step.x)}"


def took(seconds: float, settings: Mapping[str, Any]) -> str:
    """Return how long a run took, and the seed that it can be had again with."""
    return f"{seconds:.0f} s" + (f", seed {settings['seed']}" if "seed" in settings else "")
