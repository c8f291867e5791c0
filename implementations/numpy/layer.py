"""A normalization layer in NumPy, put together from a table of formulas and the operation's two partitions."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from normspec.implementations.numpy.formulas import Formulas, debiased, outside
from normspec.spec.case import Case
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS
from normspec.spec.partition import Partition


@dataclass(frozen=True, eq=False)
class Standardized:
    """What normalizing one input gave: xhat, and the statistics that it was made with.

    Where squares would overflow, rows are scaled by 2**-exponent first: the standard deviation's reciprocal is
    2**-exponent times scale, while mean and variance are those of the rows themselves.
    """

    mean: Array
    variance: Array
    scale: Array
    exponent: Array
    xhat: Array


@dataclass(frozen=True, eq=False)
class Saved:
    """What the backward of one forward needs, by value."""

    groups: Partition
    blocks: Partition
    training: bool
    standardized: Standardized


@dataclass(frozen=True, eq=False)
class Saving:
    """What a layer saves: parameters, running statistics, and how often these have moved."""

    parameters: Mapping[str, Array]
    running: Mapping[str, Array]
    batches: int


def _copies(arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name: values.copy() for name, values in arrays.items()}


def working_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the format to compute in: float64 for float64, else float32."""
    return np.dtype(np.float64 if dtype == np.float64 else np.float32)


def excess_exponent(rows: Array) -> Array:
    """Return, for each part, by which power of two its elements are too large for the sum of their squares."""
    limit = (int(np.finfo(rows.dtype).maxexp) - rows.shape[1].bit_length()) // 2 - 2
    largest = np.max(np.abs(rows), axis=1, keepdims=True, initial=0)
    return np.where(np.isfinite(largest), np.maximum(np.frexp(largest)[1] - limit, 0), 0)


def standardize(formulas: Formulas, rows: Array, epsilon: Array) -> Standardized:
    """Return the rows normalized with their own statistics."""
    exponent = excess_exponent(rows)
    mean, variance = formulas.statistics(np.ldexp(rows, -exponent))
    full = np.ldexp(variance, 2 * exponent)
    kept = np.where(np.isfinite(full), 0, exponent)  # a large constant has a small variance: epsilon must not vanish
    scale = formulas.rstd(np.ldexp(variance, 2 * (exponent - kept)), formulas.scaled_epsilon(epsilon, kept))
    xhat = formulas.normalize(np.ldexp(rows, -kept), np.ldexp(mean, exponent - kept), scale)
    return Standardized(np.ldexp(mean, exponent), full, scale, kept, xhat)


def _by_block(groups: Partition, blocks: Partition, values: Array) -> Array:
    """Return the mean over each block of one value a group, in the shape of a parameter."""
    others = tuple(at for at, axis in enumerate(groups.kept) if axis in blocks.axes)
    mean: Array = values.reshape(groups.parts_shape).mean(axis=others)
    return mean


class NumpyLayer:
    """One layer. Parameters and running statistics are copied when it is built.

    Raises ValueError, when it is built or at its first step, for what the declared conventions refuse and for arrays
    of the wrong shape.
    """

    def __init__(self, case: Case, formulas: Formulas, declared: Mapping[str, str]) -> None:
        self.operation = OPERATIONS[case.operation]
        self.conventions = self.operation.settled(declared)
        self.formulas = formulas
        self.dtype = case.format.dtype
        self.working = working_dtype(self.dtype)
        self.attributes = {**case.attributes, **self.operation.constants}
        self.momentum: float | None = case.attributes.get("momentum")
        self.epsilon = self._checked_epsilon(self.attributes["epsilon"])
        if self.conventions.get("epsilon_place") == "added":
            self.formulas = outside(formulas, self.epsilon)
        self.parameters = {name: values.astype(self.working) for name, values in case.parameters.items()}
        self.running = {name: values.copy() for name, values in case.state.items()}
        self.batches, self.frozen = 0, False
        self.saved: list[Saved] = []

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return y, and move the running statistics in training."""
        training = training and not self.frozen
        groups, blocks = self._partitions(x)
        with np.errstate(all="ignore"):
            rows = groups.split(self._summed(x))
            own = training or not self.operation.state or (self.operation.untracked_inference and not self.running)
            standardized = self._train(groups, blocks, rows) if own else self._infer(groups, blocks, rows)
            self.saved.append(Saved(groups, blocks, own, standardized))
            return self._y(self.saved[-1])

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Return the wanted gradients of the step-th forward."""
        saved = self.saved[step]
        with np.errstate(all="ignore"):
            dy = saved.blocks.split(cotangent.astype(self.working))
            answers = {name: getattr(self, f"_{name}")(saved, dy) for name in wanted}
            return {name: values.astype(self.dtype) for name, values in answers.items()}

    def double_backward(
        self, step: int, cotangent: Array, direction: Array, wanted: tuple[str, ...]
    ) -> Mapping[str, Array]:
        """Return the wanted cotangents of dy, x and gamma, where direction is that of dx at the step-th forward."""
        saved, f = self.saved[step], self.formulas
        s, groups, blocks = saved.standardized, saved.groups, saved.blocks
        with np.errstate(all="ignore"):
            gamma = self._parameter("gamma", blocks)
            dy = blocks.split(cotangent.astype(self.working))
            g = groups.split(blocks.join(f.scaled_cotangent(dy, gamma)))
            u = groups.split(direction.astype(self.working))
            tangent = blocks.split(self._pushed(saved, direction.astype(self.working)))
            answers = {
                "ddy": blocks.join(f.scaled_cotangent(tangent, gamma)),
                "ddx": groups.join(np.ldexp(f.ddx(g, u, s.xhat, s.scale), -2 * s.exponent)),
                "ddgamma": f.dgamma(dy, tangent).reshape(blocks.parts_shape),
            }
            return {name: answers[name].astype(self.dtype) for name in wanted}

    def jvp(self, step: int, tangents: Mapping[str, Array]) -> Array:
        """Return the tangent of the step-th y, where x, gamma and beta move along tangents."""
        saved = self.saved[step]
        blocks, wide = saved.blocks, {name: values.astype(self.working) for name, values in tangents.items()}
        with np.errstate(all="ignore"):
            pushed = blocks.split(self._pushed(saved, wide["x"]))
            moved = self.formulas.scaled_cotangent(pushed, self._parameter("gamma", blocks))
            if "gamma" in wide:
                moved = moved + blocks.spread(wide["gamma"]) * self._scaled(saved)
            if "beta" in wide:
                moved = moved + blocks.spread(wide["beta"])
            return blocks.join(moved).astype(self.dtype)

    def _pushed(self, saved: Saved, u: Array) -> Array:
        """Return how xhat follows x: its Jacobian is symmetric, so that this is the backward of u."""
        s, f, rows = saved.standardized, self.formulas, saved.groups.split(u)
        moved = f.dx_training(rows, s.xhat, s.scale) if saved.training else f.dx_inference(rows, s.scale)
        return saved.groups.join(np.ldexp(moved, -s.exponent))

    def save(self) -> Saving:
        """Return parameters and running statistics by value, and how often they moved."""
        return Saving(_copies(self.parameters), _copies(self.running), self.batches)

    def load(self, saved: Saving) -> None:
        """Take what a layer has saved."""
        self.parameters, self.running = _copies(saved.parameters), _copies(saved.running)
        self.batches = saved.batches

    def copy(self) -> "NumpyLayer":
        """Return another layer with copies of all that this one has, and without its past."""
        other = copy(self)
        other.load(self.save())
        other.saved = []
        return other

    def freeze(self) -> None:
        """Infer from now on."""
        self.frozen = True

    def change_momentum(self, momentum: float | None) -> None:
        """Weigh by this momentum from now on."""
        self.momentum = momentum

    def state(self) -> Mapping[str, Array]:
        """Return the running statistics."""
        return self.running

    def _summed(self, x: Array) -> Array:
        """Return what is normalized, in the working format: x, and the residual where there is one."""
        wide = x.astype(self.working)
        if "residual" not in self.parameters:
            return wide
        total: Array = wide + self.parameters["residual"]
        return total.astype(self.dtype).astype(self.working) if self.conventions["residual_sum"] == "input" else total

    def _y(self, saved: Saved) -> Array:
        xhat, blocks = self._scaled(saved), saved.blocks
        if self.conventions.get("cast_order") == "before_scale":
            xhat = xhat.astype(self.dtype)
        y = self.formulas.affine(xhat, self._parameter("gamma", blocks), self._parameter("beta", blocks))
        return blocks.join(y).astype(self.dtype)

    def _scaled(self, saved: Saved) -> Array:
        """Return what gamma multiplies, in rows of blocks."""
        return saved.blocks.split(saved.groups.join(saved.standardized.xhat))

    def _checked_epsilon(self, epsilon: float) -> Array:
        if not epsilon >= 0 and self.conventions.get("negative_epsilon") == "refuse":
            raise ValueError(f"epsilon={epsilon!r} must not be negative")
        return np.asarray(epsilon, self.working)

    def _partitions(self, x: Array) -> tuple[Partition, Partition]:
        if x.ndim not in self.operation.ranks:
            raise ValueError(f"x has shape {x.shape}: its rank must be one of {self.operation.ranks}")
        groups = self.operation.groups(x.shape, self.attributes)
        blocks = self.operation.blocks(x.shape, self.attributes)
        for name, values in {**self.parameters, **self.running}.items():
            needed = self.operation.shape_of(name, x.shape, self.attributes)
            if values.shape != needed:
                raise ValueError(f"{name} has shape {values.shape}, but x of shape {x.shape} needs {needed}")
        return groups, blocks

    def _parameter(self, name: str, blocks: Partition) -> Array | None:
        """Return a parameter as what it means, one value a block: what multiplies, in the format that it does so in."""
        if name not in self.parameters:
            return None
        values = blocks.spread(self.parameters[name])
        if name == "gamma" and self.conventions.get("scale_form") == "offset":
            values = 1 + values
        return values.astype(self.dtype) if self.conventions.get("cast_order") == "before_scale" else values

    def _train(self, groups: Partition, blocks: Partition, rows: Array) -> Standardized:
        members = rows.shape[1]
        if members == 1 and rows.size and self.conventions.get("single_element") == "refuse":
            raise ValueError("training needs more than one element in each group")
        if not rows.size and self.conventions.get("empty_batch") == "refuse":
            raise ValueError("training needs a batch that is not empty")
        if not rows.size and self.conventions.get("empty_batch") == "nan":
            self.running = {name: np.full_like(values, np.nan) for name, values in self.running.items()}
        if not rows.size:
            nothing = np.zeros((rows.shape[0], 1), rows.dtype)
            return Standardized(nothing, nothing, nothing, nothing.astype(int), rows)
        standardized = standardize(self.formulas, rows, self.epsilon)
        self._move_running(groups, blocks, standardized)
        if members == 1 and self.conventions.get("single_element") == "nan":
            standardized = replace(standardized, xhat=np.full_like(rows, np.nan))
        return standardized

    def _move_running(self, groups: Partition, blocks: Partition, standardized: Standardized) -> None:
        self.batches += 1
        if not self.running:
            return
        variance = standardized.variance
        if self.conventions["running_variance"] == "unbiased":
            variance = self.formulas.unbiased(standardized.mean, variance, groups.members)
        weight = self.formulas.new_weight(self.momentum, self.conventions["momentum"], self.batches)
        if self.momentum is not None and self.conventions["initial_value"] == "debiased":
            weight = debiased(weight, self.batches)
        for name, new in (("running_mean", standardized.mean), ("running_var", variance)):
            old = self.running[name].astype(self.working)
            self.running[name] = self.formulas.moved(old, _by_block(groups, blocks, new), weight).astype(self.dtype)

    def _infer(self, groups: Partition, blocks: Partition, rows: Array) -> Standardized:
        if not self.running:
            raise ValueError("inference needs running statistics")
        mean, variance = (
            groups.split(blocks.spread_over(self.running[name].astype(self.working)))[:, :1]
            for name in ("running_mean", "running_var")
        )
        scale = self.formulas.rstd(variance, self.epsilon)
        xhat = self.formulas.normalize(rows, mean, scale)
        return Standardized(mean, variance, scale, np.zeros(mean.shape, int), xhat)

    def _dx(self, saved: Saved, dy: Array) -> Array:
        s = saved.standardized
        g_blocks = self.formulas.scaled_cotangent(dy, self._parameter("gamma", saved.blocks))
        g = saved.groups.split(saved.blocks.join(g_blocks.astype(self.working)))
        f = self.formulas
        dx = f.dx_training(g, s.xhat, s.scale) if saved.training else f.dx_inference(g, s.scale)
        return saved.groups.join(np.ldexp(dx, -s.exponent))

    def _dgamma(self, saved: Saved, dy: Array) -> Array:
        xhat = self._scaled(saved)
        if self.conventions.get("cast_order") == "before_scale":
            xhat = xhat.astype(self.dtype).astype(self.working)
        return self.formulas.dgamma(dy, xhat).reshape(saved.blocks.parts_shape)

    def _dresidual(self, saved: Saved, dy: Array) -> Array:
        return self._dx(saved, dy)

    def _dbeta(self, saved: Saved, dy: Array) -> Array:
        return self.formulas.dbeta(dy).reshape(saved.blocks.parts_shape)
