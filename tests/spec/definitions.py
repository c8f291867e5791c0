"""Every operation by its definition, on whole arrays of mpmath numbers: a second oracle, written from the literature.

It shares nothing with the first: no partition, no generated formula, no enclosure. Gradients are difference quotients
with so many digits that what they leave out cannot be seen; so are second backwards.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
from definitions_of_scalers import fitted, scaled

from normspec.spec.case import Step
from normspec.spec.question import Question

Numbers = Any
Arrays = dict[str, Numbers]

BITS = 4500
"""float64 spans 2^-1074 to 2^1024; steps are smaller by 2^-300, and second differences lose twice that."""

STEP = 2**300


def exactly(array: Any) -> Numbers:
    """Return an array's values as mpmath numbers."""
    values = np.asarray(array, dtype=np.float64)
    found = np.empty(values.shape, dtype=object)
    found.ravel()[:] = [mpmath.mpf(value) for value in values.ravel().tolist()]
    return found


def root(a: Numbers) -> Numbers:
    """Return the square root of each number."""
    return np.frompyfunc(mpmath.sqrt, 1, 1)(np.asarray(a, dtype=object))


def mean(a: Numbers, axes: Any) -> Numbers:
    """Return the mean over axes, which stay with length 1."""
    total = np.sum(a, axis=axes, keepdims=True)
    return total * total.size / a.size


def standardized(x: Numbers, axes: Any, deviation: Callable[[Numbers], Numbers], fewer: int = 0) -> Numbers:
    """Return x - mean over the deviation that belongs to its variance."""
    centre = x - mean(x, axes)
    m = x.size // mean(x, axes).size
    return centre / deviation(mean(centre * centre, axes) * m / (m - fewer))


def channels(values: Numbers, x: Numbers) -> Numbers:
    """Return one value a channel so that it goes with x."""
    return values.reshape(1, -1, *[1] * (x.ndim - 2))


class Layer:
    """One case's layer: attributes, conventions, and whether it takes the statistics of its input."""

    def __init__(self, question: Question) -> None:
        self.name = question.operation.name
        self.attributes = question.case.attributes
        self.conventions = question.conventions
        self.training = question.forward.verb == "train" or not question.case.state
        self.epsilon = mpmath.mpf(float(self.attributes.get("epsilon", 0.0)))
        self.frozen: tuple[Numbers, Numbers] | None = None

    def __call__(self, a: Arrays) -> Numbers:
        """Return y."""
        found: Numbers = LAYERS[self.name](self, a)
        return found

    def deviation(self, variance: Numbers) -> Numbers:
        """Return what is divided by: epsilon stands below the root, or is added to it."""
        if self.conventions.get("epsilon_place") == "added":
            return root(variance) + self.epsilon
        return root(variance + self.epsilon)

    def by_channel(self, a: Arrays, axes: Callable[[Numbers], Any]) -> Numbers:
        x = a["x"]
        if self.training:
            xhat = standardized(x, axes(x), self.deviation)
        else:
            xhat = (x - channels(a["running_mean"], x)) / self.deviation(channels(a["running_var"], x))
        return xhat * channels(a.get("gamma", ONE), x) + channels(a.get("beta", ZERO), x)

    def group_norm(self, a: Arrays) -> Numbers:
        x = a["x"]
        parts = np.split(x, self.attributes["groups"], axis=1)
        axes = tuple(range(1, x.ndim))
        xhat = np.concatenate([standardized(part, axes, self.deviation) for part in parts], axis=1)
        return xhat * channels(a.get("gamma", ONE), x) + channels(a.get("beta", ZERO), x)

    def layer_norm(self, a: Arrays) -> Numbers:
        x = a["x"] + a.get("residual", 0)
        return standardized(x, self._last(x), self.deviation) * a.get("gamma", 1) + a.get("beta", 0)

    def rms_norm(self, a: Arrays) -> Numbers:
        x = a["x"] + a.get("residual", 0)
        gamma = a["gamma"] + (self.conventions["scale_form"] == "offset") if "gamma" in a else 1
        return x / self.deviation(mean(x * x, self._last(x))) * gamma

    def _last(self, x: Numbers) -> tuple[int, ...]:
        return tuple(range(x.ndim))[-self.attributes["axes"] :]

    def batch_renorm(self, a: Arrays) -> Numbers:
        if not self.training:
            return self.by_channel(a, batch_and_space)
        x, axes = a["x"], batch_and_space(a["x"])
        centre = mean(x, axes)
        sigma = self.deviation(mean((x - centre) * (x - centre), axes))
        if self.frozen is None:  # r and d are constants for the gradient
            old = self.deviation(channels(a["running_var"], x))
            r_max, d_max = (mpmath.mpf(self.attributes[name]) for name in ("r_max", "d_max"))
            d = (centre - channels(a["running_mean"], x)) / old
            self.frozen = clipped(sigma / old, 1 / r_max, r_max), clipped(d, -d_max, d_max)
        r, d = self.frozen
        xhat = (x - centre) / sigma * r + d
        return xhat * channels(a.get("gamma", ONE), x) + channels(a.get("beta", ZERO), x)

    def adain(self, a: Arrays) -> Numbers:
        style, axes = a["style"], space(a["style"])
        centre = mean(style, axes)
        spread = self.deviation(mean((style - centre) * (style - centre), axes))
        return standardized(a["x"], space(a["x"]), self.deviation) * spread + centre

    def weight_norm(self, a: Arrays) -> Numbers:
        x, kept = a["x"], self.attributes["axis"]
        axes = tuple(axis for axis in range(x.ndim) if axis != kept)
        gamma = a.get("gamma", ONE).reshape([-1 if axis == kept else 1 for axis in range(x.ndim)])
        return gamma * x / root(np.sum(x * x, axis=axes, keepdims=True))

    def weight_standardization(self, a: Arrays) -> Numbers:
        return standardized(a["x"], tuple(range(1, a["x"].ndim)), self.deviation)

    def cosine_similarity(self, a: Arrays) -> Numbers:
        axis = self.attributes["axis"]
        x, w = (each / self._at_least(root(np.sum(each * each, axis=axis, keepdims=True))) for each in (a["x"], a["w"]))
        return np.sum(x * w, axis=axis)

    def l1_normalize(self, a: Arrays) -> Numbers:
        return self._over(a["x"], lambda x, axis: np.sum(np.abs(x), axis=axis, keepdims=True))

    def l2_normalize(self, a: Arrays) -> Numbers:
        return self._over(a["x"], lambda x, axis: root(np.sum(x * x, axis=axis, keepdims=True)))

    def max_normalize(self, a: Arrays) -> Numbers:
        return self._over(a["x"], lambda x, axis: np.max(np.abs(x), axis=axis, keepdims=True))

    def _over(self, x: Numbers, norm: Callable[[Numbers, int], Numbers]) -> Numbers:
        return x / self._at_least(norm(x, self.attributes["axis"]))

    def _at_least(self, lengths: Numbers) -> Numbers:
        return np.frompyfunc(lambda length: max(length, self.epsilon), 1, 1)(lengths)

    def standardize(self, a: Arrays) -> Numbers:
        return standardized(a["x"], 0, root, fewer=int(self.conventions["deviation"] == "sample"))

    def min_max_scale(self, a: Arrays) -> Numbers:
        x = a["x"]
        low, high = x.min(axis=0, keepdims=True), x.max(axis=0, keepdims=True)
        return (x - low) / (high - low) * a.get("gamma", 1) + a.get("beta", 0)

    def scaler(self, a: Arrays) -> Numbers:
        return scaled(a["x"], fitted(a, self.attributes) if self.training else a)

    def fold_batch_norm(self, a: Arrays) -> Numbers:
        scale = a.get("gamma", ONE) / self.deviation(a["running_var"])
        return a["x"] * scale.reshape(-1, *[1] * (a["x"].ndim - 1))


ONE, ZERO = np.array([1], dtype=object), np.array([0], dtype=object)


def batch_and_space(x: Numbers) -> tuple[int, ...]:
    """Return all axes but the channel's."""
    return (0, *range(2, x.ndim))


def space(x: Numbers) -> tuple[int, ...]:
    """Return the axes behind the channel's."""
    return tuple(range(2, x.ndim))


def clipped(a: Numbers, low: Any, high: Any) -> Numbers:
    """Return the numbers, none of them beyond low and high."""
    return np.frompyfunc(lambda value: min(max(value, low), high), 1, 1)(a)


LAYERS: Mapping[str, Callable[[Layer, Arrays], Numbers]] = {
    "batch_norm": lambda self, a: self.by_channel(a, batch_and_space),
    "instance_norm": lambda self, a: self.by_channel(a, space),
    "add_layer_norm": Layer.layer_norm,
    "add_rms_norm": Layer.rms_norm,
    "standard_scaler": Layer.scaler,
    "min_max_scaler": Layer.scaler,
    **{
        name: getattr(Layer, name)
        for name in (
            "layer_norm",
            "group_norm",
            "rms_norm",
            "batch_renorm",
            "adain",
            "weight_norm",
            "weight_standardization",
            "cosine_similarity",
            "l1_normalize",
            "l2_normalize",
            "max_normalize",
            "standardize",
            "min_max_scale",
            "fold_batch_norm",
        )
    },
}


def outputs(question: Question) -> dict[str, Numbers]:
    """Return what a step must give, to hundreds of bits. Raises ZeroDivisionError where that is not defined."""
    given = {"x": question.forward.input, **question.case.parameters, **question.case.state}
    arrays, layer = {name: exactly(values) for name, values in given.items()}, Layer(question)
    y = layer(arrays)
    if question.step.tangents:
        return {"ty": _moved(question.step, layer, arrays)}
    if question.step.verb != "backward":
        return {"y": y, **_state(question, arrays), **_bias(layer, arrays)}
    return _gradients(question.step, layer, arrays)


def _bias(layer: Layer, a: Arrays) -> Arrays:
    if layer.name != "fold_batch_norm":
        return {}
    scale = a.get("gamma", ONE) / layer.deviation(a["running_var"])
    return {"new_bias": (a.get("bias", ZERO) - a["running_mean"]) * scale + a.get("beta", ZERO)}


def _state(question: Question, a: Arrays) -> Arrays:
    """Return the running statistics after a training step."""
    momentum, x = question.case.attributes.get("momentum"), a["x"]
    if question.step.verb != "train" or not question.case.state:
        return {}
    if question.operation.pooled:
        return fitted(a, question.case.attributes)
    axes = space(x) if question.operation.name == "instance_norm" else batch_and_space(x)
    centre = mean(x, axes)
    m = x.size // centre.size
    variance = mean((x - centre) * (x - centre), axes)
    if question.conventions["running_variance"] == "unbiased":
        if m == 1:
            return {}
        variance = variance * m / (m - 1)
    weight = mpmath.mpf(momentum) if question.conventions["momentum"] == "weighs_new" else 1 - mpmath.mpf(momentum)
    seen = {"running_mean": centre, "running_var": variance}
    batch = {name: mean(values, batch_and_space(x)).reshape(-1) for name, values in seen.items()}
    earlier = 1 - weight
    if (
        question.conventions["initial_value"] == "debiased"
    ):  # what all batches before weigh now, without the initial value
        earlier -= (1 - weight) ** question.trainings
    if not earlier + weight:
        return {}
    return {name: (earlier * a[name] + weight * batch[name]) / (earlier + weight) for name in batch}


def _gradients(step: Step, layer: Layer, a: Arrays) -> Arrays:
    """Return the gradients of the inner product of y with its cotangent, and with a direction of x those of that."""
    dy, h = exactly(step.cotangent), _small(a)

    def product(arrays: Arrays) -> Any:
        if step.direction is None:
            return np.sum(layer(arrays) * dy)
        return np.sum(along(arrays) * dy)

    def along(arrays: Arrays) -> Numbers:
        u = exactly(step.direction) * h
        return (layer({**arrays, "x": arrays["x"] + u}) - layer({**arrays, "x": arrays["x"] - u})) / (2 * h)

    found = {}
    for name in step.wanted:
        source = name.lstrip("d")
        if source == "y":
            found[name] = along(a)
        elif source in a:
            found[name] = _quotients(product, a, source, h)
    return found


def _moved(step: Step, layer: Layer, a: Arrays) -> Numbers:
    """Return how y changes along the tangents, for a small step of all of them."""
    along, h = {name: exactly(values) for name, values in step.tangents.items()}, _small(a)
    ahead = layer({**a, **{name: a[name] + h * along[name] for name in along}})
    behind = layer({**a, **{name: a[name] - h * along[name] for name in along}})
    return (ahead - behind) / (2 * h)


def _quotients(product: Callable[[Arrays], Any], a: Arrays, name: str, h: Any) -> Numbers:
    found = np.empty(a[name].shape, dtype=object)
    for at in np.ndindex(found.shape):
        moved = [a[name].copy(), a[name].copy()]
        moved[0][at] += h
        moved[1][at] -= h
        found[at] = (product({**a, name: moved[0]}) - product({**a, name: moved[1]})) / (2 * h)
    return found


def _small(a: Arrays) -> Any:
    """Return a step far below every difference between values of x, the parameters and epsilon's root."""
    values = sorted({value for name in a for value in a[name].ravel()} | {mpmath.mpf(0)})
    gaps = [above - below for below, above in pairwise(values)]
    return min([*gaps, mpmath.mpf(1)]) / STEP
