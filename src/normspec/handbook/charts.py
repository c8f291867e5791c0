"""Small line charts, drawn as SVG in the colours of the pages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from normspec.html.scales import Scale
from normspec.html.svg import drawing, tag, text

WIDTH, HEIGHT = 400.0, 210.0
LEFT, RIGHT, TOP, BOTTOM = 40.0, 12.0, 12.0, 36.0

Place = tuple[float, float]


@dataclass(frozen=True)
class Series:
    """One thing to compare: its name, its places, whether they are joined by a line, and what comes where none is."""

    name: str
    places: Sequence[Place]
    joined: bool = True
    elsewhere: str = ""


@dataclass(frozen=True)
class Chart:
    """Series over the same axes, each axis with its name and its ends."""

    title: str
    across: str
    upwards: str
    series: tuple[Series, ...]
    x: Place
    y: Place


def drawn(chart: Chart) -> Markup:
    """Draw a chart, with what its colours mean below it."""
    x, y = Scale(*chart.x, LEFT, WIDTH - RIGHT), Scale(*chart.y, HEIGHT - BOTTOM, TOP)
    marks = [mark for number, each in enumerate(chart.series) for mark in _marks(each, number, x, y)]
    picture = drawing(
        WIDTH, HEIGHT, f"{chart.title}: {chart.upwards} over {chart.across}", [*_axes(chart, x, y), *marks]
    )
    keys = Markup("").join(_key(each, number) for number, each in enumerate(chart.series))
    return Markup('<figure class="chart"><figcaption><b>{}</b></figcaption>{}<ul class="keys">{}</ul></figure>').format(
        chart.title, picture, keys
    )


def _key(series: Series, number: int) -> Markup:
    where = " where nothing is drawn" if series.places else ""
    instead = f": {series.elsewhere}{where}" if series.elsewhere else ""
    look = f"{'k' if series.joined else 'p'}{number}" if series.places else "none"
    return Markup('<li class="{}">{}{}</li>').format(look, series.name, instead)


def _marks(series: Series, number: int, x: Scale, y: Scale) -> Iterator[Markup]:
    places = [(x(across), y(up)) for across, up in series.places]
    if not series.joined:
        path = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in places)
        yield tag("path", d=Markup(path), class_=f"dot s{number}")
    elif places:
        path = "L".join(f"{a:.1f} {b:.1f}" for a, b in places)
        yield tag("path", d=Markup(f"M{path}"), class_=f"curve s{number}")


def _axes(chart: Chart, x: Scale, y: Scale) -> Iterator[Markup]:
    for tick in y.ticks(5):
        yield tag("path", d=Markup(f"M{LEFT:g} {y(tick):.1f}H{WIDTH - RIGHT:g}"), class_="grid")
        yield text(LEFT - 6, y(tick) + 3.5, _number(tick), "end")
    for tick in x.ticks(7):
        yield text(x(tick), HEIGHT - BOTTOM + 15, _number(tick), "middle")
    yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4, chart.across, "middle", "axis")


def _number(value: float) -> str:
    return f"{value + 0.0:.6g}".replace("-", "−")
