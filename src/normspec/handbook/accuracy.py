"""The page of accuracy: the table of `normspec grade`."""

from collections.abc import Mapping

from normspec.handbook.findings import Findings
from normspec.handbook.markdown import code, table
from normspec.handbook.prose import markdown
from normspec.html.grades import Line, Mark, Sheet, sheets


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
    head = ("dtype", "output", "declared", *map(markdown, sheet.layouts))
    title = f"## {markdown(sheet.target)}, {markdown(sheet.operation.replace('_', ' '))}"
    return f"{title}\n\n{table(head, map(_line, sheet.lines), 'grades')}"


def _line(line: Line) -> tuple[str, ...]:
    return code(line.dtype), markdown(line.output), line.declared, *map(_mark, line.marks)


def _mark(mark: Mark | None) -> str:
    if mark is None:
        return ""
    behind = ", ".join(part for part in (f"{mark.ulps} ulp" if mark.ulps else "", mark.of_bound) if part)
    return f"**{markdown(mark.grade)}**" + (f" ({markdown(behind)})" if behind else "")
