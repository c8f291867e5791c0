"""Faults in the operations that are no member of the family: norms, cosines, styles, ranges, sums with a residual."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from normspec.implementations.faulty.fault import FAMILY, by_layer, by_rows
from normspec.implementations.numpy.formulas import total
from normspec.implementations.numpy.layer import NumpyLayer, Saved
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS

Given = Mapping[str, Any]
Rows = Callable[[Given], Any]

NORMS = ("l1_normalize", "l2_normalize", "max_normalize")
COSINE = ("cosine_similarity",)
STYLE = ("adain",)
RANGE = ("min_max_scale",)
ADDED = tuple(name for name in FAMILY if "residual" in OPERATIONS[name].parameters)


def _given(change: Callable[[Given], Given]) -> Callable[[Rows], Rows]:
    """Return the wrapper by which a function is given something else."""
    return lambda correct: lambda given: correct({**given, **change(given)})


def _found(change: Callable[[Given, Given], Given]) -> Callable[[Rows], Rows]:
    """Return the wrapper by which some of the gradients that are found are others."""

    def wrap(correct: Rows) -> Rows:
        def backward(given: Given) -> Given:
            found = correct(given)
            return {**found, **change(given, found)}

        return backward

    return wrap


def _wrapped(change: Callable[[Given, Array], Array]) -> Callable[[Rows], Rows]:
    """Return the wrapper by which y is made from the correct y."""
    return lambda correct: lambda given: change(given, correct(given))


def _no_epsilon(given: Given) -> Given:
    return {"epsilon": 0 * given["epsilon"]}


def _squared_epsilon(given: Given) -> Given:
    return {"epsilon": given["epsilon"] * given["epsilon"]}


def _l2(given: Given) -> Any:
    return np.sqrt(total(np.square(given["x"])))


def _moments(style: Array) -> tuple[Array, Array]:
    mean = total(style) / style.dtype.type(style.shape[1])
    return mean, total(np.square(style - mean)) / style.dtype.type(style.shape[1])


def _halved_norms(given: Given, y: Array) -> Array:
    norm = _l2(given)
    with np.errstate(all="ignore"):
        factor: Array = np.where(norm > 0, norm / norm.astype(np.float16).astype(norm.dtype), 1)
        return y * factor


def _without_style_mean(given: Given, y: Array) -> Array:
    return y - _moments(given["style"])[0]


def _variance_of_style(given: Given, y: Array) -> Array:
    mean, variance = _moments(given["style"])
    styled: Array = (y - mean) * np.sqrt(variance + given["epsilon"]) + mean
    return styled


def _along_x_kept(given: Given, found: Given) -> Given:
    return {"dx": given["dy"] / np.maximum(_l2(given), given["epsilon"])}


def _clamped(given: Given, found: Given) -> Given:
    cosine = total(given["x"] * given["w"]) / (_l2(given) * _l2({"x": given["w"]}))
    return {name: np.where(np.abs(cosine) > 0.9, 0, values) for name, values in found.items()}


def _through_the_range(given: Given, found: Given) -> Given:
    span = np.ptp(given["x"], axis=1, keepdims=True)
    return {"dx": given["dy"] * given.get("gamma", 1) / span}


class _ResidualSevered(NumpyLayer):
    def _dresidual(self, saved: Saved, dy: Array) -> Array:
        return 0 * self._dx(saved, dy)


class _ResidualPassed(NumpyLayer):
    def _dresidual(self, saved: Saved, dy: Array) -> Array:
        return saved.blocks.join(dy)


class _ResidualIgnored(NumpyLayer):
    def _summed(self, x: Array) -> Array:
        return x.astype(self.working)


FAULTS = (
    by_rows(
        "norm-without-eps",
        "zero-norm-vector",
        "the norm has no floor: a vector of zeros is divided by 0",
        "y of a vector of zeros is not finite",
        (*NORMS, *COSINE),
        forward=_given(_no_epsilon),
        backward=_given(_no_epsilon),
    ),
    by_rows(
        "norm-eps-squared",
        "zero-norm-vector",
        "the square of epsilon is the floor of the norm",
        "y of a vector shorter than epsilon is too long",
        (*NORMS, *COSINE),
        forward=_given(_squared_epsilon),
        backward=_given(_squared_epsilon),
    ),
    by_rows(
        "norm-eps-added",
        "eps-outside-sqrt",
        "epsilon is added to the norm, not taken as its floor",
        "y of a vector longer than epsilon is too short",
        ("l2_normalize",),
        forward=lambda correct: lambda given: given["x"] / (_l2(given) + given["epsilon"]),
    ),
    by_rows(
        "norm-detached",
        "grad-omits-stat-path",
        "dx lacks the path through the norm",
        "dx along x is not 0",
        ("l2_normalize",),
        backward=_found(_along_x_kept),
    ),
    by_rows(
        "cosine-of-rounded-norms",
        "cosine-range",
        "the norm of x is rounded to float16 before it divides",
        "the cosine of parallel vectors is more than 1",
        COSINE,
        forward=_wrapped(_halved_norms),
    ),
    by_rows(
        "cosine-clamped",
        "cosine-range",
        "a clamp makes the gradient 0 where the magnitude of the cosine is above 0.9",
        "dx and dw of nearly parallel vectors are 0",
        COSINE,
        backward=_found(_clamped),
    ),
    by_rows(
        "style-mean-dropped",
        "affine-not-applied",
        "the mean of the style is not added",
        "the mean of y is 0",
        STYLE,
        forward=_wrapped(_without_style_mean),
    ),
    by_rows(
        "style-variance-for-deviation",
        "saved-stat-wrong",
        "the variance of the style multiplies, not its standard deviation",
        "the deviation of y is the variance of the style",
        STYLE,
        forward=_wrapped(_variance_of_style),
    ),
    by_rows(
        "style-detached",
        "grad-missing-or-severed",
        "the gradient of the style is 0",
        "dstyle is 0 for every cotangent",
        STYLE,
        backward=_found(lambda given, found: {"dstyle": 0 * found["dstyle"]}),
    ),
    by_rows(
        "range-detached",
        "grad-omits-stat-path",
        "dx lacks the paths through the least and the greatest element",
        "dx of the least and the greatest element is not that of the formula",
        RANGE,
        backward=_found(_through_the_range),
    ),
    by_layer(
        "residual-severed",
        "fused-op-branch-grad",
        "the gradient of the residual is 0",
        "dresidual is not dx",
        _ResidualSevered,
        ADDED,
    ),
    by_layer(
        "residual-passed",
        "fused-op-branch-grad",
        "the gradient of the residual is that of y, not of the sum",
        "dresidual is not dx",
        _ResidualPassed,
        ADDED,
    ),
    by_layer(
        "residual-ignored",
        "fused-op-branch-grad",
        "the residual is not added",
        "y does not depend on the residual",
        _ResidualIgnored,
        ADDED,
    ),
)
