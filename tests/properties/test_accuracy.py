"""Grades and numbers of implementations whose accuracy is known."""

from functools import cache

import numpy as np
import pytest

from normspec.implementations.targets import resolve
from normspec.properties.accuracy import Entry, measure_accuracy
from normspec.properties.cases.conditioned import conditioned
from normspec.properties.cases.shapes import Extent
from normspec.properties.hunt import Settings
from normspec.properties.measure import Measuring
from normspec.properties.trial import Trial
from normspec.spec.formats import FORMATS
from normspec.spec.grades import ORDER
from normspec.spec.operations import OPERATIONS


@cache
def entries(name: str, dtype: str = "float32", seed: int = 0) -> tuple[Entry, ...]:
    (implementation,) = resolve(name, "batch_norm")
    settings = Settings(max_examples=10, seed=seed, dtypes=(dtype,))
    return tuple(event for event in measure_accuracy(implementation, settings) if isinstance(event, Entry))


def entry(name: str, output: str = "y", dtype: str = "float32") -> Entry:
    places = {(each.place.mode, each.place.output, each.place.layout): each for each in entries(name, dtype)}
    return places["train", output, "contiguous"]


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("name", ["numpy-two-pass", "numpy-welford"])
def test_a_correct_implementation_keeps_the_grade_that_it_declares(name: str, dtype: str) -> None:
    found = entries(name, dtype)
    decided = [each for each in found if each.undecided < each.cases]
    assert not [each.place for each in decided if each.drops or each.grade not in ORDER]
    assert {each.grade for each in found if each not in decided} <= {"U"}
    assert {each.place.output for each in found} == {each.place.output for each in decided}
    assert not any(each.unanswered for each in found)


@pytest.mark.parametrize(
    ("name", "output", "grades"),
    [
        ("numpy-two-pass", "y", ("CR", "A+", "A", "A~", "B1")),
        ("faulty:cancellation", "y", ("C", "F")),
        ("faulty:zeros", "y", ("F",)),
        ("faulty:gamma-twice-in-dx", "dx", ("F",)),
        ("faulty:gamma-twice-in-dx", "y", ("CR", "A+", "A", "A~", "B1")),
        ("faulty:low-precision-accumulation", "y", ("F", "NF")),
    ],
)
def test_an_output_is_graded_for_what_it_is(name: str, output: str, grades: tuple[str, ...]) -> None:
    assert entry(name, output).grade in grades


@pytest.mark.parametrize("name", ["numpy-two-pass", "numpy-welford"])
def test_no_correct_implementation_exceeds_what_is_proved(name: str) -> None:
    declared_b1 = [each for each in entries(name) if each.declared == "B1"]
    numbers = [number for each in declared_b1 for number in each.numbers.values()]
    assert all(number.value <= number.proved for number in numbers)


def test_a_half_precision_mean_is_measured_from_y() -> None:
    found = entry("faulty:low-precision-accumulation").numbers["mean_error"]
    assert found.value > 2.0**10 > found.proved


def test_the_case_that_attains_a_number_attains_it_again() -> None:
    found = entry("faulty:cancellation")
    (implementation,) = resolve("faulty:cancellation", "batch_norm")
    for name, number in found.numbers.items():
        assert number.case is not None
        measured = Measuring(implementation, number.case).measured(Trial(implementation, number.case))
        again = [value.numbers.get(name, (0.0, 0.0)) for place, value in measured if value and place == found.place]
        assert max(again) == (number.value, number.proved)


def test_a_seed_gives_one_table() -> None:
    twice = [entries.__wrapped__("numpy-two-pass", "float16", 3) for _ in range(2)]
    first, second = ([(e.place, e.grade, [n.value for n in e.numbers.values()]) for e in each] for each in twice)
    assert first == second


def test_an_implementation_that_never_answers_is_not_graded() -> None:
    refused = [each for each in entries("faulty:refuses-rank-5") if each.place.mode == "train"]
    assert all(each.unanswered for each in refused if each.place.output == "y")


@pytest.mark.parametrize("dtype", FORMATS)
def test_pinned_groups_are_long_and_badly_conditioned(dtype: str) -> None:
    (implementation,) = resolve("numpy-two-pass", "batch_norm")
    operation = OPERATIONS["batch_norm"]
    inputs = [case.script[0].input for case in conditioned(Extent(operation, implementation.claims, dtype))]
    assert {operation.groups(x.shape, {}).members for x in inputs} >= {2, 3, 1025, 4097}
    groups = [x.astype(np.float64)[:, 0] for x in inputs if x.ndim == 2]
    most = max(abs(group.mean()) / group.std() for group in groups if group.std())
    assert most > min(1e5, 2.0 ** (FORMATS[dtype].precision - 6))
