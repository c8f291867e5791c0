"""Measurements that are made up: entries of a table of grades."""

from dataclasses import replace

import door_fakes

from normspec.properties.accuracy import Entry, Largest
from normspec.properties.measure import Place


def entry(grade="A", *, output="y", layout="contiguous", dtype="float32", ulps=2.5, **changes):
    place = Place("fake", "batch_norm", dtype, "train", output, layout)
    case = door_fakes.small_case(dtype).but(layout=layout)
    numbers = {"ulps": Largest(ulps, 20.0, case), "of_bound": Largest(0.25, 1.0, case)}
    return replace(Entry(place, "B1", grade, case, numbers, 9, 1), **changes)
