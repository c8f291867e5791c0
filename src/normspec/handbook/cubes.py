"""Partitions as the well-known cubes: batch into the page, channels across, space upwards, one part coloured."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from normspec.html.svg import drawing, tag, text
from normspec.spec.formats import Array
from normspec.spec.operations import Operation
from normspec.spec.operations.operation import Attributes
from normspec.spec.partition import Partition, Shape

SHAPE = (3, 6, 4)  # samples, channels, places
MATRIX = (4, 6)
IMAGE, TENSOR = ("N", "C", "H, W"), ("axis 0", "axis 1", "axis 2")
UNIT, LEAN, RISE = 15.0, 8.0, 6.0  # a cell's side, and how far the next sample stands behind: across and up
MARGIN, FOOT = 16.0, 20.0


@dataclass(frozen=True)
class Cube:
    """Which cells of a block are in the coloured part: true or false for each sample, channel and place."""

    chosen: Array
    names: tuple[str, str, str]

    @property
    def counts(self) -> Shape:
        """Return how many samples, channels and places there are."""
        return self.chosen.shape


def example_shape(operation: Operation) -> Shape:
    """Return the shape that an operation is drawn with."""
    return SHAPE if len(SHAPE) in operation.ranks else MATRIX


def cube(partition: Partition, names: tuple[str, str, str] = IMAGE) -> Cube:
    """Return the cube of a partition; the coloured part is the one of the corner in front."""
    part = partition.spread_over(np.arange(partition.parts))
    if part.ndim == 2:
        return Cube((part == part[0, -1]).T[np.newaxis], ("", *TENSOR[1::-1]))
    return Cube(part == part[0, -1, 0], names)


def picture(operation: Operation, which: str, attributes: Attributes) -> Markup:
    """Draw the groups or the blocks of an operation."""
    of: Callable[[Shape, Attributes], Partition] = getattr(operation, which)
    partition = of(example_shape(operation), attributes)
    title = f"{which} of {operation.name}: {partition.parts}, each of {partition.members} elements; one is coloured"
    weight = "axis" in attributes or operation.name.startswith("weight_")
    return drawn(cube(partition, TENSOR if weight else IMAGE), title, which)


def drawn(of: Cube, title: str, style: str) -> Markup:
    """Draw a cube: the front, the top and the right side of a block of cells."""
    depth, across, up = (of.chosen.shape[0], of.chosen.shape[1], of.chosen.shape[2])
    wide, high = across * UNIT + depth * LEAN + 2 * MARGIN + FOOT, up * UNIT + depth * RISE + MARGIN + FOOT
    left, bottom = MARGIN + FOOT, high - FOOT
    cells = sorted(_cells(of, left, bottom), key=lambda cell: cell[1])
    shapes = [tag("path", d=Markup(path), class_=f"cell {style}" if on else "cell") for path, on in cells]
    return drawing(wide, high, title, [*shapes, *_names(of, left, bottom)])


def _cells(of: Cube, left: float, bottom: float) -> Iterator[tuple[str, bool]]:
    """Yield the outline of every cell that is seen, and whether it is in the part."""
    depth, across, up = of.chosen.shape
    for c in range(across):
        for s in range(up):
            yield _outline(left, bottom, (c, up - 1 - s, 0), (1, 0, 0), (0, 1, 0)), bool(of.chosen[0, c, s])
        for n in range(depth):
            yield _outline(left, bottom, (c, up, n), (1, 0, 0), (0, 0, 1)), bool(of.chosen[n, c, 0])
    for n in range(depth):
        for s in range(up):
            yield _outline(left, bottom, (across, up - 1 - s, n), (0, 1, 0), (0, 0, 1)), bool(of.chosen[n, -1, s])


def _outline(left: float, bottom: float, corner: Shape, first: Shape, second: Shape) -> str:
    """Return the path around a cell, from its corner along two directions; places are (across, up, depth)."""
    walk = (corner, _moved(corner, first), _moved(_moved(corner, first), second), _moved(corner, second))
    places = ((left + c * UNIT + n * LEAN, bottom - s * UNIT - n * RISE) for c, s, n in walk)
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places) + "Z"


def _moved(place: Shape, by: Shape) -> Shape:
    return tuple(a + b for a, b in zip(place, by, strict=True))


def _names(of: Cube, left: float, bottom: float) -> Iterator[Markup]:
    depth, across, up = of.chosen.shape
    behind, channel, place = of.names
    yield text(left + across * UNIT / 2, bottom + 13, channel, "middle")
    yield text(left - 5, bottom - up * UNIT / 2 + 3, place, "end")
    if behind:
        yield text(left + depth * LEAN / 2 - 8, bottom - up * UNIT - depth * RISE / 2 - 2, behind, "end")
