"""Small stand-ins for what the door opens on: two laws, one implementation, and a check that finds what it is told."""

from collections.abc import Iterator

import numpy as np

from normspec.implementations.contract import Implementation, Instance
from normspec.properties.hunt import Progress, Settings
from normspec.properties.known import KnownFailure
from normspec.properties.law import Law
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Counterexample, Judgement, Kept, Known, Result
from normspec.spec.case import Case, Step

MESSAGE = "step 0, running_var: 0.1 came where 0.2 is expected"
SNIPPET = "x = [1, 3]\nprint(sum(x))"


def small_case(dtype: str = "float32") -> Case:
    """A training step and its backward on two elements, with statistics and without parameters."""
    x = np.array([[1.0], [3.0]], dtype=dtype)
    script = (Step("train", x=x), Step("backward", cotangent=x, of=0, wanted=("dx",)))
    return Case("batch_norm", dtype, {"epsilon": 1e-5, "momentum": None}, script, state={"running_var": x[0]})


def result(verdict: str = "conforms", **changes: object) -> Result:
    """A result of the law zero-mean; one that fails has a counterexample."""
    bad = verdict not in ("conforms", "not claimed", "undecided")
    found = Counterexample(small_case(), MESSAGE, SNIPPET) if bad else None
    fields = {"target": "fake", "operation": "batch_norm", "law": "zero-mean", "dtype": "float32", "verdict": verdict}
    counts = {"examples": 10, "undecided": 1, "message": MESSAGE if bad else "", "counterexample": found}
    return Result(**{**fields, **counts, **changes})  # type: ignore[arg-type]


KNOWN = Known("the kernel sums in half precision", "https://example.org/1")


def _broken(trial: Trial) -> Judgement:
    return Broken(MESSAGE)


def _kept(trial: Trial) -> Judgement:
    return Kept()


LAWS = {
    "zero-mean": Law("zero-mean", _kept),
    "running-variance": Law("running-variance", _broken),
}


def _create(case: Case) -> Instance:
    raise NotImplementedError


FAKE = Implementation("fake", "batch_norm", _create)


def resolve(target: str, operation: str | None, terms: object = None) -> tuple[Implementation, ...]:
    """Know one target, and refuse every other as the real one does."""
    if target != "fake":
        raise ValueError(f"target={target!r} is unknown: 'normspec list implementations' shows them all")
    return (FAKE,)


class Check:
    """A check that yields the given events, and raises where an event is an exception."""

    def __init__(self, *events: object) -> None:
        self.events = events

    def __call__(
        self,
        implementation: Implementation,
        laws: tuple[Law, ...],
        settings: Settings,
        known: tuple[KnownFailure, ...] = (),
    ) -> Iterator[Progress | Result]:
        self.asked = (implementation, laws, settings, known)
        for event in self.events:
            if isinstance(event, BaseException):
                raise event
            yield event  # type: ignore[misc]
