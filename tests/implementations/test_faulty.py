"""The faulty implementations: each is wrong somewhere, and says where."""

from collections.abc import Iterator
from functools import cache
from zlib import crc32

import numpy as np
import pytest
from implementation_cases import SHAPES, case, numbers, steps, training_of

from normspec.implementations.ask import ask
from normspec.implementations.faulty import CHAPTERS, FAULTS
from normspec.implementations.targets import resolve
from normspec.properties.cases import STREAMS
from normspec.properties.cases.shapes import Extent
from normspec.spec.case import Case, Step
from normspec.spec.operations import OPERATIONS
from normspec.spec.outcome import Outcome, Returned

PAIRS = [(name, operation) for name, fault in FAULTS.items() for operation in fault.operations]
SAMPLE = [(name, fault.operations[crc32(name.encode()) % len(fault.operations)]) for name, fault in FAULTS.items()]
SAMPLE.remove(("offset-ignored", "rms_norm"))  # what it fails to do is another layer's convention
EVERYWHERE = {"affine-swapped", "offset-ignored-in-dx", "wrong-dtype", "zeros"}  # wrong whatever an operation is asked


def of_batch_norm() -> Iterator[Case]:
    """Yield cases on which every fault of batch norm shows."""
    for shape in SHAPES:
        yield case(shape, "float32", "ITBB0")
        yield case(shape, "float64", "TTB0", layout="transposed")
    yield case((300, 2), "float16", "TB")
    yield case((4097, 1), "float32", "TB")
    yield case(verbs="TT", attributes={"epsilon": 0.1, "momentum": None})
    yield case(verbs="I0T").but(script=(*steps((5, 3), "float64", "IT"), *steps((5, 3), "float64", "I0")[1:]))
    yield case(parameters={"gamma": np.full(3, 2.0)}, script=steps((5, 3), "float64", "T"))
    yield case(parameters={"gamma": np.full(3, 2.0)}, script=steps((5, 3), "float64", "I"))
    yield case(parameters={"beta": np.full(3, 2.0)}, script=steps((5, 3), "float64", "TB", ("dx",)))
    yield case(parameters={"gamma": np.ones(1)})
    yield case(script=steps((5, 3), "float64", "TB", ("dgamma",)))
    yield training_of([1.0])
    yield training_of([2.0, 2.0], "float32", epsilon=1e-12)
    yield training_of([1.0, np.nan, 2.0])
    yield training_of([1.0, 2.0], epsilon=-1e-5)
    yield training_of([1e30, -3e30], "float32")
    full = numbers((4, 3))
    for momentum in (0.5, None):
        script = (Step("train", np.empty((0, 3))), Step("train", full))
        yield case(script=script, attributes={"epsilon": 0.1, "momentum": momentum})


@cache
def battery(operation: str) -> tuple[Case, ...]:
    """Return cases on which every fault of the operation shows: what is pinned for the suite, and some more."""
    correct = resolve("numpy", operation)[0]
    found = [
        asked
        for dtype in ("float32", "bfloat16", "float64")
        for stream in STREAMS.values()
        for asked in stream.pinned(Extent(OPERATIONS[operation], correct.claims, dtype))
    ]
    found += [of_nan(asked) for asked in found[:1]]
    found += [asked.but(layout=layout) for asked in found[:4] for layout in ("transposed", "channels_last")]
    found += [once_more(asked, verb) for asked in found[:4] for verb in ("train", "backward")]
    found += [wanting(asked, gradient) for asked in found[:4] for gradient in OPERATIONS[operation].gradients[1:]]
    narrow = sorted((asked for asked in found if asked.dtype == "bfloat16"), key=elements)
    found += [of_many_values(asked) for asked in narrow[-6:]]
    return (*found, *(of_batch_norm() if operation == "batch_norm" else ()))


def of_nan(asked: Case) -> Case:
    """Return the case with a NaN in front."""

    def spoilt(x: np.ndarray) -> np.ndarray:
        return np.where(np.arange(x.size).reshape(x.shape) == 0, x.dtype.type(np.nan), x)

    return asked.with_arrays(spoilt, lambda cotangent: cotangent)


def elements(asked: Case) -> int:
    """Return the elements of the largest x."""
    return max((step.x.size for step in asked.script if step.x is not None), default=0)


def of_many_values(asked: Case) -> Case:
    """Return the case with numbers that differ from element to element, some of which round the other way."""

    def varied(x: np.ndarray) -> np.ndarray:
        return (x * (1 + np.arange(x.size).reshape(x.shape) % 127 / 128)).astype(x.dtype)

    return asked.with_arrays(varied, lambda cotangent: cotangent)


def once_more(asked: Case, verb: str) -> Case:
    """Return the case with its last step of a kind taken again, on other numbers where it has an input."""
    for step in reversed(asked.script):
        if step.verb == verb:
            other = step if step.x is None else Step("train", step.x[::-1] * 2)
            return asked.but(script=(*asked.script, other))
    return asked


def wanting(asked: Case, gradient: str) -> Case:
    """Return the case with this gradient alone wanted of each backward."""
    script = (
        Step("backward", None, s.cotangent, s.of, (gradient,)) if s.verb == "backward" else s for s in asked.script
    )
    return asked.but(script=tuple(script))


def told(outcome: Outcome) -> object:
    """Return all that an outcome holds, to the bit."""
    if not isinstance(outcome, Returned):
        return outcome
    return outcome.mutated, [{name: values.tobytes() for name, values in step.items()} for step in outcome.steps]


@cache
def correct(operation: str) -> tuple[object, ...]:
    return tuple(told(ask(resolve("numpy", operation)[0], asked)) for asked in battery(operation))


@pytest.mark.parametrize(("name", "operation"), SAMPLE)
def test_a_fault_changes_some_outcomes_and_not_every_one(name: str, operation: str) -> None:
    """A fault that shows everywhere would tell nothing about the law that catches it."""
    wrong = FAULTS[name].made_of(operation)
    outcomes = tuple(told(ask(wrong, asked)) for asked in battery(operation))
    assert outcomes != correct(operation)
    alike = [one == other for one, other in zip(outcomes, correct(operation), strict=True)]
    assert name in EVERYWHERE or any(alike)


def test_names_are_distinct_and_statements_are_given() -> None:
    assert len(FAULTS) == sum(len(chapter.FAULTS) for chapter in CHAPTERS) >= 100
    assert all(fault.statement and fault.exposed_by and fault.bug_class for fault in FAULTS.values())
    assert all(fault.operations for fault in FAULTS.values())


@pytest.mark.parametrize(("name", "operation"), PAIRS)
def test_a_fault_claims_what_the_correct_implementation_claims(name: str, operation: str) -> None:
    wrong, right = FAULTS[name].made_of(operation), resolve("numpy", operation)[0]
    declared = dict(wrong.claims.conventions)
    assert (wrong.name, wrong.operation, wrong.refusals) == (f"faulty:{name}", operation, right.refusals)
    assert not declared or declared == {"scale_form": "offset"}
    assert {**vars(wrong.claims), "conventions": {}} == {**vars(right.claims), "conventions": {}}
