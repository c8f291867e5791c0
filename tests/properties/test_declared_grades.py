"""A check holds an implementation to the grade that it declares."""

from dataclasses import replace

import pytest

from normspec.implementations.faulty import FAULTS
from normspec.properties.check import check
from normspec.properties.hunt import Settings
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result


def verdict(law: str, declared: str) -> str:
    one_pass = FAULTS["cancellation"].made_of("batch_norm")
    told = replace(one_pass, claims=replace(one_pass.claims, grade=declared))
    events = check(told, (LAWS[law],), Settings(max_examples=20, dtypes=("float32",)))
    (result,) = (event for event in events if isinstance(event, Result))
    return result.verdict


@pytest.mark.parametrize(("declared", "expected"), [("A", "nonconforming"), ("B1", "nonconforming"), ("C", "conforms")])
def test_a_one_pass_variance_breaks_every_declared_grade_above_c(declared: str, expected: str) -> None:
    assert verdict("training-output", declared) == expected
