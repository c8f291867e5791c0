"""Requirements, claims, laws and operations fit together: nothing is missing, and nothing is left over."""

import pytest

from normspec.derivations import catalogue
from normspec.properties.cases import STREAMS
from normspec.properties.laws import LAWS
from normspec.spec.operations import OPERATIONS
from normspec.spec.requirements import REQUIREMENTS


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_a_requirement_has_a_proof_or_a_reason(name: str) -> None:
    requirement = REQUIREMENTS[name]
    assert bool(requirement.claim) != bool(requirement.because)
    assert requirement.statement


@pytest.mark.parametrize("name", [name for name, each in REQUIREMENTS.items() if each.claim])
def test_the_claim_behind_a_requirement_exists(name: str) -> None:
    assert catalogue.claim(REQUIREMENTS[name].claim).name == REQUIREMENTS[name].claim


def test_every_requirement_has_a_law_and_every_law_a_requirement() -> None:
    assert {law.requirement.name for law in LAWS.values()} == set(REQUIREMENTS)


def test_every_requirement_is_some_operations() -> None:
    assert set(REQUIREMENTS) == {name for operation in OPERATIONS.values() for name in operation.requirements}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_tried_on_streams_that_exist(name: str) -> None:
    assert LAWS[name].streams
    assert set(LAWS[name].streams) <= set(STREAMS)


@pytest.mark.parametrize(
    ("operation", "name"), [(each.name, name) for each in OPERATIONS.values() for name in each.proofs]
)
def test_an_operation_s_own_proof_exists_and_is_of_a_requirement_that_it_has(operation: str, name: str) -> None:
    spec = OPERATIONS[operation]
    assert name in spec.requirements
    assert spec.proofs[name] != REQUIREMENTS[name].claim
    assert catalogue.claim(spec.proofs[name]).name == spec.proofs[name]
