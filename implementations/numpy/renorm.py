"""Batch renormalization in NumPy: batch norm's layer, with its output corrected towards the running statistics."""

from dataclasses import dataclass

import numpy as np

from normspec.implementations.numpy.layer import NumpyLayer, Saved, Standardized
from normspec.spec.formats import Array
from normspec.spec.partition import Partition


@dataclass(frozen=True, eq=False)
class Corrected(Standardized):
    """A training step's result with its correction r xhat + shift, both constants for the gradient."""

    r: Array
    shift: Array


class RenormLayer(NumpyLayer):
    """One layer with the limits r_max and d_max of its correction."""

    def _train(self, groups: Partition, blocks: Partition, rows: Array) -> Standardized:
        mean, variance = (
            groups.spread(self.running[name].astype(self.working)) for name in ("running_mean", "running_var")
        )
        found = super()._train(groups, blocks, rows)
        rstd = self.formulas.rstd(variance, self.epsilon)
        r_max, d_max = (self.working.type(self.attributes[name]) for name in ("r_max", "d_max"))
        r = np.clip(np.ldexp(1 / found.scale, found.exponent) * rstd, 1 / r_max, r_max)
        shift = np.clip((found.mean - mean) * rstd, -d_max, d_max)
        return Corrected(found.mean, found.variance, found.scale, found.exponent, found.xhat, r, shift)

    def _scaled(self, saved: Saved) -> Array:
        found = saved.standardized
        xhat = super()._scaled(saved)
        return xhat * found.r + found.shift if isinstance(found, Corrected) else xhat

    def _dx(self, saved: Saved, dy: Array) -> Array:
        found = saved.standardized
        dx = super()._dx(saved, dy)
        return saved.groups.join(saved.groups.split(dx) * found.r) if isinstance(found, Corrected) else dx
