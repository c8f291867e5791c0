"""The matrix: laws down, operations or implementations across, a mark for each dtype, linked to what it is about."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result
from normspec.reports.comparing import Place, place_of
from normspec.reports.groups import by
from normspec.reports.marks import Kind, kind_of
from normspec.spec.formats import FORMATS

MOST_TOGETHER = 6  # columns of dtypes that one table holds at ease


@dataclass(frozen=True)
class Cell:
    """One mark: what it says, and where a click leads; nothing was asked where kind is None."""

    kind: Kind | None = None
    href: str = ""
    label: str = ""


@dataclass(frozen=True)
class Row:
    """One law: its cells, and whether nothing is wrong or open in them."""

    law: str
    cells: tuple[Cell, ...]

    @property
    def clean(self) -> bool:
        """Return whether every cell is kept or not claimed."""
        return all(cell.kind is None or cell.kind.class_ in ("kept", "silent") for cell in self.cells)


@dataclass(frozen=True)
class Matrix:
    """One table: its anchor and caption, the columns that share a heading with their dtypes, the rows."""

    anchor: str
    caption: str
    heads: tuple[tuple[str, tuple[str, ...]], ...]
    rows: tuple[Row, ...]

    @property
    def dense(self) -> bool:
        """Return whether the columns are so many that they stand close together."""
        return sum(len(dtypes) for _, dtypes in self.heads) > 16

    @property
    def silent(self) -> int:
        """Return how many laws are kept wherever they were asked."""
        return sum(row.clean for row in self.rows)

    @property
    def broken(self) -> bool:
        """Return whether some law is broken."""
        return any(cell.kind and cell.kind.class_ == "broken" for row in self.rows for cell in row.cells)


def matrices(results: Sequence[Result], anchors: Mapping[Place, str]) -> list[Matrix]:
    """Return the tables: one where few implementations were asked, else one for each of them or for each operation."""
    asked = list(by(lambda result: (result.target, result.operation), results))
    targets, operations = ({key(part[0]) for part in asked} for key in (_target, _operation))
    if len(asked) <= MOST_TOGETHER or len(asked) == len(targets) == len(operations):
        return [_matrix(1, _caption(targets, operations), asked, _both if len(operations) > 1 else _target, anchors)]
    outer, inner = (_target, _operation) if len(targets) <= len(operations) else (_operation, _target)
    tables = enumerate(by(lambda part: outer(part[0]), asked), 1)
    return [_matrix(number, outer(parts[0][0]), parts, inner, anchors) for number, parts in tables]


def _target(result: Result) -> str:
    return result.target


def _operation(result: Result) -> str:
    return result.operation


def _both(result: Result) -> str:
    return f"{result.operation}: {result.target}"


def _caption(targets: set[str], operations: set[str]) -> str:
    return min(operations) if len(operations) == 1 else min(targets) if len(targets) == 1 else "All that was asked"


def _matrix(
    number: int,
    caption: str,
    parts: Iterable[Sequence[Result]],
    head: Callable[[Result], str],
    anchors: Mapping[Place, str],
) -> Matrix:
    columns = [_column(part) for part in parts]
    names = {result.law for column in columns for result in column.values()}
    laws = [law for law in (*LAWS, *sorted(names - set(LAWS))) if law in names]
    heads = []
    for column in columns:
        first = next(iter(column.values()))
        heads.append((head(first), tuple(d for d in FORMATS if any(dtype == d for _, dtype in column))))
    rows = tuple(
        Row(
            law,
            tuple(
                _cell(column.get((law, d)), anchors) for column, (_, of) in zip(columns, heads, strict=True) for d in of
            ),
        )
        for law in laws
    )
    return Matrix(f"matrix-{number}", caption, tuple(heads), rows)


def _column(part: Sequence[Result]) -> dict[tuple[str, str], Result]:
    claimed = {result.dtype for result in part if result.verdict != "not claimed"}
    return {(result.law, result.dtype): result for result in part if result.dtype in claimed} or {
        (result.law, result.dtype): result for result in part
    }


def _cell(result: Result | None, anchors: Mapping[Place, str]) -> Cell:
    if result is None:
        return Cell()
    kind, href = kind_of(result), anchors.get(place_of(result), "")
    label = f"{kind.word}: {result.law}, {result.target}, {result.dtype}" if href else ""
    return Cell(kind, href, label)
