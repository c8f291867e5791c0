"""Scalers of data by their definition, from raw moments: what was seen and what is new are taken as one sample."""

from collections.abc import Mapping
from typing import Any

import mpmath
import numpy as np

Numbers = Any
Arrays = dict[str, Numbers]


def fitted(a: Arrays, attributes: Mapping[str, Any]) -> Arrays:
    """Return what is kept after a fit to x: the moments or the ends of all that was seen, each column by itself."""
    x, columns = a["x"], range(a["x"].shape[1])
    names = [name for name in a if name.startswith("running_")]
    pool, nothing = (_moments, 0) if "running_mean" in a else (_ends, None)
    before = [{name: nothing if attributes["refit"] else a[name][at] for name in names} for at in columns]
    found = [pool(kept, list(x[:, at])) for at, kept in zip(columns, before, strict=True)]
    return {name: np.array([each[name] for each in found], dtype=object) for name in names}


def _moments(kept: Mapping[str, Any], column: list[Any]) -> dict[str, Any]:
    n = kept["running_count"]
    count = n + len(column)
    first = (n * kept["running_mean"] + sum(column)) / count
    second = (n * (kept["running_var"] + kept["running_mean"] ** 2) + sum(value**2 for value in column)) / count
    return {"running_count": count, "running_mean": first, "running_var": second - first**2}


def _ends(kept: Mapping[str, Any], column: list[Any]) -> dict[str, Any]:
    seen = column + [end for end in kept.values() if end is not None and mpmath.isfinite(end)]
    return {"running_min": min(seen), "running_max": max(seen)}


def scaled(x: Numbers, kept: Arrays) -> Numbers:
    """Return x scaled by what is kept."""
    if "running_mean" in kept:
        deviation = np.frompyfunc(mpmath.sqrt, 1, 1)(np.asarray(kept["running_var"], dtype=object))
        return (x - kept["running_mean"]) / deviation
    return (x - kept["running_min"]) / (kept["running_max"] - kept["running_min"])
