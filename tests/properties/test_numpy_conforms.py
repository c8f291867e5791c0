"""The correct implementations conform: every operation, law and dtype, whatever the seed."""

from functools import cache

import pytest

from normspec.implementations.contract import Implementation
from normspec.implementations.targets import resolve
from normspec.properties.check import check
from normspec.properties.hunt import Settings, claims_all
from normspec.properties.law import Law
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result
from normspec.spec.formats import FORMATS
from normspec.spec.operations import OPERATIONS

NUMPY = {f"{each.name} {each.operation}": each for each in resolve("numpy")}
SEEDED = ("numpy-two-pass batch_norm", "numpy-welford layer_norm", "numpy-rescaled rms_norm", "numpy-rows adain")


@cache
def results(name: str, seed: int, every: int, dtypes: tuple[str, ...] = tuple(FORMATS)) -> tuple[Result, ...]:
    settings = Settings(max_examples=3, seed=seed, dtypes=dtypes, pinned_every=every)
    events = check(NUMPY[name], laws_of(NUMPY[name]), settings)
    return tuple(event for event in events if isinstance(event, Result))


def laws_of(implementation: Implementation) -> tuple[Law, ...]:
    return tuple(law for law in LAWS.values() if implementation.operation in law.operations)


def test_every_operation_has_a_numpy_implementation() -> None:
    assert {each.operation for each in NUMPY.values()} == set(OPERATIONS)


@pytest.mark.parametrize("name", NUMPY)
def test_every_law_is_kept_and_has_really_been_tried(name: str) -> None:
    found = results(name, 0, 2)
    unclaimed = {law.name for law in laws_of(NUMPY[name]) if not claims_all(NUMPY[name], law)}
    assert {(each.law, each.dtype) for each in found if each.failed} == set()
    assert {each.law for each in found if each.verdict == "conforms"} | unclaimed == {each.law for each in found}
    assert {each.law for each in found if each.verdict == "not claimed"} == unclaimed
    assert len(found) == len(FORMATS) * len(laws_of(NUMPY[name]))


@pytest.mark.parametrize("name", SEEDED)
def test_ten_seeds_give_identical_verdicts(name: str) -> None:
    dtypes = ("float32",)
    verdicts = {
        tuple((each.law, each.dtype, each.verdict) for each in results(name, seed, 1, dtypes)) for seed in range(10)
    }
    assert len(verdicts) == 1
