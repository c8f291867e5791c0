"""Faults on groups of one element, empty batches, and inputs that must be refused."""

from dataclasses import replace

import numpy as np

from normspec.implementations.faulty.fault import FAMILY, TRACKED, Passing, by_conduct, by_convention, by_layer
from normspec.implementations.numpy.layer import NumpyLayer, Standardized, standardize
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS
from normspec.spec.partition import Partition


def _declaring(convention: str, variant: str) -> tuple[str, ...]:
    """Return the operations that treat something in this way unless another one is declared."""
    return tuple(name for name in FAMILY if OPERATIONS[name].settled({}).get(convention) == variant)


class _SingleElementUnchecked(NumpyLayer):
    def _train(self, groups: Partition, blocks: Partition, rows: Array) -> Standardized:
        if rows.shape[1] != 1:
            return super()._train(groups, blocks, rows)
        standardized = standardize(self.formulas, rows, self.epsilon)
        nan = np.full_like(standardized.variance, np.nan)  # 0 times 1 / 0
        self._move_running(groups, blocks, Standardized(standardized.mean, nan, nan, standardized.exponent, nan))
        return standardized


class _Unscaled(NumpyLayer):
    def _train(self, groups: Partition, blocks: Partition, rows: Array) -> Standardized:
        if rows.shape[1] < 2:
            return super()._train(groups, blocks, rows)
        mean, variance = self.formulas.statistics(rows)  # the squares overflow: variance inf, scale 0
        scale = self.formulas.rstd(variance, self.epsilon)
        xhat = self.formulas.normalize(rows, mean, scale)
        plain = Standardized(mean, variance, scale, np.zeros(mean.shape, dtype=int), xhat)
        self._move_running(groups, blocks, plain)
        return plain


class _EmptyUnchecked(NumpyLayer):
    def _train(self, groups: Partition, blocks: Partition, rows: Array) -> Standardized:
        nothing = super()._train(groups, blocks, rows)
        if not rows.size:
            nan = np.full_like(nothing.mean, np.nan)  # 0 / 0
            self._move_running(groups, blocks, Standardized(nan, nan, nan, nothing.exponent, nan))
        return nothing


class _EmptyCounted(NumpyLayer):
    def _train(self, groups: Partition, blocks: Partition, rows: Array) -> Standardized:
        if not rows.size:
            self.batches += 1
        return super()._train(groups, blocks, rows)


class _SinglePassed(NumpyLayer):
    def _train(self, groups: Partition, blocks: Partition, rows: Array) -> Standardized:
        own = super()._train(groups, blocks, rows)
        return replace(own, xhat=rows) if rows.shape[1] == 1 else own


class _Squeezed(Passing):
    def forward(self, x: Array, *, training: bool) -> Array:
        return super().forward(x, training=training).squeeze()


FAULTS = (
    by_layer(
        "single-element-nan",
        "batch-of-one",
        "a group of one element is accepted in training, and makes the running variance NaN",
        "the refusal that is declared does not come",
        _SingleElementUnchecked,
        _declaring("single_element", "refuse"),
    ),
    by_convention(
        "single-element-accepted",
        "singleton-reduction",
        "a group of one element is normalized to 0, where refusal is declared",
        "the refusal that is declared does not come",
        _declaring("single_element", "refuse"),
        single_element="zero",
    ),
    by_convention(
        "single-element-refused",
        "singleton-reduction",
        "a group of one element is refused, where y = beta is declared",
        "what is declared to be answered is refused",
        _declaring("single_element", "zero"),
        single_element="refuse",
    ),
    by_layer(
        "single-element-passed",
        "singleton-reduction",
        "a group of one element is not normalized: y is gamma x + beta",
        "y of a group of one element depends on x",
        _SinglePassed,
        _declaring("single_element", "zero"),
    ),
    by_convention(
        "empty-batch-refused",
        "empty-input",
        "an empty batch is refused, where an empty answer is declared",
        "what is declared to be answered is refused",
        _declaring("empty_batch", "keep"),
        empty_batch="refuse",
    ),
    by_layer(
        "silent-overflow",
        "low-precision-accumulation",
        "squares overflow to infinity, whose reciprocal square root is 0: y is beta",
        "y of huge elements is finite and wrong",
        _Unscaled,
        tuple(name for name in FAMILY if "loud-overflow" in OPERATIONS[name].requirements),
    ),
    by_layer(
        "empty-batch-nan",
        "empty-input",
        "an empty batch makes the running statistics NaN",
        "the running statistics do not survive an empty batch",
        _EmptyUnchecked,
        TRACKED,
    ),
    by_layer(
        "empty-batch-counted",
        "empty-input",
        "an empty batch counts in the cumulative average",
        "with momentum=None the first batch after an empty one weighs 1/2",
        _EmptyCounted,
        TRACKED,
    ),
    by_conduct(
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
        _declaring("negative_epsilon", "refuse"),
        negative_epsilon="accept",
    ),
)
