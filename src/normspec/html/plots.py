"""The plots of a report. Each is a row of panels, one a dtype, so that they stand below each other on a phone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite

from markupsafe import Markup

from normspec.html.scales import LogScale, Scale, power
from normspec.html.svg import bars, dots, drawing, line, tag, text
from normspec.properties.followed import Seen
from normspec.properties.observations import ULP, Observations

WIDTH, HEIGHT = 260, 190
LEFT, RIGHT, TOP, BOTTOM = 38, 8, 10, 34
STROKES = ("h0", "h0", "m0-2v4", "m-2 0h4", "m-1.5-1.5l3 3", "m-1.5 1.5l3-3")
"""How the dots of a series are drawn: round, square, upright, lying, falling, rising. Further series begin again."""

RATIO_ENDS = (-4, 3)
"""Powers of ten between which errors over tolerance are shown, as they are counted."""


def look(number: int) -> str:
    """Return the class of a series."""
    return f"s{number % len(STROKES)}"


def stroke(number: int) -> str:
    """Return how the dots of a series are drawn."""
    return STROKES[number % len(STROKES)]


def conditioning(found: Sequence[Observations]) -> Markup:
    """Plot error over tolerance against condition number for one dtype; found has one entry a series."""
    places = [place for each in found for place in each.cells]
    last = max((condition // 2 + 1 for condition, _ in places), default=1)
    x = LogScale(min((condition // 2 for condition, _ in places), default=0), max(last, 1), LEFT, WIDTH - RIGHT)
    y = LogScale(*RATIO_ENDS, HEIGHT - BOTTOM, TOP)
    marks = [mark for number, each in enumerate(found) for mark in _cells(each, number, len(found), x, y)]
    title = f"{found[0].dtype}: error over tolerance against condition number"
    axes = [*_x_axis(x, "condition number"), *_y_axis(y)]
    return drawing(WIDTH, HEIGHT, title, [*axes, _tolerance_across(y), *marks])


def _cells(found: Observations, number: int, series: int, x: LogScale, y: LogScale) -> Iterable[Markup]:
    """Draw a dot a cell, thicker where it counts more steps; the series of a cell stand beside each other."""
    sized: dict[int, list[tuple[float, float]]] = {}
    for (condition, ratio), steps in sorted(found.cells.items()):
        place = x.at((condition + (number + 0.5) / series) / 2), y.at((ratio + 0.5) / 4)
        sized.setdefault(min(len(str(steps)), 3), []).append(place)
    return [dots(places, f"dot {look(number)} n{size}", stroke(number)) for size, places in sized.items()]


def accuracy(found: Sequence[Observations], names: Sequence[str]) -> Markup:
    """Plot the error over tolerance of implementations in one dtype: largest, middle half, median."""
    row = 34
    height = TOP + row * len(found) + BOTTOM
    x = LogScale(*RATIO_ENDS, 8, WIDTH - RIGHT)
    parts = list(_x_axis(x, "error over tolerance", height))
    parts.append(line([(x.at(0), TOP), (x.at(0), height - BOTTOM)], "limit"))
    for number, (each, name) in enumerate(zip(found, names, strict=True)):
        y = TOP + row * number
        parts.append(text(8, y + 10, name if len(name) <= 40 else f"{name[:38]}…", class_="name"))
        parts += _strip(each, number, x, y + 21)
    title = f"{found[0].dtype}: error over tolerance of {', '.join(names)}"
    return drawing(WIDTH, height, title, parts)


def _strip(found: Observations, number: int, x: LogScale, y: float) -> list[Markup]:
    counts: dict[int, int] = {}
    for (_, ratio), steps in found.cells.items():
        counts[ratio] = counts.get(ratio, 0) + steps
    if not counts:
        return [text(8, y + 4, "no step had a bound", class_="tick")]
    low, middle, high = (_quantile(counts, share) for share in (0.25, 0.5, 0.75))
    places = [x.at((place + 0.5) / 4) for place in (min(counts), low, middle, high)]
    worst = x(found.largest_ratio)
    return [
        line([(places[0], y), (worst, y)], f"range {look(number)}"),
        line([(places[1], y), (places[3], y)], f"half {look(number)}"),
        dots([(places[2], y)], "median"),
        line([(worst, y - 5), (worst, y + 5)], f"range {look(number)}"),
    ]


def _quantile(counts: Mapping[int, int], share: float) -> int:
    """Return the bin in which the cumulated count reaches a share of the whole."""
    total, below = sum(counts.values()), 0
    for place in sorted(counts):
        below += counts[place]
        if below >= share * total:
            return place
    return max(counts)


def histogram(found: Sequence[Observations]) -> Markup:
    """Plot how many steps have which error in ulp of the largest element, for one dtype."""
    places = [place for each in found for place in each.ulps]
    first, last = min((*places, -3)), max((*places, 3))
    shares = [_shares(each) for each in found]
    top = max((share for of in shares for share in of.values()), default=1.0)
    x, y = Scale(first, last + 1, LEFT, WIDTH - RIGHT), Scale(0, max(top, 0.05), HEIGHT - BOTTOM, TOP)
    wide = (x(1) - x(0)) * 0.86 / len(found)
    drawn = [
        bars([(x(k) + wide * number, y(share)) for k, share in of.items()], y(0), wide, f"bar {look(number)}")
        for number, of in enumerate(shares)
    ]
    step = ceil((last - first) / 6)
    ticks = [k for k in range(first, last + 1) if k % step == 0]
    below = [text(x(k), HEIGHT - BOTTOM + 13, _ulp_name(k), "middle", "tick") for k in ticks]
    left = [_grid(y(tick), f"{100 * tick:.0f} %") for tick in y.ticks(5)]
    name = text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 5, "error in ulp, at least", "middle", "axis")
    return drawing(
        WIDTH, HEIGHT, f"{found[0].dtype}: how many steps have which error in ulp", [*left, *drawn, *below, name]
    )


def _ulp_name(k: int) -> str:
    return "0" if k == ULP.first else f"1/{2**-k}" if -4 <= k < 0 else power(k, 2) if k < -4 or k > 6 else str(2**k)


def _shares(found: Observations) -> dict[int, float]:
    total = sum(found.ulps.values())
    return {k: steps / total for k, steps in sorted(found.ulps.items())}


@dataclass(frozen=True)
class Track:
    """One series of running statistics: its number among the series, and its steps."""

    number: int
    seen: tuple[Seen, ...]


def running(statistic: str, dtype: str, tracks: Sequence[Track]) -> Markup:
    """Plot a running statistic over the steps: its value above, and below where it lies in the derived envelope."""
    height, split = 230, 104
    longest = max(len(track.seen) for track in tracks)
    x = Scale(1, max(longest, 2), LEFT, WIDTH - RIGHT)
    every = [seen for track in tracks for seen in track.seen]
    values = [v for seen in every for v in (seen.exact, seen.observed) if isfinite(v)] or [0.0]
    low, high = min(values), max(values)
    room = (high - low) * 0.06 or 1.0
    y = Scale(low - room, high + room, split, TOP)
    zoom = Scale(-2, 2, height - BOTTOM, split + 22)
    parts = [_grid(y(tick), f"{tick:g}") for tick in y.ticks(4)]
    parts.append(tag("rect", x=LEFT, y=zoom(1), width=WIDTH - RIGHT - LEFT, height=zoom(-1) - zoom(1), class_="band"))
    parts += [_grid(zoom(end), words) for end, words in ((1, "most"), (0, "exact"), (-1, "least"))]
    first = tracks[0].seen
    ends = [(x(step), y(s.low)) for step, s in enumerate(first, 1)] + [
        (x(k), y(first[k - 1].high)) for k in range(len(first), 0, -1)
    ]
    parts.append(line(ends, "band"))
    exact = [(x(step), y(seen.exact)) for step, seen in enumerate(first, 1)]
    parts.append(line(exact, "exact"))
    for track in tracks:
        steps = [(x(step), seen) for step, seen in enumerate(track.seen, 1) if isfinite(seen.observed)]
        parts.append(
            dots([(at, y(seen.observed)) for at, seen in steps], f"dot {look(track.number)} n1", stroke(track.number))
        )
        within = [(at, zoom(_share(seen))) for at, seen in steps]
        parts.append(line(within, f"range {look(track.number)}"))
    parts += [text(x(tick), height - BOTTOM + 13, f"{tick:g}", "middle", "tick") for tick in x.ticks(6)]
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, height - 5, "training step", "middle", "axis"))
    return drawing(WIDTH, height, f"{dtype}: {statistic} over training steps, in its derived envelope", parts)


def _share(seen: Seen) -> float:
    """Return where a value lies: -1 at the least that may be computed, 0 at what is exact, 1 at the most."""
    away = seen.observed - seen.exact
    reach = seen.high - seen.exact if away >= 0 else seen.exact - seen.low
    return away / reach if reach > 0 else 0.0 if away == 0 else 9.0 if away > 0 else -9.0


def _x_axis(x: LogScale, name: str, height: float = HEIGHT) -> Iterable[Markup]:
    base = height - BOTTOM
    yield line([(x.start, base), (x.end, base)], "rule")
    for tick in x.ticks(6):
        yield line([(x.at(tick), base), (x.at(tick), base + 3)], "rule")
        yield text(x.at(tick), base + 13, _named(tick, x), "middle", "tick")
    yield text((x.start + x.end) / 2, height - 5, name, "middle", "axis")


def _y_axis(y: LogScale) -> Iterable[Markup]:
    return (_grid(y.at(tick), _named(tick, y)) for tick in y.ticks(8))


def _named(tick: int, scale: LogScale) -> str:
    """Return a power of ten; at an end of a scale it stands for all beyond it, too."""
    return f"{'≤ ' if tick == scale.low else '≥ ' if tick == scale.high else ''}{power(tick)}"


def _grid(place: float, words: str) -> Markup:
    rule = line([(LEFT, place), (WIDTH - RIGHT, place)], "grid")
    return rule + text(LEFT - 5, place + 3.5, words, "end", "tick")


def _tolerance_across(y: LogScale) -> Markup:
    limit = line([(LEFT, y.at(0)), (WIDTH - RIGHT, y.at(0))], "limit")
    return limit + text(WIDTH - RIGHT - 2, y.at(0) - 4, "tolerance", "end", "limit-name")
