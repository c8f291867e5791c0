"""Mathematics for a browser: LaTeX becomes MathML, in pieces between which a line may break."""

import re
from functools import cache

from latex2mathml.converter import convert
from markupsafe import Markup

_WIDE = 28  # characters: what is wider may break before a plus or minus
_MENDED = {
    "<mo>&#x0005E;</mo></mover>": '<mo stretchy="false">&#x002C6;</mo></mover>',  # a hat as high as the letter wants it
    "<mo>&#x000AF;</mo></mover>": '<mo stretchy="false">&#x000AF;</mo></mover>',
    "<mo>&#x02202;</mo>": '<mo lspace="0" rspace="0.05em">&#x02202;</mo>',
    "<mi>&#x02032;</mi>": "<mo>&#x02032;</mo>",
}


@cache
def mathml(latex: str, display: bool = False) -> Markup:
    """Return LaTeX as one MathML element; display sets it large, with limits above and below. Raises no error."""
    written = convert(latex, display="block" if display else "inline")
    for found, mended in _MENDED.items():
        written = written.replace(found, mended)
    if display:
        written = written.replace('display="block"', 'displaystyle="true"', 1)
    if latex.startswith(("+", "-")):
        written = written.replace("<mo>", '<mo form="infix">', 1)
    return Markup(written.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', ""))


def width(latex: str) -> int:
    """Return about how many characters wide LaTeX is when it is set."""
    plain = re.sub(r"\\(left|right|hat|bar|mathbb|mathrm)\b|\\,|[{}^_ ]", "", re.sub(r"_{\w=1}\^{\w+}", "", latex))
    return len(re.sub(r"\\[a-z]+", "x", plain))


def flowing(latex: str) -> Markup:
    """Return LaTeX as large MathML; where it is long it may break before a plus or minus outside of parentheses."""
    parts = broken(latex) if width(latex) > _WIDE else [latex]
    return Markup(" ").join(mathml(part, True) for part in parts)


def broken(latex: str) -> list[str]:
    """Return LaTeX in parts, cut before every plus and minus that is in no parentheses, braces or fraction."""
    depth, parts, start = 0, list[str](), 0
    for found in re.finditer(r"\\left|\\right|[{}]| [+-] ", latex):
        mark = found[0]
        depth += mark in (r"\left", "{")
        depth -= mark in (r"\right", "}")
        if depth == 0 and mark.startswith(" ") and found.start() > start:
            parts.append(latex[start : found.start()].strip())
            start = found.start() + 1
    return [*parts, latex[start:].strip()]
