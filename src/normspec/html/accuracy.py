"""The part of a page that is looked at: for each operation the plots and the largest errors."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

from markupsafe import Markup

from normspec.html.plots import Track, accuracy, conditioning, histogram, look, running, stroke
from normspec.properties.observations import Observations
from normspec.reports.groups import by
from normspec.spec.formats import FORMATS


@dataclass(frozen=True)
class Figure:
    """A row of panels with what they show, in words."""

    title: str
    words: str
    panels: tuple[tuple[str, Markup], ...]


@dataclass(frozen=True)
class Largest:
    """The largest errors of one implementation: a number for each dtype, over the tolerance and in ulp."""

    target: str
    ratios: tuple[str, ...]
    ulps: tuple[str, ...]


@dataclass(frozen=True)
class Sight:
    """What there is to see of one operation."""

    operation: str
    series: tuple[tuple[str, str, str], ...]
    dtypes: tuple[str, ...]
    figures: tuple[Figure, ...]
    largest: tuple[Largest, ...]


def sights(observations: Sequence[Observations]) -> list[Sight]:
    """Return what there is to see, operation by operation; nothing of those of which nothing was observed."""
    seen = [each for each in observations if each.cells or each.ulps or each.traces]
    return [_sight(list(of)) for of in by(lambda each: each.operation, seen)]


def _sight(seen: list[Observations]) -> Sight:
    targets = list(dict.fromkeys(each.target for each in seen))
    dtypes = [dtype for dtype in FORMATS if any(each.dtype == dtype for each in seen)]
    found = {(each.target, each.dtype): each for each in seen}
    operation = seen[0].operation
    rows = [[found.get((t, d), Observations(t, operation, d)) for t in targets] for d in dtypes]
    counted = [row for row in rows if any(each.cells for each in row)]
    figures = (
        _who(counted),
        Figure(
            "Error and condition",
            "The same errors against the condition number of the step's worst group, its mean magnitude over √(v + ε)."
            " A dot is all the steps nearby, larger where they are ten or a hundred.",
            tuple((row[0].dtype, conditioning(row)) for row in counted),
        ),
        Figure(
            "Errors in ulp",
            "The share of steps by their largest error, in ulp of the output's largest element. Beyond 1 lie the"
            " ill-conditioned ones, whose tolerance is as wide. Bars stand in the order of the key.",
            tuple((row[0].dtype, histogram(row)) for row in rows if any(each.ulps for each in row)),
        ),
        Figure(
            "Running statistics",
            "One layer, trained on normal numbers. Above, the statistic of the first group; below, where it lies"
            " between the least and the most that the derived rule allows after that many steps.",
            tuple(_tracks(rows)),
        ),
    )
    return Sight(
        operation,
        tuple((target, look(number), stroke(number)) for number, target in enumerate(targets)),
        tuple(dtypes),
        tuple(figure for figure in figures if figure.panels),
        tuple(
            Largest(
                target,
                tuple(_number(found.get((target, d)), "largest_ratio") for d in dtypes),
                tuple(_number(found.get((target, d)), "largest_ulps") for d in dtypes),
            )
            for target in targets
        ),
    )


def compared(observations: Sequence[Observations]) -> list[tuple[str, Figure]]:
    """Return for each operation the figure that has all its implementations in one picture."""
    of_operation = by(lambda each: each.operation, [each for each in observations if each.cells])
    return [(of[0].operation, _who(by(lambda each: each.dtype, of))) for of in of_operation]


def _who(rows: Iterable[Sequence[Observations]]) -> Figure:
    """Return how accurate each is, a panel for each row, which is a dtype."""
    return Figure(
        "Who is how accurate",
        "The error of y over its tolerance, in every step that normalizes with its own statistics: from the"
        " smallest to the largest, with the middle half and the median. Failures are in it.",
        tuple((row[0].dtype, accuracy(row, [each.target for each in row])) for row in rows),
    )


def _tracks(rows: list[list[Observations]]) -> list[tuple[str, Markup]]:
    panels = []
    for row in rows:
        names = dict.fromkeys(name for each in row for name in each.traces)
        for name in names:
            tracks = [Track(number, each.traces[name]) for number, each in enumerate(row) if each.traces.get(name)]
            if tracks:
                panels.append((f"{name}, {row[0].dtype}", running(name, row[0].dtype, tracks)))
    return panels


def _number(found: Observations | None, name: str) -> str:
    value = getattr(found, name) if found is not None and found.cells else None
    return "" if value is None else f"{value:.3g}" if isfinite(value) else "∞"
