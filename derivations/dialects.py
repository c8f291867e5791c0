"""Dialects: how each construction is spelt in a terminal and in LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from normspec.derivations import names


@dataclass(frozen=True)
class Dialect:
    """How the constructions are spelt."""

    name: Callable[[str], str]
    subscript: Callable[[str, Sequence[str]], str]
    superscript: Callable[[str, str], str]
    fraction: Callable[[str, str, bool], str]
    root: Callable[[str, bool], str]
    total: Callable[[str, str, str], str]
    parenthesized: Callable[[str], str]
    magnitude: Callable[[str], str]
    times: str
    expectation: str
    partial: str


def _text_fraction(numerator: str, denominator: str, simple: bool) -> str:
    return f"{numerator}/{denominator if simple else f'({denominator})'}"


def _text_range(index: str, size: str) -> str:
    """Only the index where it runs over the group, 1..m; else the range too, where Unicode can raise it."""
    size = size.replace(" ", "")
    if size == "m" or not all(c in names.SUPERSCRIPTS for c in size):
        return names.subscripted(index)
    return names.subscripted(f"{index}=1") + names.superscripted(size)


TEXT = Dialect(
    name=names.in_text,
    subscript=lambda base, index: base + names.subscripted(("," if any("(" in i for i in index) else "").join(index)),
    superscript=lambda base, exponent: base + names.superscripted(exponent),
    fraction=_text_fraction,
    root=lambda body, simple: f"√{body}" if simple else f"√({body})",
    total=lambda index, size, body: f"Σ{_text_range(index, size)} {body}",
    parenthesized=lambda body: f"({body})",
    magnitude=lambda body: f"|{body}|",
    times=" ",
    expectation="E",
    partial="∂",
)


LATEX = Dialect(
    name=names.in_latex,
    subscript=lambda base, index: (
        f"{base}_{{{' '.join(index)}}}" if "_" not in base else f"{{{base}}}_{{{' '.join(index)}}}"
    ),
    superscript=lambda base, exponent: f"{base}^{{{exponent}}}",
    fraction=lambda numerator, denominator, simple: f"\\frac{{{numerator}}}{{{denominator}}}",
    root=lambda body, simple: f"\\sqrt{{{body}}}",
    total=lambda index, size, body: f"\\sum_{{{index}=1}}^{{{size}}} {body}",
    parenthesized=lambda body: f"\\left({body}\\right)",
    magnitude=lambda body: f"\\left|{body}\\right|",
    times=r"\,",
    expectation=r"\mathbb{E}",
    partial=r"\partial ",
)
