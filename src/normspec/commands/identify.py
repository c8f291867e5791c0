"""`normspec identify`: which conventions an implementation follows."""

from pathlib import Path

import click

from normspec.commands.errors import as_wrong_call


@click.command()
@click.argument("target", metavar="TARGET")
@click.option("--operation", metavar="NAME", help="Only this operation.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write what is found as JSON."
)
def command(target: str, operation: str | None, json_file: Path | None) -> int:
    """Infer which conventions an implementation follows, from what it does alone.

    TARGET is what 'normspec check' takes. A variant is excluded once a result certainly lies outside of what it
    demands; what is left alone is identified. Nothing is decided by which variant is nearest.

    \b
    Exit codes
      0  no declaration is contradicted
      1  something declared is certainly not what is followed
      2  the call was wrong; one line says what and what to do
      3  nothing could be asked
    """
    from normspec.files import check_writable, write_whole
    from normspec.properties.identification.identify import identify
    from normspec.reports.identified import exit_code_of, identified_text
    from normspec.runs.request import request
    from normspec.spec.environment import PollutedEnvironmentError
    from normspec.terminal.identify import print_identified

    with as_wrong_call(ValueError, PollutedEnvironmentError):
        if json_file:
            check_writable(json_file)
        asked = request((target,), operations=(operation,) if operation else ())
        found = []
        for _, implementation in asked.implementations:
            found.append((implementation, identify(implementation)))
            print_identified(*found[-1])
    if json_file:
        write_whole(json_file, identified_text(found))
    return exit_code_of(found)
