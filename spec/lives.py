"""What a script on several layers means: what each layer has lived through, as an ordinary script on one layer.

A saved layer is its parameters, its running statistics and how often it was trained; not its momentum, nor whether it
is frozen. A frozen layer infers, though it is told to train.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from normspec.spec.case import LIFE, Case, Step, stranger


@dataclass(frozen=True)
class Life:
    """One layer: which forward steps it remembers, and as what, which start it has, and what was done to it.

    start 0 is that of the case, 1 that of a further layer.
    """

    start: int = 0
    past: tuple[tuple[int, Any], ...] = ()
    momentum: float | None = None
    frozen: bool = False
    done: frozenset[str] = field(default_factory=frozenset)


@lru_cache(maxsize=8)  # of one case it is asked for each step
def lives(case: Case) -> tuple[tuple[Life, ...], ...]:
    """Return all layers as they are before each step, and last as they are after all of them."""
    return tuple(_lived(case))


def _lived(case: Case) -> Iterator[tuple[Life, ...]]:
    layers: tuple[Life, ...] = (Life(momentum=case.attributes.get("momentum")),)
    saved: dict[int, Life] = {}
    yield layers
    for index, step in enumerate(case.script):
        if step.verb == "save":
            saved[index] = layers[step.on]
        layers = _after(case, index, step, layers, saved)
        yield layers


def _after(case: Case, index: int, step: Step, layers: tuple[Life, ...], saved: dict[int, Life]) -> tuple[Life, ...]:
    own = layers[step.on]
    if step.x is not None:
        verb = "infer" if own.frozen else step.verb
        return _with(layers, step.on, replace(own, past=(*own.past, (index, verb))))
    if step.verb not in LIFE:
        return layers
    touched = replace(own, done=own.done | {step.verb})
    if step.verb == "copy":
        return (*_with(layers, step.on, touched), touched)
    if step.verb == "layer":
        further = Life(1, momentum=case.attributes.get("momentum"), done=frozenset({"layer"}))
        return (*(replace(each, done=each.done | {"layer"}) for each in layers), further)
    if step.verb == "load" and step.of is not None:
        touched = replace(touched, start=saved[step.of].start, past=saved[step.of].past)
    if step.verb == "momentum":
        touched = replace(touched, momentum=step.value)
    return _with(layers, step.on, replace(touched, frozen=touched.frozen or step.verb == "freeze"))


def _with(layers: tuple[Life, ...], number: int, life: Life) -> tuple[Life, ...]:
    return (*layers[:number], life, *layers[number + 1 :])


def of_step(case: Case, index: int) -> Life:
    """Return the layer that a step is on, as it is before the step; of a backward, before its forward."""
    step = case.script[index]
    at, on = (index, step.on) if step.of is None else (step.of, case.script[step.of].on)
    return lives(case)[at][on]


def told(case: Case, index: int) -> tuple[Case, tuple[int, ...]]:
    """Return the ordinary script on one layer that step `index` ends, and where its steps stand in the case's own."""
    life, step = of_step(case, index), case.script[index]
    past = list(life.past)
    forward = index if step.of is None else step.of
    past.append((forward, "infer" if life.frozen else case.script[forward].verb))
    script = [Step(verb, case.script[at].x) for at, verb in past]
    places = [at for at, _ in past]
    if step.of is not None:
        script.append(replace(step, of=len(past) - 1, on=0))
        places.append(index)
    start = stranger(case) if life.start else case
    momentum = {"momentum": life.momentum} if "momentum" in case.attributes else {}
    return start.but(script=tuple(script), attributes={**case.attributes, **momentum}), tuple(places)
