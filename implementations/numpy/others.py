"""The operations that are no member of the family, or more than one, in NumPy; float32 inside for smaller formats."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from normspec.implementations.contract import Implementation
from normspec.implementations.layouts import LAYOUTS
from normspec.implementations.numpy.formulas import Formulas, dx_training, total
from normspec.implementations.numpy.layer import Standardized, excess_exponent, standardize, working_dtype
from normspec.spec.case import Case
from normspec.spec.claims import claims_for
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS

Given = Mapping[str, Any]
"""Rows of x and of the parameters in the working format, (groups, members), and the attributes."""


Norm = Callable[[Array], tuple[Array, Array]]
"""From x to its norm and the gradient of the norm."""


class StatelessLayer:
    """A layer made of two functions of rows: from what is given to y, and with a cotangent dy to the gradients."""

    def __init__(self, case: Case, forward: Callable[[Given], Array], backward: Callable[[Given], Given]) -> None:
        self.case, self.operation, self.functions = case, OPERATIONS[case.operation], (forward, backward)
        self.working = working_dtype(case.format.dtype)
        self.parameters = {name: np.array(values) for name, values in case.parameters.items()}
        self.seen: list[Array] = []

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return y, in training and inference alike."""
        self.seen.append(np.array(x))
        with np.errstate(all="ignore"):
            return self._back("y", self.functions[0](self._given(x)), x).astype(self.case.format.dtype)

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Return the wanted gradients of the step-th forward."""
        x = self.seen[step]
        with np.errstate(all="ignore"):
            found = self.functions[1]({**self._given(x), "dy": self._rows("y", cotangent, x)})
            return {name: self._back(name, found[name], x).astype(self.case.format.dtype) for name in wanted}

    def state(self) -> Mapping[str, Array]:
        """Return nothing: there are no running statistics."""
        return {}

    def _given(self, x: Array) -> dict[str, Any]:
        rows = {name: self._rows(name, values, x) for name, values in {"x": x, **self.parameters}.items()}
        attributes = {**self.operation.constants, **self.case.attributes}
        return {**{name: self.working.type(value) for name, value in attributes.items()}, **rows}

    def _part(self, name: str, x: Array) -> Any:
        shape = self.parameters["style"].shape if self.operation.role(name) == "style" else x.shape
        return self.operation.groups(shape, self.case.attributes)

    def _rows(self, name: str, values: Array, x: Array) -> Array:
        part, wide = self._part(name, x), values.astype(self.working)
        rows: Array = part.split(wide) if self.operation.role(name) in ("elements", "style") else part.spread(wide)
        return rows

    def _back(self, name: str, rows: Array, x: Array) -> Array:
        part = self._part(name, x)
        if self.operation.role(name) in ("elements", "style"):
            joined: Array = part.join(rows)
            return joined
        return rows.reshape(part.parts_shape)


def _norm(rows: Array) -> Array:
    """Return the root of the sum of squares; rows are scaled where squares would overflow."""
    exponent = excess_exponent(rows)
    return np.ldexp(np.sqrt(total(np.square(np.ldexp(rows, -exponent)))), exponent)


def _l1(x: Array) -> tuple[Array, Array]:
    return total(np.abs(x)), np.sign(x)


def _l2(x: Array) -> tuple[Array, Array]:
    norm = np.sqrt(total(np.square(x)))
    return norm, x / norm


def _largest(x: Array) -> tuple[Array, Array]:
    size = np.abs(x)
    norm = np.max(size, axis=1, keepdims=True, initial=0)
    return norm, np.where(size == norm, np.sign(x), 0)


def _within_range(given: Given) -> tuple[Array, Array, Array]:
    """Return x and epsilon times a power of two at which no norm overflows, and its exponent."""
    exponent = -excess_exponent(given["x"])
    return np.ldexp(given["x"], exponent), np.ldexp(given["epsilon"], exponent), exponent


def _by_norm(given: Given, norm: Norm) -> Array:
    x, epsilon, _ = _within_range(given)
    return np.asarray(x / np.maximum(norm(x)[0], epsilon))


def _by_norm_backward(given: Given, norm: Norm) -> Given:
    x, epsilon, exponent = _within_range(given)
    length, slope = norm(x)
    y = x / np.maximum(length, epsilon)
    through = np.where(length > epsilon, slope * total(given["dy"] * y), 0)
    return {"dx": np.ldexp((given["dy"] - through) / np.maximum(length, epsilon), exponent)}


def _cosine(given: Given) -> Array:
    x, w = (given[name] / np.maximum(_norm(given[name]), given["epsilon"]) for name in ("x", "w"))
    return total(x * w)


def _cosine_backward(given: Given) -> Given:
    length = {name: _norm(given[name]) for name in ("x", "w")}
    unit = {name: given[name] / np.maximum(length[name], given["epsilon"]) for name in length}
    cosine = total(unit["x"] * unit["w"])

    def gradient(of: str, other: str) -> Array:
        along = np.where(length[of] > given["epsilon"], unit[of] * cosine, 0)
        return np.asarray(given["dy"] * (unit[other] - along) / np.maximum(length[of], given["epsilon"]))

    return {"dx": gradient("x", "w"), "dw": gradient("w", "x")}


def _styled(given: Given) -> tuple[Standardized, Array, Array, Array]:
    """Return the content normalized, the style normalized, and the style's deviation and mean."""
    content, style = (standardize(Formulas(), given[name], given["epsilon"]) for name in ("x", "style"))
    return content, style.xhat, np.ldexp(1 / style.scale, style.exponent), style.mean


def _adain(given: Given) -> Array:
    content, _, deviation, mean = _styled(given)
    return np.asarray(content.xhat * deviation + mean)


def _adain_backward(given: Given) -> Given:
    content, style_xhat, deviation, _ = _styled(given)
    dy, xhat = given["dy"], content.xhat
    dx = np.ldexp(dx_training(deviation * dy, xhat, content.scale), -content.exponent)
    dstyle = (total(dy) + style_xhat * total(dy * xhat)) / dy.dtype.type(style_xhat.shape[1])
    return {"dx": dx, "dstyle": dstyle}


def _scaled(given: Given) -> tuple[Array, Array, Array]:
    x = given["x"]
    low, high = np.min(x, axis=1, keepdims=True), np.max(x, axis=1, keepdims=True)
    return (x - low) / (high - low), high - low, np.stack([x == low, x == high])


def _min_max(given: Given) -> Array:
    return np.asarray(_scaled(given)[0] * given.get("gamma", 1) + given.get("beta", 0))


def _min_max_backward(given: Given) -> Given:
    scaled, span, (at_low, at_high) = _scaled(given)
    g = given["dy"] * given.get("gamma", 1)
    dx = (g - at_low * total(g * (1 - scaled)) - at_high * total(g * scaled)) / span
    return {"dx": dx, "dgamma": total(given["dy"] * scaled), "dbeta": total(given["dy"])}


def _implementation(
    operation: str, forward: Callable[[Given], Array], backward: Callable[[Given], Given], statement: str
) -> Implementation:
    return Implementation(
        name="numpy-rows",
        operation=operation,
        create=partial(StatelessLayer, forward=forward, backward=backward),
        claims=claims_for(OPERATIONS[operation], layouts=tuple(LAYOUTS)),
        refusals=(ValueError,),
        statement=f"{operation} in NumPy, {statement}",
    )


def _lp(operation: str, norm: Norm, statement: str) -> Implementation:
    return _implementation(operation, partial(_by_norm, norm=norm), partial(_by_norm_backward, norm=norm), statement)


OTHERS = (
    _lp("l1_normalize", _l1, "over the sum of magnitudes"),
    _lp("l2_normalize", _l2, "over the root of the sum of squares"),
    _lp("max_normalize", _largest, "over the greatest magnitude"),
    _implementation("cosine_similarity", _cosine, _cosine_backward, "each vector normalized first"),
    _implementation("adain", _adain, _adain_backward, "the content normalized, then scaled"),
    _implementation("min_max_scale", _min_max, _min_max_backward, "shifted, then scaled"),
)
