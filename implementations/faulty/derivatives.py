"""Faults in derivatives of derivatives, and in forward mode."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from normspec.implementations.faulty.fault import TWICE, by_formula, by_layer, by_wrapping
from normspec.implementations.numpy.formulas import average
from normspec.implementations.numpy.layer import NumpyLayer
from normspec.spec.formats import Array


def _without_own(correct: Callable[..., Array]) -> Callable[..., Array]:
    def ddx(g: Array, u: Array, xhat: Array, scale: Array) -> Array:
        found = correct(g, u, xhat, scale)
        rest: Array = found - xhat * average(found * xhat)
        return rest

    return ddx


class _DetachedTangent(NumpyLayer):
    def jvp(self, step: int, tangents: Mapping[str, Array]) -> Array:
        own = self.saved[step]
        self.saved[step] = replace(own, training=False)
        found = super().jvp(step, tangents)
        self.saved[step] = own
        return found


class _TangentOfX(NumpyLayer):
    def jvp(self, step: int, tangents: Mapping[str, Array]) -> Array:
        return super().jvp(step, {"x": tangents["x"]})


FAULTS = (
    by_formula(
        "double-backward-detached",
        "double-backward-wrong",
        "the double backward takes xhat and rstd for constants",
        "ddx is 0",
        TWICE,
        ddx=lambda g, u, xhat, scale: 0 * g,
    ),
    by_wrapping(
        "double-backward-constant-rstd",
        "double-backward-wrong",
        "the double backward takes rstd for a constant: it lacks the term along xhat",
        "ddx along xhat is not that of the formula",
        TWICE,
        ddx=_without_own,
    ),
    by_layer(
        "tangent-detached",
        "forward-mode-derivative-wrong",
        "forward mode takes mean and rstd for constants",
        "the tangent of y is that of inference, and not the transpose of the backward",
        _DetachedTangent,
        TWICE,
    ),
    by_layer(
        "tangent-of-x-alone",
        "forward-mode-derivative-wrong",
        "forward mode lets x move, and holds gamma and beta fixed",
        "the tangent of y does not follow those of gamma and beta",
        _TangentOfX,
        TWICE,
    ),
)
