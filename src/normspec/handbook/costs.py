"""What it costs to judge: the time of a case by its parts, and of a certificate beside plain arithmetic."""

from collections.abc import Iterator, Sequence
from typing import Any

from normspec.handbook.links import to_operation
from normspec.handbook.markdown import code, table
from normspec.handbook.prose import markdown

Record = Any
_PARTS = ("making", "implementation", "oracle and tolerance", "laws")
_BOTH = "judging by drawing, with pinned"
_RATIOS = (
    ("enclosure", "numpy float64"),
    ("enclosure", "torch float32"),
    ("enclosure", "mpmath"),
    ("double-double enclosure", "numpy float64"),
    ("enclosure and tolerance", "numpy float64"),
    ("enclosure and tolerance", "gradcheck"),
)


def cost(record: Record) -> Iterator[str]:
    """Yield the milliseconds of a case: operation by operation, dtype by dtype, and over all."""
    drawn, both = record["all"]["drawn"]["judging by drawing"], record["all"]["pinned"][_BOTH]
    yield (
        f"Milliseconds of CPU for a case of a check in {', '.join(record['dtypes'])}, on the NumPy implementations: of "
        f"the cases that are drawn, and of those that are pinned, which cost next to nothing to make. Judging is "
        f"oracle, tolerance and laws; its ratio is that to making the cases. Over all of them it is {drawn:.2f} for "
        f"what is drawn, and {both:.2f} with the pinned cases.\n"
    )
    head = ("judging / drawing", "with pinned", *(f"{kind}: {part}" for kind in ("drawn", "pinned") for part in _PARTS))
    named = {to_operation(name): rows for name, rows in record["operations"].items()}
    named |= {code(name): rows for name, rows in record["dtypes"].items()} | {"all": record["all"]}
    yield table(("operation or dtype", *head), ((name, *_costs(rows)) for name, rows in named.items()))


def _costs(rows: Record) -> tuple[str, ...]:
    milliseconds = (f"{rows[kind][part]:.1f}" for kind in ("drawn", "pinned") for part in _PARTS)
    return f"{rows['drawn']['judging by drawing']:.2f}", f"{rows['pinned'][_BOTH]:.2f}", *milliseconds


def speed(record: Record) -> Iterator[str]:
    """Yield how many times as long a certificate takes as what it is compared with."""
    versions = ", ".join(f"{name} {value}" for name, value in record.items() if name not in ("lines", "date"))
    yield (
        f"Ratios of medians of CPU time in one run on one thread, for float32 arrays, of {record['date']} "
        f"({markdown(versions)}).\n"
    )
    places = dict.fromkeys((row["direction"], row["groups"], row["members"]) for row in record["lines"])
    head = ("direction", "groups", "m", *(f"{what} / {against}" for what, against in _RATIOS))
    yield table(head, (_ratios(place, record["lines"]) for place in places))


def _ratios(place: tuple[str, int, int], lines: Sequence[Record]) -> tuple[str, ...]:
    found = {
        (row["what"], row["against"]): row["ratio"]
        for row in lines
        if (row["direction"], row["groups"], row["members"]) == place
    }
    direction, groups, members = place
    ratios = (f"{found[pair]:.2g}" if pair in found else "—" for pair in _RATIOS)
    return direction, f"{groups:,}", f"{members:,}", *ratios
