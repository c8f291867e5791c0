"""Correct implementations, simulated: every operation is rounded to the arrays' dtype. Rows are (groups, members)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Rows = Any
Sum = Callable[[Rows], Rows]


def one_after_the_other(a: Rows) -> Rows:
    total = a[:, :1]
    for column in range(1, a.shape[1]):
        total = total + a[:, column : column + 1]
    return total


def pairwise(a: Rows) -> Rows:
    while a.shape[1] > 1:
        half = a.shape[1] // 2
        a = np.concatenate([a[:, :half] + a[:, half : 2 * half], a[:, 2 * half :]], axis=1)
    return a


@dataclass(frozen=True)
class Simulated:
    """One implementation: the format it computes in, how it adds, finds the variance, and applies gamma and beta."""

    dtype: Any
    total: Sum = pairwise
    algorithm: str = "two_pass"
    folded: bool = False

    def number(self, value: float) -> Any:
        return np.asarray(value).astype(self.dtype)

    def statistics(self, x: Rows) -> tuple[Rows, Rows]:
        return {"two_pass": self.two_pass, "welford": self.welford, "merged": self.merged, "one_pass": self.one_pass}[
            self.algorithm
        ](x)

    def two_pass(self, x: Rows) -> tuple[Rows, Rows]:
        m = self.number(x.shape[1])
        mean = self.total(x) / m
        centred = x - mean
        return mean, self.total(centred * centred) / m

    def one_pass(self, x: Rows) -> tuple[Rows, Rows]:
        m = self.number(x.shape[1])
        mean = self.total(x) / m
        return mean, np.maximum(self.total(x * x) / m - mean * mean, self.number(0))

    def welford(self, x: Rows) -> tuple[Rows, Rows]:
        mean, squares = x[:, :1], self.number(0) * x[:, :1]
        for column in range(1, x.shape[1]):
            new = x[:, column : column + 1]
            step = new - mean
            mean = mean + step / self.number(column + 1)
            squares = squares + step * (new - mean)
        return mean, squares / self.number(x.shape[1])

    def merged(self, x: Rows) -> tuple[Rows, Rows]:
        """Merge neighbours in a tree (Chan, Golub and LeVeque)."""
        counts, means, squares = np.full_like(x, 1), x, self.number(0) * x
        while counts.shape[1] > 1:
            whole = counts.shape[1] // 2 * 2
            (n, p), (a, b), (s, t) = ((v[:, 0:whole:2], v[:, 1:whole:2]) for v in (counts, means, squares))
            delta, weight = b - a, p / (n + p)
            joined = n + p, a + delta * weight, s + t + delta * delta * (weight * n)
            counts, means, squares = (
                np.concatenate([new, old[:, whole:]], axis=1)
                for new, old in zip(joined, (counts, means, squares), strict=True)
            )
        return means, squares / counts

    def rstd(self, variance: Rows, epsilon: float) -> Rows:
        return self.number(1) / np.sqrt(variance + self.number(epsilon))

    def forward(self, x: Rows, gamma: Rows, beta: Rows, epsilon: float) -> dict[str, Rows]:
        mean, variance = self.statistics(x)
        rstd = self.rstd(variance, epsilon)
        if self.folded:
            alpha = gamma * rstd
            y = x * alpha + (beta - mean * alpha)
        else:
            y = (x - mean) * rstd * gamma + beta
        return {"y": y, "mean": mean, "variance": variance}

    def backward(self, x: Rows, dy: Rows, gamma: Rows, epsilon: float) -> dict[str, Rows]:
        m, (mean, variance) = self.number(x.shape[1]), self.statistics(x)
        rstd = self.rstd(variance, epsilon)
        xhat, g = (x - mean) * rstd, gamma * dy
        dx = (g - self.total(g) / m - xhat * (self.total(g * xhat) / m)) * rstd
        return {"dx": dx, "dgamma": self.total(dy * xhat), "dbeta": self.total(dy)}

    def running(self, old: Rows, new: Rows, momentum: float) -> Rows:
        weight = self.number(momentum)
        return (self.number(1) - weight) * old + weight * new
