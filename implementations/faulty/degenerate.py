"""Faults on groups of one element, empty batches, and inputs that must be refused."""

import numpy as np

from normspec.implementations.faulty.fault import by_convention, by_layer
from normspec.implementations.numpy_layer import NumpyLayer, Standardized, standardize
from normspec.spec.formats import Array


class _SingleElementUnchecked(NumpyLayer):
    def _train(self, rows: Array) -> Standardized:
        if rows.shape[1] != 1:
            return super()._train(rows)
        standardized = standardize(self.formulas, rows, self.epsilon)
        nan = np.full_like(standardized.variance, np.nan)  # 0 times 1 / 0
        self._move_running(Standardized(standardized.mean, nan, nan, standardized.exponent, nan), 1)
        return standardized


class _Unscaled(NumpyLayer):
    def _train(self, rows: Array) -> Standardized:
        if rows.shape[1] < 2:
            return super()._train(rows)
        mean, variance = self.formulas.statistics(rows)  # the squares overflow: variance inf, scale 0
        scale = self.formulas.rstd(variance, self.epsilon)
        xhat = self.formulas.normalize(rows, mean, scale)
        plain = Standardized(mean, variance, scale, np.zeros(mean.shape, dtype=int), xhat)
        self._move_running(plain, rows.shape[1])
        return plain


class _EmptyUnchecked(NumpyLayer):
    def _train(self, rows: Array) -> Standardized:
        nothing = super()._train(rows)
        if rows.shape[1] == 0:
            nan = np.full_like(nothing.mean, np.nan)  # 0 / 0
            self._move_running(Standardized(nan, nan, nan, nothing.exponent, nan), 2)
        return nothing


class _EmptyCounted(NumpyLayer):
    def _train(self, rows: Array) -> Standardized:
        if rows.shape[1] == 0:
            self.batches += 1
        return super()._train(rows)


class _Squeezed(NumpyLayer):
    def forward(self, x: Array, *, training: bool) -> Array:
        return super().forward(x, training=training).squeeze()


FAULTS = (
    by_layer(
        "single-element-nan",
        "batch-of-one",
        "a group of one element is accepted in training, and makes the running variance NaN",
        "the refusal that is declared does not come",
        _SingleElementUnchecked,
    ),
    by_convention(
        "single-element-accepted",
        "singleton-reduction",
        "a group of one element is normalized to 0, where refusal is declared",
        "the refusal that is declared does not come",
        single_element="zero",
    ),
    by_layer(
        "silent-overflow",
        "low-precision-accumulation",
        "squares overflow to infinity, whose reciprocal square root is 0: y is beta",
        "y of huge elements is finite and wrong",
        _Unscaled,
    ),
    by_layer(
        "empty-batch-nan",
        "empty-input",
        "an empty batch makes the running statistics NaN",
        "the running statistics do not survive an empty batch",
        _EmptyUnchecked,
    ),
    by_layer(
        "empty-batch-counted",
        "empty-input",
        "an empty batch counts in the cumulative average",
        "with momentum=None the first batch after an empty one weighs 1/2",
        _EmptyCounted,
    ),
    by_layer(
        "squeezed",
        "degenerate-shape",
        "axes of length 1 are dropped from y",
        "y does not have the shape of x",
        _Squeezed,
    ),
    by_convention(
        "negative-epsilon-accepted",
        "eps-validation",
        "a negative epsilon is taken as it is, where refusal is declared",
        "the refusal that is declared does not come",
        negative_epsilon="accept",
    ),
)
