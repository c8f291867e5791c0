"""The correct implementations conform, in every dtype and whatever the seed."""

from functools import cache

import pytest

from normspec.implementations.targets import resolve
from normspec.properties.check import check
from normspec.properties.hunt import Settings
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result

NAMES = ("numpy-two-pass", "numpy-welford")


@cache
def results(name: str, seed: int, examples: int) -> tuple[Result, ...]:
    (implementation,) = resolve(name)
    settings = Settings(max_examples=examples, seed=seed)
    return tuple(event for event in check(implementation, tuple(LAWS.values()), settings) if isinstance(event, Result))


@pytest.mark.parametrize("name", NAMES)
def test_every_law_is_kept_and_has_really_been_tried(name: str) -> None:
    found = results(name, 0, 60)
    assert {(result.law, result.dtype) for result in found if result.verdict != "conforms"} == set()
    assert len(found) == 4 * len(LAWS)
    assert all(result.examples > result.undecided for result in found)


@pytest.mark.parametrize("name", NAMES)
def test_ten_seeds_give_ten_identical_verdicts(name: str) -> None:
    verdicts = {tuple((each.law, each.dtype, each.verdict) for each in results(name, seed, 6)) for seed in range(10)}
    assert len(verdicts) == 1
