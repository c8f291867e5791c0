"""The faulty implementations: each is wrong somewhere, and says where."""

from collections.abc import Iterator

import numpy as np
import pytest
from implementation_cases import SHAPES, case, numbers, steps, training_of

from normspec.implementations.ask import ask
from normspec.implementations.faulty import CHAPTERS, FAULTS
from normspec.implementations.numpy_batch_norm import TWO_PASS
from normspec.spec.case import Case, Step
from normspec.spec.formats import FORMATS
from normspec.spec.outcome import Outcome, Returned


def battery() -> Iterator[Case]:
    """Yield cases on which every fault of the table shows."""
    for shape in SHAPES:
        yield case(shape, "float32", "ITBB0")
        yield case(shape, "float64", "TTB0", layout="transposed")
    yield case((300, 2), "float16", "TB")
    yield case((4097, 1), "float32", "TB")
    yield case(verbs="TT", attributes={"epsilon": 0.1, "momentum": None})
    yield case(verbs="I0T").but(script=(*steps((5, 3), "float64", "IT"), *steps((5, 3), "float64", "I0")[1:]))
    yield case(parameters={"gamma": np.full(3, 2.0)}, script=steps((5, 3), "float64", "T"))
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


def told(outcome: Outcome) -> object:
    """Return all that an outcome holds, to the bit."""
    if not isinstance(outcome, Returned):
        return outcome
    return outcome.mutated, [{name: values.tobytes() for name, values in step.items()} for step in outcome.steps]


BATTERY = tuple(battery())
CORRECT = [told(ask(TWO_PASS, asked)) for asked in BATTERY]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_changes_some_outcome(name: str) -> None:
    outcomes = [told(ask(FAULTS[name].implementation, asked)) for asked in BATTERY]
    assert outcomes != CORRECT


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_does_not_change_every_outcome(name: str) -> None:
    """A fault that shows everywhere would tell nothing about the law that catches it."""
    everywhere = {"affine-swapped"}
    outcomes = [told(ask(FAULTS[name].implementation, asked)) for asked in BATTERY]
    assert name in everywhere or any(one == other for one, other in zip(outcomes, CORRECT, strict=True))


def test_names_are_distinct_and_statements_are_given() -> None:
    assert len(FAULTS) == sum(len(chapter.FAULTS) for chapter in CHAPTERS) >= 25
    assert all(fault.statement and fault.exposed_by and fault.bug_class for fault in FAULTS.values())


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_claims_what_the_correct_implementation_claims(name: str) -> None:
    wrong = FAULTS[name].implementation
    assert (wrong.name, wrong.claims, wrong.refusals) == (f"faulty:{name}", TWO_PASS.claims, TWO_PASS.refusals)


def test_the_shared_formats_are_all_claimed() -> None:
    assert TWO_PASS.claims.dtypes == tuple(FORMATS)
