"""The page of accuracy: the table of `normspec grade`."""

from collections.abc import Iterator, Mapping, Sequence

from normspec.handbook.findings import Findings
from normspec.handbook.markdown import code, table
from normspec.handbook.prose import markdown
from normspec.html.grades import Line, Mark, Sheet, sheets
from normspec.html.scales import power

_HEAD = ("dtype", "output", "declared", "grade", "ulp", "of the tolerance", "layouts")


def pages(found: Findings) -> Mapping[str, str]:
    """Return the page of accuracy by its path."""
    lines = [
        "# How accurate implementations are",
        "",
        "A grade is the strongest contract that was kept on every case that was tried; behind it stand the largest "
        "known error in ulp, and as a part of the tolerance. [What the grades mean](verdicts.md#grades) is told "
        "with the verdicts; `normspec grade` prints the same table.",
        "",
        found.table_said,
        "",
        *(_sheet(sheet) for sheet in sheets(found.table)),
    ]
    return {"accuracy": "\n".join(lines)}


def _sheet(sheet: Sheet) -> str:
    title = f"## {markdown(sheet.target)}, {markdown(sheet.operation.replace('_', ' '))}"
    rows = [row for line in sheet.lines for row in _rows(line, sheet.layouts)]
    return f"{title}\n\n{table(_HEAD, rows, 'grades')}"


def _rows(line: Line, layouts: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each mark that differs, with the layouts that have it."""
    marked: dict[Mark, list[str]] = {}
    for layout, mark in zip(layouts, line.marks, strict=True):
        if mark is not None:
            marked.setdefault(mark, []).append(layout)
    for number, (mark, those) in enumerate(marked.items()):
        place = ("", "", "") if number else (code(line.dtype), markdown(line.output), line.declared)
        where = "every layout" if len(those) == len(layouts) > 1 else markdown(", ".join(those).replace("_", " "))
        yield (*place, f"**{markdown(mark.grade)}**", *map(_number, (mark.ulps, mark.of_bound)), where)


def _number(written: str) -> str:
    """Return a number as people write it: powers of ten raised, a real minus."""
    digits, _, exponent = written.partition("e")
    return f"{digits}\N{NO-BREAK SPACE}·\N{NO-BREAK SPACE}{power(int(exponent))}" if exponent else digits
