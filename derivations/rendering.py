"""Claims as pages: for a terminal, in Markdown, and in LaTeX."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from textwrap import wrap
from typing import TypeVar

from sympy import Expr, Tuple, sympify

from normspec.derivations.catalogue import CHAPTERS, chapter_of, load
from normspec.derivations.evidence import Evidence
from normspec.derivations.expect import schemes_in
from normspec.derivations.names import GREEK, SUBSCRIPTS, SUPERSCRIPTS, in_latex
from normspec.derivations.nodes import Defined
from normspec.derivations.notation import latex, text
from normspec.derivations.proof import Bound, Claim, Equation, Induction, Relation, Step
from normspec.derivations.rewriting import names_in

WIDTH = 80
Page = TypeVar("Page")


def render_claim(claim: Claim, format: str = "text") -> str:
    """Render a claim, verified as it is rendered. Formats: text, markdown, latex; raises ValueError for another."""
    return _chosen(_CLAIM, format)(claim)


def render_catalogue(format: str = "text") -> str:
    """Render the list of chapters and claims, in the same formats."""
    return _chosen(_CATALOGUE, format)()


def _chosen(pages: dict[str, Page], format: str) -> Page:
    if format not in pages:
        raise ValueError(f"format={format!r} is not one of {', '.join(pages)}")
    return pages[format]


def definitions(claim: Claim) -> Iterator[Defined]:
    """The names that a claim uses, in the order in which they rest on each other."""
    sides = [sympify(side) for step in claim.steps for shown in _shown(step) for side in (shown.left, shown.right)]
    yield from names_in(Tuple(*sides))


def sampling(claim: Claim) -> list[str]:
    """The sampling schemes of a claim's expectations, in words."""
    sides = [sympify(side) for step in claim.steps for shown in _shown(step) for side in (shown.left, shown.right)]
    return sorted(f"E over {scheme.description}" for scheme in schemes_in(Tuple(*sides)))


def _shown(step: Step) -> tuple[Relation, ...]:
    """The relations that a step shows: an induction its statement, base and step, a bound also what is between."""
    if isinstance(step, Bound):
        return step.difference, step
    if not isinstance(step, Induction):
        return (step,)
    left, right = step.rule
    return Equation(left, right, f"by induction: {step.reason}"), step.base, step.step


def relations(claim: Claim) -> Iterator[tuple[Relation, Evidence]]:
    """Yield what is shown, each with its evidence."""
    for step, evidence in zip(claim.steps, claim.verify(), strict=True):
        for shown in _shown(step):
            yield shown, evidence if shown is step else _part(shown, evidence)


def _part(shown: Relation, whole: Evidence) -> Evidence:
    return whole if shown.reason.startswith("by induction") or isinstance(shown, Bound) else shown.verify()


# ---- text


def width(line: str) -> int:
    """Count the columns of a line: accents that combine take none."""
    return sum(not unicodedata.combining(c) for c in line)


def _claim_text(claim: Claim) -> str:
    chapter = chapter_of(claim.name)
    lines = [claim.name + chapter.rjust(WIDTH - len(claim.name)), "─" * WIDTH, *wrap(claim.statement, WIDTH)]
    if claim.source:
        lines += [f"({claim.source})"]
    where = [f"{text(d)} = {text(d.body)}" for d in definitions(claim)]
    shown = [part for line in where for part in _broken(f"        {line}", 10)]
    for scheme in sampling(claim):
        shown += wrap(scheme, WIDTH, initial_indent="        ", subsequent_indent="          ")
    if shown:
        lines += ["", "where" + shown[0][5:], *shown[1:]]
    for number, (step, evidence) in enumerate(relations(claim), 1):
        lines += ["", *_step_text(number, step, evidence)]
    return "\n".join(lines) + "\n"


def _step_text(number: int, step: Relation, evidence: Evidence) -> list[str]:
    head = f"{number}.".ljust(4)
    left, right = text(step.left), f"{step.relation} {text(step.right)}"
    lines = [f"{head}{left} {right}"]
    if width(lines[0]) > WIDTH:
        lines = [*_broken(head + left, 6), *_broken("      " + right, 8)]
    if step.reason:
        lines += wrap(step.reason, WIDTH, initial_indent="    ", subsequent_indent="    ")
    return lines + wrap(
        f"✓ {evidence.proof}; {evidence.exact}", WIDTH, initial_indent="    ", subsequent_indent="      "
    )


def _broken(line: str, indent: int) -> list[str]:
    """Break a line that is too long before an operator, as far out of parentheses as can be."""
    lines = []
    while width(line) > WIDTH and (at := _break_at(line, indent)):
        lines.append(line[:at].rstrip())
        line = " " * indent + line[at:].lstrip()
    return [*lines, line]


def _break_at(line: str, indent: int) -> int:
    depth, best, best_depth = 0, 0, 99
    for at, c in enumerate(line):
        depth += (c in "([") - (c in ")]")
        inside = width(line[:at]) > indent + 8 and width(line[:at]) <= WIDTH
        if inside and line[at : at + 3] in (" + ", " − ", " = ") and depth <= best_depth:
            best, best_depth = at + 1, depth
    return best


def _catalogue_text() -> str:
    lines = []
    for name in CHAPTERS:
        chapter = load(name)
        lines += [f"{chapter.name}: {chapter.title}", ""]
        for claim in chapter.claims:
            lines += [
                f"  {claim.name}",
                *wrap(claim.statement, WIDTH, initial_indent="      ", subsequent_indent="      "),
            ]
        lines.append("")
    return "\n".join(lines)


# ---- markdown and latex


SIGNS = {"=": "=", "≠": r"\neq", "≤": r"\le"}


def _display(left: Expr, relation: str, right: Expr) -> str:
    return f"{latex(left)} {SIGNS[relation]} {latex(right)}"


def _claim_markdown(claim: Claim) -> str:
    lines = [f"### {claim.name}", "", claim.statement, ""]
    if claim.source:
        lines += [f"*{claim.source}*", ""]
    where = [f"${latex(d)} = {latex(d.body)}$" for d in definitions(claim)] + sampling(claim)
    if where:
        lines += ["where " + ", ".join(where) + ".", ""]
    for number, (step, evidence) in enumerate(relations(claim), 1):
        lines += [f"{number}. {sentence(step.reason)}", ""]
        lines += [f"   $$ {_display(step.left, step.relation, step.right)} $$", ""]
        lines += [f"   <small>✓ {evidence.proof}; {evidence.exact}</small>", ""]
    return "\n".join(lines)


def sentence(reason: str) -> str:
    """A reason as a sentence; a symbol that it starts with stays as it is, and so does a full stop at its end."""
    word = re.match("(?![a-z]+ =)[a-z]{2}|a [a-z]{2}", reason)
    whole = (reason[:1].upper() if word else reason[:1]) + reason[1:]
    return f"{whole}." if reason and not reason.endswith(".") else whole


def _catalogue_markdown() -> str:
    lines = []
    for name in CHAPTERS:
        chapter = load(name)
        lines += [f"## {chapter.title}", ""]
        lines += [f"- **{claim.name}**: {claim.statement}" for claim in chapter.claims]
        lines.append("")
    return "\n".join(lines)


def _claim_latex(claim: Claim) -> str:
    lines = [rf"\paragraph{{{claim.name}}} {_escaped(claim.statement)}"]
    for d in definitions(claim):
        lines.append(rf"\[ {latex(d)} = {latex(d.body)} \]")
    lines += [f"where {_escaped(described)}." for described in sampling(claim)]
    for step, evidence in relations(claim):
        lines.append(rf"\[ {_display(step.left, step.relation, step.right)} \]")
        lines.append(rf"% {step.reason}; {evidence.proof}; {evidence.exact}")
        if step.reason:
            lines.append(_escaped(sentence(step.reason)))
    return "\n".join(lines) + "\n"


def _escaped(prose: str) -> str:
    """Set the mathematical letters of prose as mathematics."""
    letters = {written: in_latex(name) for name, written in GREEK.items()}
    plain = unicodedata.normalize("NFD", prose)
    hatted = re.sub("(\\w)\u0302", lambda found: f"$\\hat{{{letters.get(found[1], found[1])}}}$", plain)
    whole = unicodedata.normalize("NFC", re.sub(r"_(\w(?:\(\w\))?)", r"$_{\1}$", hatted))
    return "".join(part if part[0] == "$" else _set(part) for part in re.split(r"(\$[^$]*\$)", whole) if part).replace(
        "$$", ""
    )


def _set(plain: str) -> str:
    return "".join(_PROSE.get(c, c) for c in plain)


def _catalogue_latex() -> str:
    lines = []
    for name in CHAPTERS:
        chapter = load(name)
        lines += [rf"\section*{{{chapter.title}}}", r"\begin{itemize}"]
        lines += [rf"\item \textbf{{{claim.name}}}: {_escaped(claim.statement)}" for claim in chapter.claims]
        lines.append(r"\end{itemize}")
    return "\n".join(lines) + "\n"


_PROSE = {
    **{written: f"${in_latex(name)}$" for name, written in GREEK.items()},
    **{low: f"$_{{{plain}}}$" for plain, low in SUBSCRIPTS.items()},
    **{high: f"$^{{{plain}}}$" for plain, high in SUPERSCRIPTS.items()},
    "Σ": r"$\Sigma$",
    "∂": r"$\partial$",
    "√": r"$\surd$",
    "−": "$-$",
    "≠": r"$\neq$",
    "≤": r"$\le$",
    "…": r"$\dots$",
    "%": r"\%",
    "_": r"\_",
}

_CLAIM: dict[str, Callable[[Claim], str]] = {
    "text": _claim_text,
    "markdown": _claim_markdown,
    "latex": _claim_latex,
}
_CATALOGUE: dict[str, Callable[[], str]] = {
    "text": _catalogue_text,
    "markdown": _catalogue_markdown,
    "latex": _catalogue_latex,
}
