"""Pieces of Markdown pages: what Sphinx and MyST understand."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from normspec.handbook.prose import markdown


def raw(inner: Markup) -> str:
    """Return HTML that goes to the page as it is."""
    return f"``````{{raw}} html\n{inner}\n``````"


def toctree(entries: Iterable[str], *, hidden: bool = False, caption: str = "") -> str:
    """Return a table of contents."""
    options = (":hidden:\n" if hidden else "") + (f":caption: {caption}\n" if caption else "")
    return "```{toctree}\n" + options + "\n" + "\n".join(entries) + "\n```\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], style: str = "") -> str:
    """Return a table; the cells are Markdown already."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]
    body = "\n".join(lines)
    return f":::{{container}} wide {style}\n{body}\n:::\n"


def block(text: str) -> str:
    """Return text as a block of code; it has no backticks, or they stay within a longer fence."""
    fence = "`" * max(3, 1 + max(map(len, _runs(text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def figure(inner: Markup, caption: Markup) -> Markup:
    """Return a picture with what is said below it."""
    return Markup("<figure>{}<figcaption>{}</figcaption></figure>").format(inner, caption)


def folded(summary: str, body: str) -> str:
    """Return Markdown that is shown after a click on its summary."""
    opened = Markup("<details><summary>{}</summary>").format(summary)
    return f"{raw(opened)}\n\n{body}\n\n{raw(Markup('</details>'))}"


def code(text: str) -> str:
    """Return text as code in a line; backticks in it stay what they are."""
    fence = "`" * (1 + max((len(run) for run in _runs(text)), default=0))
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text.replace('|', chr(92) + '|')}{pad}{fence}" if text.strip() else markdown(text)


def _runs(text: str) -> list[str]:
    return ["`" * len(run) for run in "".join(c if c == "`" else " " for c in text).split()]
