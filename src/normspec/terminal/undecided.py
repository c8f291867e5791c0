"""What is undecided: how many of the cases that a law judged had a bound that demands nothing, by dtype."""

from collections import Counter
from collections.abc import Iterable

import click
from rich import box
from rich.table import Table
from rich.text import Text

from normspec.clean import one_line
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result
from normspec.spec.formats import FORMATS
from normspec.terminal.layout import print_rich, wrapped

TITLE = "undecided, of the checks executed"
MEANING = "what is undecided had a bound that demands nothing: it could not have failed"


def print_undecided(results: Iterable[Result]) -> None:
    """Print a table of laws and dtypes: those in which something is undecided, of how many cases that were judged."""
    executed, undecided = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for result in results:
        executed[result.law, result.dtype] += result.examples
        undecided[result.law, result.dtype] += result.undecided
    places = {place for place, count in undecided.items() if count}
    laws, dtypes = {law for law, _ in places}, [dtype for dtype in FORMATS if any(dtype == at for _, at in places)]
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("law", overflow="fold")
    for dtype in dtypes:
        table.add_column(dtype, no_wrap=True, justify="right")
    for law in (*(law for law in LAWS if law in laws), *sorted(laws - set(LAWS))):
        cells = (f"{undecided[law, dtype]} of {executed[law, dtype]}" for dtype in dtypes)
        table.add_row(one_line(law), *("" if cell.endswith(" of 0") else cell for cell in cells))
    print_rich(Text(TITLE, style="bold"), *([table] if places else []))
    click.echo(wrapped(MEANING if places else "nothing", "  ", ""))
