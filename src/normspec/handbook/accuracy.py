"""The page of accuracy: implementations side by side, drawn and in grades, and the tables of `normspec grade`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from markupsafe import Markup

from normspec.handbook.findings import Findings
from normspec.handbook.links import to_operation
from normspec.handbook.markdown import code, folded, raw, table
from normspec.handbook.prose import markdown
from normspec.html.accuracy import Figure, compared
from normspec.html.grades import Line, Mark, Sheet, sheets
from normspec.html.scales import power
from normspec.properties.accuracy import Entry
from normspec.reports.groups import by
from normspec.spec.grades import weakest

_HEAD = ("dtype", "output", "declared", "grade", "ulp", "of the tolerance", "layouts")


def pages(found: Findings) -> Mapping[str, str]:
    """Return the page of accuracy by its path."""
    entries = [entry for graded in found.graded for entry in graded.table.entries]
    lines = [
        "# How accurate implementations are",
        "",
        *_drawn(found),
        "## In grades",
        "",
        "A grade is the strongest contract that was kept on every case that was tried. [What the grades "
        "mean](verdicts.md#grades) is told with the verdicts; `normspec grade` prints the same.",
        "",
        " ".join(graded.said for graded in found.graded) or "Nothing was graded for these pages.",
        "",
        *_side_by_side(entries),
        *_in_layouts(found),
    ]
    return {"accuracy": "\n".join(lines)}


def _drawn(found: Findings) -> Iterator[str]:
    """Yield a picture for each operation: the errors that were seen in a check."""
    pictures = compared(found.report.observations)
    if not pictures:
        return
    yield f"{pictures[0][1].words} {found.said}\n"
    panels = Markup("").join(_panel(operation, figure) for operation, figure in pictures)
    yield raw(Markup('<div class="panels">{}</div>').format(panels))
    yield ""


def _panel(operation: str, figure: Figure) -> Markup:
    words, page = operation.replace("_", " "), operation.replace("_", "-")
    name = Markup('<p><a href="operations/{}.html">{}</a>, {}</p>')
    panels = (
        Markup("<div>{}{}</div>").format(name.format(page, words, dtype), panel) for dtype, panel in figure.panels
    )
    return Markup("").join(panels)


def _side_by_side(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield a line for each output and dtype, a column for each implementation: the weakest grade of any layout."""
    targets = list(dict.fromkeys(entry.place.target for entry in entries))
    if not targets:
        return
    rows = (
        _across(those, targets)
        for those in by(lambda e: (e.place.operation, e.place.dtype, e.place.mode, e.place.output), entries)
    )
    yield "The weakest grade in any layout, and the largest known error as a part of the tolerance:\n"
    yield table(("operation", "dtype", "output", *map(markdown, targets)), rows, "grades")


def _across(entries: Sequence[Entry], targets: Sequence[str]) -> tuple[str, ...]:
    first = entries[0].place
    output = markdown(first.output + (", infer" if first.mode == "infer" else ""))
    seen = [[entry for entry in entries if entry.place.target == target] for target in targets]
    return (to_operation(first.operation), code(first.dtype), output, *map(_weakest, seen))


def _weakest(entries: Sequence[Entry]) -> str:
    if not entries:
        return ""
    parts = [entry.numbers["of_bound"].value for entry in entries if "of_bound" in entry.numbers]
    grade = f"**{markdown(weakest(entry.grade for entry in entries))}**"
    return f"{grade} {_number(f'{max(parts):.2g}')}" if parts else grade


def _in_layouts(found: Findings) -> Iterator[str]:
    every = [sheet for graded in found.graded for sheet in sheets(graded.table)]
    if every:
        yield "## In each layout\n"
    yield from (_sheet(sheet) for sheet in every)


def _sheet(sheet: Sheet) -> str:
    title = f"{sheet.target}: {sheet.operation.replace('_', ' ')}"
    rows: Iterable[tuple[str, ...]] = (row for line in sheet.lines for row in _rows(line, sheet.layouts))
    return folded(title, table(_HEAD, rows, "grades")) + "\n"


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
