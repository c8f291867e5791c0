"""`normspec handbook`: the mathematics, the requirements and the verdicts as pages to read."""

from importlib.util import find_spec
from pathlib import Path

import click

from normspec.commands.errors import WrongCall, as_wrong_call

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="DIR", help="Where it goes."
)
@click.option("--report", type=_FILE, metavar="FILE", help="Verdicts: what 'normspec check --json FILE' wrote.")
@click.option("--grades", type=_FILE, metavar="FILE", help="Accuracy: what 'normspec grade --json FILE' wrote.")
@click.option("--faults", type=_FILE, metavar="FILE", help="Faults: another record than docs/data/faults.json.")
@click.option("--quick/--no-quick", default=True, help="Check and grade what is at hand, where no file is given.")
def command(output: Path, report: Path | None, grades: Path | None, faults: Path | None, quick: bool) -> None:
    """Write the handbook as HTML into the folder DIR, to be read in a browser without any network.

    It is made from the derivations, each step proved on the way, and from the specification. Needs the extra docs.
    """
    missing = [name for name in ("furo", "latex2mathml", "myst_parser", "sphinx") if find_spec(name) is None]
    if missing:
        raise WrongCall(f"{', '.join(missing)} is not installed: pip install 'normspec[docs]'")
    from normspec.handbook.build import RECORDED_FAULTS, HandbookError, build
    from normspec.handbook.findings import gather
    from normspec.spec.node import PlainError

    recorded = RECORDED_FAULTS if RECORDED_FAULTS.exists() else None
    with as_wrong_call(PlainError, HandbookError):
        pages = build(output, gather(report, grades, faults or recorded, quick=quick))
    click.echo(f"{pages} pages: open {output / 'index.html'}")
