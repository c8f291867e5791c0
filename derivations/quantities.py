"""The quantities that all chapters speak of: a group, its statistics, its normalized elements, and the chart.

A group is x[1..m]; g is the cotangent of the output y, gamma and beta scale and shift it, element by element.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sympy import Expr, Integer, Symbol, sqrt

from normspec.derivations.language import (
    Defined,
    Definition,
    Index,
    Vector,
    define,
    indices,
    mean,
    natural,
    positive,
    total,
)
from normspec.derivations.readback import Chart

m = natural("m")
i, j, k, l = indices("i j k l", m)  # noqa: E741 - the fourth index of mathematics
epsilon = positive("epsilon")
x, g, gamma, beta = Vector("x"), Vector("g"), Vector("gamma"), Vector("beta")


@dataclass(frozen=True)
class Standardized:
    """A group's mean mu, biased variance v, sigma = sqrt(v + epsilon), and xhat[i] = (x[i] - mu) / sigma."""

    mu: Defined
    v: Defined
    sigma: Defined
    xhat: Definition


def standardized(
    entry: Callable[[Index], Any], epsilon: Any = epsilon, mark: str = "", over: Index = i
) -> Standardized:
    """Standardize a group given entry by entry over an index; the names carry the mark."""
    i = over
    mu = define("mu" + mark, mean(entry(i), i))
    v = define("v" + mark, mean((entry(i) - mu) ** 2, i))
    sigma = define("sigma" + mark, sqrt(v + epsilon))
    return Standardized(mu, v, sigma, Definition("xhat" + mark, (entry(i) - mu) / sigma, i))


group = standardized(lambda i: x[i])
mu, v, sigma, xhat = group.mu, group.v, group.sigma, group.xhat

deviation = Definition("c", x[i] - mu, i)

mu_r, v_r = Symbol("mu_r"), positive("v_r")
sigma_r = define("sigma_r", sqrt(v_r + epsilon))
xhat_r = Definition("xhat_r", (x[i] - mu_r) / sigma_r, i)

y = Definition("y", gamma[i] * xhat[i] + beta[i], i)
loss = define("L", total(g[i] * y[i], i))
ghat = Definition("ghat", gamma[i] * g[i], i)


def chart(divisor: Any = m, centred: bool = True, names: Standardized = group) -> Chart:
    """Coordinates of a group: x[i] = mu + sigma h[i], with sum h = 0 and sum h**2 = d (1 - epsilon / sigma**2)."""
    return _coordinates(Symbol("sigma", positive=True), divisor, centred, names, names.xhat)


def chart_of_deviations(divisor: Any = m, centred: bool = True, names: Standardized = group) -> Chart:
    """Coordinates of a group: x[i] = mu + c[i], with sum c = 0 and sum c**2 = d (sigma**2 - epsilon)."""
    return _coordinates(Integer(1), divisor, centred, names, deviation if centred else x)


def _coordinates(unit: Expr, divisor: Any, centred: bool, names: Standardized, back: Definition | Vector) -> Chart:
    """Measure deviations in a unit: their squares sum to d (sigma**2 - epsilon) of the square of it."""
    mean_, scale, h = Symbol("mu"), Symbol("sigma", positive=True), Vector("h")
    rules = [(total(h[i] ** 2, i), divisor * (scale**2 - epsilon) / unit**2)]
    if centred:
        rules.append((total(h[i], i), Integer(0)))
    centre = mean_ if centred else Integer(0)
    return Chart(
        {x.head: lambda i: centre + unit * h[i]}, tuple(rules), {mean_: names.mu, scale: names.sigma, h.head: back}
    )


standard = chart()


def _moments() -> Chart:
    """Coordinates of a group: x[i] = mu + c[i], with sum c = 0 and sum c**2 = m v."""
    mean_, variance, h = Symbol("mu"), Symbol("v"), Vector("h")
    rules = ((total(h[i], i), Integer(0)), (total(h[i] ** 2, i), m * variance))
    return Chart({x.head: lambda i: mean_ + h[i]}, rules, {mean_: mu, variance: v, h.head: deviation})


moments = _moments()
by_mean = Chart({}, ((total(x[i], i), m * Symbol("mu")),), {Symbol("mu"): mu})
