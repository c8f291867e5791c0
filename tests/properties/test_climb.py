"""Climbing finds larger errors than drawing does, and none that is larger than what is proved."""

from functools import cache

import numpy as np
import pytest

from normspec.implementations.targets import resolve
from normspec.properties.accuracy import Entry, Largest, measure_accuracy
from normspec.properties.climb import MOVES, climb, moved
from normspec.properties.hunt import Settings
from normspec.properties.measure import Measuring, Place
from normspec.properties.trial import Trial
from normspec.spec.case import Case, Step
from normspec.spec.formats import FORMATS
from normspec.spec.grades import ORDER

CORRECT = "numpy-two-pass"  # declares B1, to which the numbers that are proved belong


@cache
def table(steps: int) -> dict[Place, Entry]:
    (implementation,) = resolve(CORRECT, "batch_norm")
    settings = Settings(max_examples=1, dtypes=("float32",), climb=steps)
    events = measure_accuracy(implementation, settings)
    return {event.place: event for event in events if isinstance(event, Entry)}


def numbers(steps: int) -> dict[tuple[Place, str], Largest]:
    return {(at, which): each for at, entry in table(steps).items() for which, each in entry.numbers.items()}


def test_climbing_finds_larger_errors_and_never_lowers_one() -> None:
    drawn, climbed = numbers(0), numbers(6)
    assert all(climbed[at].value >= each.value for at, each in drawn.items())
    assert sum(climbed[at].value > 1.25 * each.value for at, each in drawn.items()) > len(drawn) / 4


def test_a_grade_gets_no_better_by_climbing() -> None:
    pairs = [(entry.grade, table(6)[at].grade) for at, entry in table(0).items()]
    assert all(ORDER.index(after) >= ORDER.index(before) for before, after in pairs if before in ORDER)


def test_climbing_finds_nothing_beyond_what_is_proved_in_a_correct_implementation() -> None:
    assert all(0 <= each.value <= each.proved for each in numbers(6).values())


def test_a_case_that_was_climbed_to_attains_its_number_again() -> None:
    (implementation,) = resolve(CORRECT, "batch_norm")
    drawn = numbers(0)
    for (at, which), number in [each for each in numbers(6).items() if each[1].case and each[0] in drawn][:9]:
        assert number.case is not None
        measured = Measuring(implementation, number.case).measured(Trial(implementation, number.case))
        again = [value.numbers.get(which, (0.0, 0.0)) for place, value in measured if value and place == at]
        assert max(again) == (number.value, number.proved)


def case(dtype: str) -> Case:
    fmt = FORMATS[dtype]
    x = np.array([[1.5, -3, 0], [fmt.largest, fmt.smallest_subnormal, 7]]).astype(fmt.dtype)
    script = (Step("train", x), Step("backward", None, x[::-1], 0))
    return Case("batch_norm", dtype, {"epsilon": 1.0}, script, {"gamma": x[0], "running_var": abs(x[1])})


@pytest.mark.parametrize("dtype", FORMATS)
def test_a_moved_case_is_another_one_of_finite_numbers_and_the_same_shapes(dtype: str) -> None:
    dice, start, kinds = np.random.default_rng(0), case(dtype), set[bytes]()
    for _ in range(200):
        other = moved(start, dice)
        arrays = [other.script[0].input, other.script[1].cotangent, other.parameters["gamma"]]
        assert all(each is not None and each.dtype.name == dtype and np.isfinite(each).all() for each in arrays)
        assert [each.shape for each in arrays if each is not None] == [(2, 3), (2, 3), (3,)]
        assert other.parameters["running_var"] is start.parameters["running_var"]
        kinds.add(b"".join(each.tobytes() for each in arrays if each is not None))
    assert len(kinds) > 100


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("dtype", FORMATS)
def test_every_move_moves(dtype: str, name: str) -> None:
    array = np.array([1.5, -3.0, 0.75, 4.0, 5.0]).astype(FORMATS[dtype].dtype)
    changed = [MOVES[name](array, np.random.default_rng(seed)).astype(array.dtype) for seed in range(5)]
    assert all(each.shape == array.shape for each in changed)
    assert any((each != array).any() for each in changed)


def test_a_climb_keeps_what_is_higher_and_walks_the_same_way_again() -> None:
    def height(each: Case) -> float:
        return float(np.abs(each.parameters["gamma"]).sum())

    ends = [climb(case("float32"), height(case("float32")), height, 30, np.random.default_rng(1)) for _ in range(2)]
    assert height(ends[0]) == height(ends[1]) > height(case("float32"))
