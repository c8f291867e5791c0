"""`normspec list`: what there is to choose from."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from normspec.spec.requirements import Requirement

Names = Mapping[str, str]


def _operations() -> Names:
    from normspec.spec.operations import OPERATIONS

    return {operation.name: operation.statement for operation in OPERATIONS.values()}


def _laws() -> Names:
    from normspec.properties.laws import LAWS

    return {law.name: f"{law.statement}\n{_grounds(law.requirement)}" for law in LAWS.values()}


def _grounds(requirement: "Requirement") -> str:
    """Return why a requirement stands: the claim to look up, or the reason where there is nothing to prove."""
    return f"proved: normspec derive {requirement.claim}" if requirement.claim else f"because {requirement.because}"


def _implementations() -> Names:
    from normspec.implementations.targets import list_names

    return list_names()


def _conventions() -> Names:
    from normspec.spec.conventions import CONVENTIONS

    return {name: _variants(c.statement, c.default, c.variants) for name, c in CONVENTIONS.items()}


def _variants(statement: str, default: str, variants: Names) -> str:
    lines = (f"{name}{' (default)' if name == default else ''}: {meaning}" for name, meaning in variants.items())
    return "\n".join((statement, *lines))


def _profiles() -> Names:
    from normspec.runs.profiles import described

    return described()


KINDS: Mapping[str, Callable[[], Names]] = {
    "operations": _operations,
    "laws": _laws,
    "implementations": _implementations,
    "conventions": _conventions,
    "profiles": _profiles,
}


@click.command()
@click.argument("kind", type=click.Choice(tuple(KINDS)), metavar="KIND")
def command(kind: str) -> None:
    """List what there is of a KIND, with its meaning: operations, laws, implementations, conventions or profiles."""
    from normspec.terminal.layout import print_names

    print_names(KINDS[kind]())
