"""What is identified, printed: a line for each axis, what decided it below."""

from collections.abc import Iterator, Sequence

import click

from normspec.clean import one_line
from normspec.implementations.contract import Implementation
from normspec.properties.identification.findings import Finding
from normspec.terminal.layout import wrapped
from normspec.terminal.words import array_in_words

LONGEST = 40


def print_identified(implementation: Implementation, findings: Sequence[Finding]) -> None:
    """Print what was found out about one implementation."""
    click.echo(f"\n{one_line(implementation.name)}: {implementation.operation}")
    for finding in findings:
        click.echo("\n".join(_told(finding)))
    if not findings:
        click.echo("  nothing that is claimed shows a convention")


def _told(finding: Finding) -> Iterator[str]:
    yield wrapped(f"{finding.axis}: {_decision(finding)}", "      ", "  ")
    for variant, evidence in finding.excluded.items():
        yield wrapped(f"not {variant}: {one_line(evidence.message)}", "          ", "      ")
    shown = next((each.case for each in finding.excluded.values()), None)
    if shown is not None and shown.script[0].x is not None:
        x = array_in_words(shown.script[0].x)
        yield wrapped(f"case: {shown.dtype}, {_attributes(shown.attributes)}x {x}", "          ", "      ")
    if finding.note:
        yield wrapped(one_line(finding.note), "      ", "      ")


def _attributes(attributes: object) -> str:
    named = attributes.items() if isinstance(attributes, dict) else ()
    return "".join(f"{name}={value!r}, " for name, value in named)


def _decision(finding: Finding) -> str:
    if finding.decision == "identified":
        (variant,) = finding.left
        found = f"{variant}: {finding.variants[variant]}"
    elif finding.decision == "cannot tell":
        found = f"cannot tell {' from '.join(finding.left)}"
    else:
        found = finding.decision
    return f"{found}; DECLARED IS {finding.declared}" if finding.contradicts else found
