"""Scalers of data in NumPy: fitted in one part or in several, then applied; float32 inside for smaller formats."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from normspec.implementations.contract import Implementation
from normspec.implementations.layouts import LAYOUTS
from normspec.implementations.numpy.formulas import two_pass
from normspec.implementations.numpy.layer import working_dtype
from normspec.spec.case import Case
from normspec.spec.claims import claims_for
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS
from normspec.spec.operations.fitting import unseen

Seen = Mapping[str, Array]
"""What is kept of all that was seen, each as (columns, 1)."""

Learn = Callable[[Seen, Seen], Seen]
"""From what was seen before and what is new to both together."""


class ScalerLayer:
    """A scaler made of three functions: what rows leave behind, how that is pooled, and how rows are scaled by it."""

    def __init__(
        self,
        case: Case,
        summary: Callable[[Array], Seen],
        pool: Learn,
        scale: Callable[[Seen, Array], Array],
    ) -> None:
        self.summary, self.pool, self.scale = summary, pool, scale
        self.groups, self.refit = OPERATIONS[case.operation].groups, bool(case.attributes["refit"])
        self.dtype = case.format.dtype
        self.seen = {name: values.copy() for name, values in case.state.items()}

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return x scaled; in training by all that was seen with x, without x otherwise."""
        if training and not len(x):
            raise ValueError("a scaler needs a row to be fitted")
        with np.errstate(all="ignore"):
            working = working_dtype(self.dtype)
            groups = self.groups(x.shape, {})
            rows = groups.split(x.astype(working))
            seen: Seen = {name: groups.spread(values.astype(working)) for name, values in self.seen.items()}
            if training:
                new = self.summary(rows)
                seen = new if self.refit or unseen(seen) else self.pool(seen, new)
                self.seen = {name: seen[name].reshape(-1).astype(self.dtype) for name in self.seen}
            return groups.join(self.scale(seen, rows)).astype(self.dtype)

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Refuse: scalers have no gradients."""
        raise NotImplementedError("no backward is claimed")

    def state(self) -> Mapping[str, Array]:
        """Return what is kept of all that was seen."""
        return self.seen


def moments(rows: Array) -> Seen:
    """Return count, mean and biased variance."""
    mean, variance = two_pass(rows)
    return {
        "running_count": np.full((len(rows), 1), rows.shape[1], rows.dtype),
        "running_mean": mean,
        "running_var": variance,
    }


def pooled_moments(old: Seen, new: Seen) -> Seen:
    """Return count, mean and biased variance of two parts together (Chan, Golub and LeVeque)."""
    n, m = old["running_count"], new["running_count"]
    delta = new["running_mean"] - old["running_mean"]
    squares = n * old["running_var"] + m * new["running_var"] + np.square(delta) * (n / (n + m)) * m
    return {
        "running_count": n + m,
        "running_mean": old["running_mean"] + delta * (m / (n + m)),
        "running_var": squares / (n + m),
    }


def _standardized(seen: Seen, rows: Array) -> Array:
    return np.asarray((rows - seen["running_mean"]) / np.sqrt(seen["running_var"]))


def ends(rows: Array) -> Seen:
    """Return least and greatest."""
    low, high = np.min(rows, axis=1, keepdims=True), np.max(rows, axis=1, keepdims=True)
    return {"running_min": low, "running_max": high}


def pooled_ends(old: Seen, new: Seen) -> Seen:
    """Return least and greatest of two parts together."""
    return {
        "running_min": np.minimum(old["running_min"], new["running_min"]),
        "running_max": np.maximum(old["running_max"], new["running_max"]),
    }


def _ranged(seen: Seen, rows: Array) -> Array:
    return np.asarray((rows - seen["running_min"]) / (seen["running_max"] - seen["running_min"]))


def _scaler(
    operation: str, summary: Callable[[Array], Seen], pool: Learn, scale: Callable[[Seen, Array], Array], statement: str
) -> Implementation:
    return Implementation(
        name="numpy-pooled",
        operation=operation,
        create=partial(ScalerLayer, summary=summary, pool=pool, scale=scale),
        claims=claims_for(OPERATIONS[operation], layouts=tuple(LAYOUTS)),
        refusals=(ValueError,),
        statement=f"{operation} in NumPy, {statement}",
    )


SCALERS = (
    _scaler("standard_scaler", moments, pooled_moments, _standardized, "parts pooled by Chan's formula"),
    _scaler("min_max_scaler", ends, pooled_ends, _ranged, "shifted, then divided"),
)
