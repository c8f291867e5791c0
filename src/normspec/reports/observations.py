"""Observations as plain data and back, in the form that schemas/report.schema.json describes."""

from dataclasses import astuple

from normspec.properties.followed import Seen
from normspec.properties.observations import CONDITION, RATIO, ULP, Bins, Observations
from normspec.spec.formats import FORMATS
from normspec.spec.node import Node
from normspec.spec.plain import Plain

_NAMES = ("target", "operation", "dtype")
_COUNTS = ("cells", "ulps", "largest_ratio", "largest_ulps", "traces")
_LONGEST_TRACE = 1000


def plain_number(value: float) -> float | str:
    """Return a finite number as it is; JSON has no other, so that they become strings."""
    return value if abs(value) < float("inf") else str(value)


def plain_observations(found: Observations) -> Plain:
    """Return observations as plain data; the same ones give the same data."""
    return {
        **{name: getattr(found, name) for name in _NAMES},
        "cells": [[*place, count] for place, count in sorted(found.cells.items())],
        "ulps": [[place, count] for place, count in sorted(found.ulps.items())],
        "largest_ratio": plain_number(found.largest_ratio),
        "largest_ulps": plain_number(found.largest_ulps),
        "traces": {name: [list(map(plain_number, astuple(seen))) for seen in of] for name, of in found.traces.items()},
    }


def observations_from(node: Node) -> Observations:
    """Return the observations that plain data holds. Raises PlainError, naming the place, when it holds none."""
    record = node.record(*_NAMES, *_COUNTS)
    cells = [_numbered(item, CONDITION, RATIO) for item in record["cells"].items()]
    ulps = [_numbered(item, ULP) for item in record["ulps"].items()]
    return Observations(
        target=record["target"].text(),
        operation=record["operation"].text(),
        dtype=record["dtype"].one_of(*FORMATS),
        cells={(condition, ratio): count for condition, ratio, count in cells},
        ulps={pair[0]: pair[1] for pair in ulps},
        largest_ratio=record["largest_ratio"].size(),
        largest_ulps=record["largest_ulps"].size(),
        traces={name: _trace(of) for name, of in record["traces"].entries()},
    )


def _numbered(node: Node, *bins: Bins) -> tuple[int, ...]:
    items = node.items()
    if len(items) != len(bins) + 1:
        raise node.wrong(f"{len(bins)} bins and a count")
    places = [item.whole(each.first, each.last) for item, each in zip(items, bins, strict=False)]
    return (*places, items[-1].count())


def _trace(node: Node) -> tuple[Seen, ...]:
    if len(node.items()) > _LONGEST_TRACE:
        raise node.wrong(f"at most {_LONGEST_TRACE} steps")
    return tuple(_seen(item) for item in node.items())


def _seen(node: Node) -> Seen:
    numbers = [item.number() for item in node.items()]
    if len(numbers) != 4:
        raise node.wrong("four numbers")
    return Seen(*numbers)
