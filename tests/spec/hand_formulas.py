"""The tolerances of a two-pass implementation, typed by hand from the error analysis: the cross-check of the generated.

Everything is plain float64 on rows (groups, members). One format for all but the output; sums of height h.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from normspec.spec.formats import Format

Rows = Any


def g(k: float, u: float) -> float:
    return k * u / (1 - k * u)


def mean(a: Rows) -> Rows:
    return np.mean(a, axis=1, keepdims=True)


@dataclass(frozen=True)
class Formulas:
    """What the analysis starts from: the exact magnitudes of one case, in long double."""

    x: Rows
    epsilon: float
    working: Format
    output: Format
    height: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "x", self.x.astype(np.longdouble))

    @property
    def u(self) -> float:
        return self.working.unit_roundoff

    @property
    def eta(self) -> float:
        return self.working.smallest_subnormal

    @property
    def centred(self) -> Rows:
        return np.abs(self.x - mean(self.x))

    @property
    def variance(self) -> Rows:
        return mean(np.square(self.x - mean(self.x)))

    @property
    def rstd(self) -> Rows:
        return 1 / np.sqrt(self.variance + self.epsilon)

    def mean_error(self) -> Rows:
        return g(self.height + 2, self.u) * mean(np.abs(self.x)) + self.eta

    def variance_errors(self) -> tuple[Rows, Rows]:
        theta = (1 + g(4, self.u)) * (1 + g(self.height + 2, self.u)) - 1
        off = np.square(self.mean_error())
        return off + (self.variance + off) * theta + self.eta, self.variance * theta + self.eta

    def rstd_relative(self) -> Rows:
        up, down = self.variance_errors()
        w, k = self.variance + self.epsilon, (1 + self.u) ** 5
        low = np.maximum(w - down, self.epsilon)
        return np.maximum(np.sqrt(w / low) * k - 1, 1 - np.sqrt(w / (w + up)) / k)

    def output_error(self, exact: Rows, bound: Rows) -> Rows:
        if self.output == self.working:
            return bound
        return bound + self.output.unit_roundoff * (np.abs(exact) + bound) + self.output.smallest_subnormal / 2

    def y(self, gamma: Rows, beta: Rows, folded: bool) -> Rows:
        off, rho, r, u = self.mean_error(), self.rstd_relative(), self.rstd, self.u
        shared = np.abs(gamma) * r * (off * (1 + rho) + self.centred * rho)
        if folded:
            own = np.abs(gamma) * r * (1 + rho) * 6 * u * (np.abs(self.x) + np.abs(mean(self.x)) + off)
            own = own + 3 * u * np.abs(beta)
        else:
            own = np.abs(gamma) * r * (1 + rho) * g(4, u) * (self.centred + off) + u * np.abs(beta)
        y = gamma * (self.x - mean(self.x)) * r + beta
        underflow = 2 * self.eta * (1 + np.abs(gamma)) * (1 + r * (1 + rho))
        return self.output_error(y, shared + own + u * (np.abs(y) + shared + own) + underflow)

    def dx(self, gamma: Rows, dy: Rows) -> Rows:
        off, rho, r, c = self.mean_error(), self.rstd_relative(), self.rstd, self.centred
        cot = gamma * dy.astype(np.longdouble)
        q, gbar, big = mean(cot * (self.x - mean(self.x))), mean(cot), r * (1 + rho)
        dgbar = g(self.height + 3, self.u) * mean(np.abs(cot))
        dq = g(self.height + 5, self.u) * (mean(np.abs(cot) * c) + off * mean(np.abs(cot))) + off * np.abs(gbar)
        bound = big * (dgbar + r**2 * ((c + off) * dq + off * np.abs(q)) + r**2 * c * np.abs(q) * ((1 + rho) ** 2 - 1))
        bound = bound + rho * r * (np.abs(cot) + np.abs(gbar) + c * np.abs(q) * r**2)
        bound = bound + g(6, self.u) * big * (np.abs(cot) + np.abs(gbar) + (c + off) * np.abs(q) * big**2)
        return self.output_error((cot - gbar - (self.x - mean(self.x)) * r**2 * q) * r, bound)

    def dbeta(self, dy: Rows) -> Rows:
        total = np.sum(dy.astype(np.longdouble), axis=1, keepdims=True)
        return self.output_error(total, g(self.height, self.u) * np.sum(np.abs(dy), axis=1, keepdims=True))

    def dgamma(self, dy: Rows) -> Rows:
        off, rho, r, u = self.mean_error(), self.rstd_relative(), self.rstd, self.u
        error = r * (off * (1 + rho) + self.centred * rho) + r * (1 + rho) * g(3, u) * (self.centred + off)
        xhat = (self.x - mean(self.x)) * r
        size = np.abs(dy) * (np.abs(xhat) + error)
        bound = np.sum(np.abs(dy) * error + g(self.height + 1, u) * size, axis=1, keepdims=True)
        return self.output_error(np.sum(dy * xhat, axis=1, keepdims=True), bound)
