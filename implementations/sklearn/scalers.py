"""The scalers of scikit-learn: data matrices, forward only. Importing this file imports scikit-learn."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from sklearn.preprocessing import MinMaxScaler, StandardScaler, normalize

from normspec.implementations.contract import Implementation
from normspec.implementations.sklearn.fitted import FITTED
from normspec.implementations.sklearn.snippet import (
    Way,
    fit_transformed,
    fitted_in_halves,
    normalized,
    sklearn_snippet,
)
from normspec.spec.case import Case
from normspec.spec.claims import claims_for
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS

Transform = Callable[[Case, Array], Any]


class ScalerLayer:
    """A function of a matrix, which remembers nothing."""

    def __init__(self, case: Case, transform: Transform) -> None:
        self.case, self.transform = case, transform

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return x fitted and transformed, in training and inference alike."""
        return np.asarray(self.transform(self.case, x))

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Refuse: scalers have no gradients."""
        raise NotImplementedError("no backward is claimed")

    def state(self) -> Mapping[str, Array]:
        """Return nothing: each matrix is fitted for itself."""
        return {}


def _fit_transform(scaler: Callable[[], Any], case: Case, x: Array) -> Any:
    return scaler().fit_transform(x)


def _fit_then_transform(scaler: Callable[[], Any], case: Case, x: Array) -> Any:
    """Fit the rows in two parts, as partial_fit takes them, and transform them all."""
    fitted, half = scaler(), (len(x) + 1) // 2
    for rows in (x[:half], x[half:]):
        if len(rows):
            fitted.partial_fit(rows)
    return fitted.transform(x)


def _normalize(norm: str, case: Case, x: Array) -> Any:
    """Normalize lines along an axis: normalize counts samples by rows, so that axis=1 is a row."""
    return normalize(x, norm=norm, axis=case.attributes["axis"])


def _scaler(
    name: str, operation: str, transform: Transform, statement: str, shown: tuple[str, Way], **extent: Any
) -> Implementation:
    return Implementation(
        name=name,
        operation=operation,
        create=partial(ScalerLayer, transform=transform),
        claims=claims_for(
            OPERATIONS[operation],
            **{
                "dtypes": ("float64", "float32", "float16"),
                "ranks": (2,),
                "layouts": ("contiguous", "transposed", "strided", "offset"),
                "verbs": ("train", "infer"),
                "gradients": (),
                "parameters": (),
                "optional": (),
                **extent,
            },
        ),
        refusals=(ValueError,),
        snippet=partial(sklearn_snippet, name=shown[0], way=shown[1]),
        statement=f"{statement} of scikit-learn, forward only",
    )


def _both(operation: str, scaler: Callable[[], Any], label: str, **extent: Any) -> tuple[Implementation, ...]:
    whole, halves = (label, fit_transformed(label)), (label, fitted_in_halves(label))
    return (
        _scaler("sklearn", operation, partial(_fit_transform, scaler), f"{label}.fit_transform", whole, **extent),
        _scaler(
            "sklearn-partial-fit",
            operation,
            partial(_fit_then_transform, scaler),
            f"{label}.partial_fit",
            halves,
            **extent,
        ),
    )


SKLEARN = (
    *_both("standardize", StandardScaler, "StandardScaler", conventions={"nan": "ignore", "statistics_dtype": "input"}),
    *_both("min_max_scale", MinMaxScaler, "MinMaxScaler", conventions={"nan": "ignore"}),
    *FITTED,
    *(
        _scaler(
            *("sklearn", f"{norm}_normalize", partial(_normalize, norm), f"normalize(norm={norm!r})"),
            shown=("normalize", normalized(norm)),
            fixed={"epsilon": 0.0},
            conventions={"nan": "refuse"},
            grade="B2",  # sums in one chain along an axis that is not the last
        )
        for norm in ("l1", "l2", "max")
    ),
)
