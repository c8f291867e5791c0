"""Drawings as SVG text: everything that is written into one is cleaned and escaped."""

from collections.abc import Iterable

from markupsafe import Markup, escape

from normspec.clean import one_line


def tag(name: str, *children: str, **attributes: object) -> Markup:
    """Return an element. class_ is class, view_box viewBox, other underscores are hyphens; None is left out."""
    given = "".join(
        f' {_ATTRIBUTES.get(key) or key.replace("_", "-")}="{_plain(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(child if isinstance(child, Markup) else escape(one_line(child)) for child in children)
    return Markup(f"<{name}{given}>{inner}</{name}>" if inner else f"<{name}{given}/>")


_ATTRIBUTES = {"class_": "class", "view_box": "viewBox"}


def _plain(value: object) -> Markup:
    """Return an attribute's value: numbers are short, and text that is not ours is cleaned."""
    if isinstance(value, Markup):
        return value
    return escape(f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else one_line(str(value)))


def drawing(width: float, height: float, title: str, children: Iterable[Markup]) -> Markup:
    """Return a picture; the title is what people who do not see it are told."""
    return tag("svg", *children, view_box=f"0 0 {width:g} {height:g}", role="img", aria_label=title)


def dots(places: Iterable[tuple[float, float]], class_: str, stroke: str = "h0") -> Markup:
    """Return many dots as one path: short strokes, whose class says how thick they are and how they end."""
    path = "".join(f"M{x:.0f} {y:.0f}{stroke}" for x, y in places)
    return tag("path", d=Markup(path), class_=class_) if path else Markup("")


def line(places: Iterable[tuple[float, float]], class_: str) -> Markup:
    """Return a line through places."""
    path = "L".join(f"{x:.0f} {y:.0f}" for x, y in places)
    return tag("path", d=Markup(f"M{path}"), class_=class_) if path else Markup("")


def bars(places: Iterable[tuple[float, float]], base: float, wide: float, class_: str) -> Markup:
    """Return bars that stand on a base, as one path: each from its left upper corner."""
    path = "".join(f"M{x:.1f} {y:.0f}h{wide:.1f}V{base:.0f}h-{wide:.1f}z" for x, y in places)
    return tag("path", d=Markup(path), class_=class_)


def text(x: float, y: float, words: str, anchor: str | None = None, class_: str | None = None) -> Markup:
    """Return words at a place; anchor is start, middle or end."""
    return tag("text", words, x=x, y=y, text_anchor=anchor, class_=class_)
