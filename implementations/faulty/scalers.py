"""Faults of scalers that are fitted in parts: how what was seen before and what is new are put together."""

from collections.abc import Callable

from normspec.implementations.contract import Implementation
from normspec.implementations.faulty.fault import Fault, by_rows, class_of, with_parts
from normspec.implementations.numpy.scalers import Learn, Seen
from normspec.spec.case import Case

SCALERS = ("standard_scaler", "min_max_scaler")
STANDARD = SCALERS[:1]


def _pooled(change: Callable[[Seen, Seen], Seen]) -> Callable[[Learn], Learn]:
    """Return the wrapper by which some of what is pooled is something else."""
    return lambda correct: lambda old, new: {**correct(old, new), **change(old, new)}


def _averaged_variance(old: Seen, new: Seen) -> Seen:
    n, m = old["running_count"], new["running_count"]
    return {"running_var": (n * old["running_var"] + m * new["running_var"]) / (n + m)}


def _equal_weights(old: Seen, new: Seen) -> Seen:
    return {"running_mean": (old["running_mean"] + new["running_mean"]) / old["running_mean"].dtype.type(2)}


def _count_of_new(old: Seen, new: Seen) -> Seen:
    return {"running_count": new["running_count"]}


def _never_anew(correct: Implementation) -> Implementation:
    def create(case: Case, **parts: object) -> object:
        return class_of(correct)(case.but(attributes={**case.attributes, "refit": False}), **parts)

    return with_parts(correct, create)


def _never_widened(old: Seen, new: Seen) -> Seen:
    return {name: values for name, values in old.items() if name != "running_count"}


FAULTS = (
    by_rows(
        "parts-without-distance",
        "syncbn-unequal-count",
        "fitted in parts, the variances are averaged: the distance of the parts' means is left out",
        "the variance of two parts with unequal means is too small",
        STANDARD,
        pool=_pooled(_averaged_variance),
    ),
    by_rows(
        "parts-equally-weighed",
        "syncbn-unequal-count",
        "fitted in parts, the means are averaged, whatever the parts' sizes",
        "the mean of two parts of unequal size is wrong",
        STANDARD,
        pool=_pooled(_equal_weights),
    ),
    by_rows(
        "parts-count-overwritten",
        "half-precision-counts-or-stats",
        "fitted in parts, the count is that of the last part",
        "the third part weighs too much",
        STANDARD,
        pool=_pooled(_count_of_new),
    ),
    by_rows(
        "parts-first-alone",
        "ema-invariant-violated",
        "fitted in parts, the statistics stay those of the first one",
        "the second part does not move the statistics",
        SCALERS,
        pool=_pooled(_never_widened),
    ),
    Fault(
        "fit-not-anew",
        "state-roundtrip",
        "a fit that is to start anew goes on from what was seen before",
        "after a fit to other data the statistics are not those of that data alone",
        SCALERS,
        _never_anew,
    ),
)
