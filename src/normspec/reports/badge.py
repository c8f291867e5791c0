"""A badge: the verdict on a run as a small picture for the first lines of a README."""

from collections.abc import Mapping

from markupsafe import Markup

from normspec.html.svg import tag
from normspec.reports.report import CONFORMS, NONCONFORMING, Report

GREEN, AMBER, RED, LABEL = "#2f7d32", "#9a6700", "#b3261e", "#3d3f42"
"""White text on each has a contrast of at least 4.5 to 1."""

_NARROW = {562: "il", 705: "j", 720: " f", 745: ",", 807: "t", 874: "r", 1067: "cs", 1076: "z"}
_WIDE = {
    1212: "kvxy",
    1220: "e",
    1230: "a",
    1243: "o",
    1276: "bdgpq",
    1296: "hnu",
    1302: "0123456789",
    1676: "w",
    1992: "m",
}
_GROUPS = {**_NARROW, **_WIDE}
WIDTHS: Mapping[str, float] = {letter: units / 2048 for units, letters in _GROUPS.items() for letter in letters}
"""Of Verdana, in ems. Where the font is another one, the text is fitted to the same length."""

SIZE, HEIGHT, ROOM, BASE = 11, 20, 8, 14


def badge(report: Report) -> str:
    """Return the badge of a run as SVG text."""
    words, colour = said(report)
    left, right = (width(text) + 2 * ROOM for text in ("normspec", words))
    whole = left + right
    title = f"normspec: {words}"
    drawn = tag(
        "svg",
        tag("title", title),
        tag("clipPath", tag("rect", width=whole, height=HEIGHT, rx=3), id="round"),
        tag(
            "g",
            tag("rect", width=left, height=HEIGHT, fill=LABEL),
            tag("rect", x=left, width=right, height=HEIGHT, fill=colour),
            clip_path="url(#round)",
        ),
        tag(
            "g",
            _text("normspec", ROOM),
            _text(words, left + ROOM),
            fill="#fff",
            font_family="Verdana,DejaVu Sans,Geneva,sans-serif",
            font_size=SIZE,
        ),
        xmlns="http://www.w3.org/2000/svg",
        width=whole,
        height=HEIGHT,
        role="img",
        aria_label=title,
    )
    return f"{drawn}\n"


def said(report: Report) -> tuple[str, str]:
    """Return the verdict in few words, and its colour."""
    kept, summary = report.summary.verdicts.get("conforms", 0), report.summary
    if report.exit_code == NONCONFORMING:
        return f"{summary.failed} laws broken" if summary.failed > 1 else "1 law broken", RED
    if report.interrupted:
        return "stopped", AMBER
    if report.exit_code != CONFORMS:
        return "nothing executed", AMBER
    laws = f"{kept} law kept" if kept == 1 else f"{kept} laws kept"
    return (f"{laws}, {summary.known} known", AMBER) if summary.known else (laws, GREEN)


def width(text: str) -> float:
    """Return how wide a text is drawn."""
    return round(sum(WIDTHS[letter] for letter in text) * SIZE, 1)


def _text(words: str, x: float) -> Markup:
    return tag("text", words, x=x, y=BASE, textLength=width(words))
