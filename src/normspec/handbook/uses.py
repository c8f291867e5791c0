"""Who uses what: requirements by claim, operations by requirement and convention, laws by requirement."""

from normspec.properties.law import Law
from normspec.properties.laws import LAWS
from normspec.spec.operations import OPERATIONS
from normspec.spec.requirements import REQUIREMENTS


def claims_of(requirement: str) -> list[str]:
    """Return the claims that prove a requirement, first its own and then those of operations that have another."""
    own = [REQUIREMENTS[requirement].claim] if REQUIREMENTS[requirement].claim else []
    others = [operation.proofs[requirement] for operation in OPERATIONS.values() if requirement in operation.proofs]
    return list(dict.fromkeys([*own, *others]))


def requirements_of(claim: str) -> list[str]:
    """Return the requirements that a claim proves."""
    return [name for name in REQUIREMENTS if claim in claims_of(name)]


def laws_of(requirement: str) -> list[Law]:
    """Return the laws that judge a requirement."""
    return [law for law in LAWS.values() if law.requirement.name == requirement]


def operations_with(requirement: str) -> list[str]:
    """Return the operations that have a requirement."""
    return [name for name, operation in OPERATIONS.items() if requirement in operation.requirements]


def operations_choosing(convention: str) -> list[str]:
    """Return the operations that have a convention."""
    return [name for name, operation in OPERATIONS.items() if convention in operation.conventions]
