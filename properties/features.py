"""Features of a case that a record of known failures may name."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from normspec.spec.case import Case
from normspec.spec.formats import FORMATS, Array
from normspec.spec.operations import OPERATIONS


def features(case: Case) -> Mapping[str, Any]:
    """Return the features of a case by name: plain words, numbers and truth values."""
    forwards = [step.input for step in case.script if step.verb != "backward"]
    largest = max(forwards, key=lambda x: x.size)
    return {
        "layout": case.layout,
        "rank": largest.ndim,
        "regime": case.regime,
        "large_group": OPERATIONS[case.operation].groups(largest.shape).members > 64,
        "stale_backward": any(stale(case, index) for index in range(len(case.script))),
        "squares_overflow": any(squares_overflow(x) for x in forwards),
        "momentum_none": case.attributes.get("momentum") is None,
    }


def stale(case: Case, index: int) -> bool:
    """Return whether a training step stands between the backward step `index` and the forward step it belongs to."""
    origin = case.script[index].of
    return origin is not None and any(step.verb == "train" for step in case.script[origin + 1 : index])


def squares_overflow(x: Array) -> bool:
    """Return whether the sum of squares of x may leave the range of x's own format."""
    values = np.abs(x.astype(np.float64))
    return bool(values.size and values.max() > np.sqrt(FORMATS[x.dtype.name].largest / values.size) / 4)
