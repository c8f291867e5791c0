"""The scalers of scikit-learn as they are fitted, in one part or in several. Importing this file imports scikit-learn.

They keep their statistics in float64, whatever they are given, so that float64 is what is asked of them.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from normspec.implementations.contract import Implementation
from normspec.implementations.sklearn.snippet import fitted, sklearn_snippet
from normspec.spec.case import Case
from normspec.spec.claims import claims_for
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS
from normspec.spec.operations.fitting import unseen

KEPT: Mapping[str, str] = MappingProxyType(
    {
        "running_count": "n_samples_seen_",
        "running_mean": "mean_",
        "running_var": "var_",
        "running_min": "data_min_",
        "running_max": "data_max_",
    }
)
"""What scikit-learn calls what is kept."""


def _standard(scaler: Any, state: Mapping[str, Array]) -> None:
    """Give a scaler the attributes that a fit leaves it with."""
    scaler.n_samples_seen_ = state["running_count"].astype(np.int64)
    scaler.mean_, scaler.var_ = state["running_mean"].copy(), state["running_var"].copy()
    scaler.scale_ = np.sqrt(scaler.var_)


def _min_max(scaler: Any, state: Mapping[str, Array]) -> None:
    scaler.n_samples_seen_ = 1  # a number that nothing is made of
    scaler.data_min_, scaler.data_max_ = state["running_min"].copy(), state["running_max"].copy()
    scaler.data_range_ = scaler.data_max_ - scaler.data_min_
    scaler.scale_ = 1 / np.where(scaler.data_range_ == 0, 1, scaler.data_range_)
    scaler.min_ = -scaler.data_min_ * scaler.scale_


class FittedScaler:
    """A scaler that was fitted to what the case says, or to nothing yet."""

    def __init__(
        self, case: Case, make: Callable[[], Any], restore: Callable[[Any, Mapping[str, Array]], None]
    ) -> None:
        self.scaler, self.shown = make(), tuple(case.state)
        self.fit = self.scaler.fit if case.attributes["refit"] else self.scaler.partial_fit
        self.columns = next(iter(case.state.values())).shape
        if not unseen(case.state):
            self.scaler.n_features_in_ = self.columns[0]
            restore(self.scaler, case.state)

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return x transformed, in training after a fit to it."""
        if training:
            self.fit(x)
        return np.asarray(self.scaler.transform(x))

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Refuse: scalers have no gradients."""
        raise NotImplementedError("no backward is claimed")

    def state(self) -> Mapping[str, Array]:
        """Return what the scaler has learnt; a count that all columns share stands for each."""
        kept = {name: np.asarray(getattr(self.scaler, KEPT[name]), np.float64) for name in self.shown}
        return {name: np.broadcast_to(values, self.columns) for name, values in kept.items()}


def _fitted(
    operation: str, make: Callable[[], Any], restore: Callable[[Any, Mapping[str, Array]], None]
) -> Implementation:
    return Implementation(
        name="sklearn",
        operation=operation,
        create=partial(FittedScaler, make=make, restore=restore),
        claims=claims_for(
            OPERATIONS[operation],
            dtypes=("float64",),
            layouts=("contiguous", "transposed", "strided", "offset"),
            conventions={"nan": "ignore"},
            grade="B2",  # rows are added one after the other
        ),
        refusals=(ValueError,),
        snippet=partial(sklearn_snippet, way=fitted, name=make.__name__, attributes=KEPT),
        statement=f"{make.__name__} of scikit-learn, by fit and partial_fit",
    )


FITTED = (
    _fitted("standard_scaler", StandardScaler, _standard),
    _fitted("min_max_scaler", MinMaxScaler, _min_max),
)
