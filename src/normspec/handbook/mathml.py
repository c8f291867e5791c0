"""Mathematics for a browser: LaTeX becomes MathML, in pieces between which a line may break."""

import re
from collections.abc import Mapping
from functools import cache
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from latex2mathml.converter import convert
from markupsafe import Markup

_WIDE = 28  # characters: what is wider may break before a plus or minus
_PRIMES = ("\u2032", "\u2033", "\u2034")
_STYLES: Mapping[str, Mapping[str, str]] = {
    "\u2202": {"lspace": "0", "rspace": "0.05em"},
    "\u02c6": {"stretchy": "false"},
    "\u00af": {"stretchy": "false"},
}


@cache
def mathml(latex: str, display: bool = False) -> Markup:
    """Return LaTeX as one MathML element; display sets it large, with limits above and below. Raises no error."""
    root = ElementTree.fromstring(convert(latex, display="block" if display else "inline"))
    for node in root.iter():
        node.tag = node.tag.removeprefix("{http://www.w3.org/1998/Math/MathML}")
    _mend(root)
    root.attrib = {"displaystyle": "true"} if display else {}
    first = root.find(".//mo")
    if first is not None and latex.startswith(("+", "-")):
        first.set("form", "infix")
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _mend(node: Element) -> None:
    """Set hats as high as their letter wants them, partials close, and primes beside their letter."""
    for child in node:
        _mend(child)
    if node.tag == "mo":
        node.text = {"^": "\u02c6"}.get(node.text or "", node.text)
        node.attrib.update(_STYLES.get(node.text or "", {}))
    if node.tag in ("msup", "msubsup") and node[-1].text in _PRIMES:
        primes = node[-1].text or ""
        node.remove(node[-1])
        node.tag = {"msup": "mrow", "msubsup": "msub"}[node.tag]
        _prime(node, primes)


def _prime(node: Element, primes: str) -> None:
    """Put primes behind a letter, in front of its index: fonts draw them raised, so that no script need raise them."""
    if node.tag == "msub":
        letter = SubElement(Element("mrow"), "mrow")
        letter.append(node[0])
        node[0] = letter
        return _prime(letter, primes)
    if len(node) == 1 and node[0].tag == "msub":
        return _prime(node[0], primes)
    SubElement(node, "mo", lspace="0", rspace="0").text = primes
    return None


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
