"""Sentences of the specification on a page: real minus signs, hats as mathematics, nothing taken for markup."""

import re
import unicodedata

from markupsafe import Markup, escape

from normspec.clean import one_line
from normspec.derivations.names import GREEK, in_latex
from normspec.handbook.mathml import mathml

_LETTERS = {written: in_latex(name) for name, written in GREEK.items()}
_HATS = {"\u0302": "hat", "\u0304": "bar", "\u0303": "tilde"}
_HATTED = re.compile(f"(\\w)([{''.join(_HATS)}])")
_LOWERED = re.compile(r"(?<![\w\\])(\\?∂?[^\W\d_])\\?_(\w)(?:(\\?\()(\w)(\\?\)))?(?!\w)")
_LOW = r"\1<sub>\2\3\4\5</sub>"
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$&:^'\"=])")


def markdown(text: str) -> str:
    """Return plain text as one line of Markdown that shows exactly this text."""
    return "".join(
        f"${part}$" if math else _LOWERED.sub(_LOW, _MARKUP.sub(r"\\\1", part)) for part, math in _parts(text)
    )


def html(text: str) -> Markup:
    """Return plain text as HTML."""
    return Markup("").join(
        mathml(part) if math else Markup(_LOWERED.sub(_LOW, str(escape(part)))) for part, math in _parts(text)
    )


def _parts(text: str) -> list[tuple[str, bool]]:
    """Return the text in parts, each with whether it is LaTeX."""
    plain = unicodedata.normalize("NFD", _minus(one_line(text, 20_000)))
    parts, start = list[tuple[str, bool]](), 0
    for found in _HATTED.finditer(plain):
        parts += [(plain[start : found.start()], False)]
        parts += [(f"\\{_HATS[found[2]]}{{{_LETTERS.get(found[1], found[1])}}}", True)]
        start = found.end()
    return [(unicodedata.normalize("NFC", part), math) for part, math in [*parts, (plain[start:], False)] if part]


def _minus(text: str) -> str:
    """Return text with a minus sign for each hyphen that stands for one: between spaces, or before a number."""
    return re.sub(r"(?<= )-(?= )|(?<=[m(])-(?=\d)", "−", text)
