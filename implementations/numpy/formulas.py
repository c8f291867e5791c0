"""The arithmetic of a normalization layer on (parts, members), one function for each quantity.

A layer is put together from a table of them, so that another algorithm is one entry replaced. Scalars of a part have
shape (parts, 1). Everything is computed in the format of the rows.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from normspec.spec.formats import Array

WELFORD_RUN = 16  # elements that one lane takes in sequence, before the lanes are merged in a tree


def total(rows: Array) -> Array:
    """Return the sum over the members, by NumPy's pairwise summation."""
    summed: Array = np.sum(np.ascontiguousarray(rows), axis=1, keepdims=True)
    return summed


def average(rows: Array) -> Array:
    """Return the mean over the members."""
    mean: Array = total(rows) / rows.dtype.type(rows.shape[1])
    return mean


def two_pass(rows: Array) -> tuple[Array, Array]:
    """Return mean and biased variance, from the squares of the deviations from the mean."""
    mean = average(rows)
    return mean, average(np.square(rows - mean))


def welford(rows: Array) -> tuple[Array, Array]:
    """Return mean and biased variance in one pass.

    Lanes of WELFORD_RUN elements by the recurrence of Welford (1962), merged pairwise by the formula of Chan, Golub and
    LeVeque (1979).
    """
    members = rows.shape[1]
    whole = members - members % WELFORD_RUN
    lanes = rows[:, :whole].reshape(rows.shape[0], -1, WELFORD_RUN)
    tail = rows[:, np.newaxis, whole:]
    parts = [_recurrence(block) for block in (lanes, tail) if block.shape[1] * block.shape[2]]
    counts, means, squares = (np.concatenate(column, axis=1) for column in zip(*parts, strict=True))
    while counts.shape[1] > 1:
        counts, means, squares = _merged_pairwise(counts, means, squares)
    return means, squares / counts


def sharded(rows: Array) -> tuple[Array, Array]:
    """Return mean and biased variance of shards of unequal size, merged: what synchronized batch norm does."""
    third = max(rows.shape[1] // 3, 1)
    shards = [shard for shard in np.split(rows, [third, third + 1], axis=1) if shard.shape[1]]
    moments = [(np.full((len(rows), 1), shard.shape[1], rows.dtype), *two_pass(shard)) for shard in shards]
    parts = [(count, mean, variance * count) for count, mean, variance in moments]
    counts, means, squares = (np.concatenate(column, axis=1) for column in zip(*parts, strict=True))
    while counts.shape[1] > 1:
        counts, means, squares = _merged_pairwise(counts, means, squares)
    return means, squares / counts


def _recurrence(lanes: Array) -> tuple[Array, Array, Array]:
    """Return count, mean and sum of squared deviations of each lane of (parts, lanes, elements)."""
    mean = np.zeros(lanes.shape[:2], lanes.dtype)
    squares = np.zeros_like(mean)
    for index in range(lanes.shape[2]):
        deviation = lanes[:, :, index] - mean
        mean = mean + deviation / lanes.dtype.type(index + 1)
        squares = squares + deviation * (lanes[:, :, index] - mean)
    return np.full_like(mean, lanes.shape[2]), mean, squares


def _merged_pairwise(counts: Array, means: Array, squares: Array) -> tuple[Array, Array, Array]:
    even = counts.shape[1] - counts.shape[1] % 2
    (n_a, n_b), (mean_a, mean_b), (squares_a, squares_b) = (
        (values[:, 0:even:2], values[:, 1:even:2]) for values in (counts, means, squares)
    )
    count = n_a + n_b
    deviation = mean_b - mean_a
    merged = (
        count,
        mean_a + deviation * (n_b / count),
        squares_a + squares_b + np.square(deviation) * (n_a * (n_b / count)),
    )
    left = (values[:, even:] for values in (counts, means, squares))
    first, second, third = (np.concatenate(pair, axis=1) for pair in zip(merged, left, strict=True))
    return first, second, third


def mean_square(rows: Array) -> tuple[Array, Array]:
    """Return 0 for the mean, and the mean square in the place of the variance: nothing is subtracted."""
    return np.zeros((rows.shape[0], 1), rows.dtype), average(np.square(rows))


def sum_of_squares(rows: Array) -> tuple[Array, Array]:
    """Return 0 for the mean, and the sum of squares in the place of the variance: the square of the norm."""
    return np.zeros((rows.shape[0], 1), rows.dtype), total(np.square(rows))


def two_pass_sample(rows: Array) -> tuple[Array, Array]:
    """Return mean and sample variance, with the divisor m - 1, from the deviations from the mean."""
    mean = average(rows)
    return mean, total(np.square(rows - mean)) / rows.dtype.type(rows.shape[1] - 1)


def rstd(variance: Array, epsilon: Array) -> Array:
    """Return 1 / sqrt(variance + epsilon)."""
    reciprocal: Array = 1 / np.sqrt(variance + epsilon)
    return reciprocal


def rstd_outside(variance: Array, epsilon: Array) -> Array:
    """Return 1 / (sqrt(variance) + epsilon)."""
    reciprocal: Array = 1 / (np.sqrt(variance) + epsilon)
    return reciprocal


def scaled_epsilon(epsilon: Array, exponent: Array) -> Array:
    """Return epsilon for rows that are scaled by 2**-exponent: it is added to their squares."""
    scaled: Array = np.ldexp(epsilon, -2 * exponent)
    return scaled


def scaled_epsilon_outside(epsilon: Array, exponent: Array) -> Array:
    """Return the same for an epsilon that is added to their deviation."""
    scaled: Array = np.ldexp(epsilon, -exponent)
    return scaled


def normalize(rows: Array, mean: Array, scale: Array) -> Array:
    """Return xhat = (x - mean) rstd."""
    return (rows - mean) * scale


def affine(xhat: Array, gamma: Array | None, beta: Array | None) -> Array:
    """Return y = gamma xhat + beta; a parameter that is None takes no part."""
    scaled = xhat if gamma is None else xhat * gamma
    return scaled if beta is None else scaled + beta


def unbiased(mean: Array, variance: Array, members: int) -> Array:
    """Return the variance times m / (m - 1), whatever the mean; one element has variance 0, and keeps it."""
    corrected: Array = variance * variance.dtype.type(members / max(members - 1, 1))
    return corrected


def moved(old: Array, new: Array, weight: float) -> Array:
    """Return the running average after one step, where weight is that of the new value."""
    running: Array = old * old.dtype.type(1 - weight) + new * old.dtype.type(weight)
    return running


def debiased(weight: float, count: int) -> float:
    """Return the weight of the count-th batch over the sum of all weights so far."""
    return weight / (1 - (1 - weight) ** count) if weight else 0.0


def new_weight(momentum: float | None, convention: str, count: int) -> float:
    """Return the weight of the count-th batch: 1 / count for momentum=None, the cumulative average."""
    if momentum is None:
        return 1 / count
    return momentum if convention == "weighs_new" else 1 - momentum


def scaled_cotangent(cotangent: Array, gamma: Array | None) -> Array:
    """Return g = gamma dy, the cotangent of xhat."""
    return cotangent if gamma is None else cotangent * gamma


def dx_training(g: Array, xhat: Array, scale: Array) -> Array:
    """Return dx = rstd (g - mean(g) - xhat mean(g xhat)), where the statistics depend on x."""
    dx: Array = scale * (g - average(g) - xhat * average(g * xhat))
    return dx


def dx_rescaled(g: Array, xhat: Array, scale: Array) -> Array:
    """Return dx = rstd (g - xhat mean(g xhat)), where the root mean square depends on x."""
    dx: Array = scale * (g - xhat * average(g * xhat))
    return dx


def dx_sample(g: Array, xhat: Array, scale: Array) -> Array:
    """Return dx = rstd (g - mean(g) - xhat sum(g xhat) / (m - 1)), where the deviation has the divisor m - 1."""
    dx: Array = scale * (g - average(g) - xhat * (total(g * xhat) / g.dtype.type(g.shape[1] - 1)))
    return dx


def dx_direction(g: Array, xhat: Array, scale: Array) -> Array:
    """Return dx = (g - xhat sum(g xhat)) / norm, where the norm depends on x."""
    dx: Array = scale * (g - xhat * total(g * xhat))
    return dx


def ddx_training(g: Array, u: Array, xhat: Array, scale: Array) -> Array:
    """Return the gradient for x of the inner product of u with dx_training."""
    own = average(g * u) - average(g) * average(u)
    along_g, along_u = average(g * xhat), average(u * xhat)
    rest_g, rest_u = g - average(g) - xhat * along_g, u - average(u) - xhat * along_u
    return np.asarray(-np.square(scale) * (xhat * (own - along_g * along_u) + along_g * rest_u + along_u * rest_g))


def ddx_rescaled(g: Array, u: Array, xhat: Array, scale: Array) -> Array:
    """Return the same for a layer that does not centre: the gradient for x of the inner product with dx_rescaled."""
    along_g, along_u = average(g * xhat), average(u * xhat)
    rest_g, rest_u = g - xhat * along_g, u - xhat * along_u
    own = average(g * u) - along_g * along_u
    return np.asarray(-np.square(scale) * (xhat * own + along_g * rest_u + along_u * rest_g))


def ddx_direction(g: Array, u: Array, xhat: Array, scale: Array) -> Array:
    """Return the gradient for x of the inner product of u with dx_direction."""
    along_g, along_u = total(g * xhat), total(u * xhat)
    rest_g, rest_u = g - xhat * along_g, u - xhat * along_u
    own = total(g * u) - along_g * along_u
    return np.asarray(-np.square(scale) * (xhat * own + along_g * rest_u + along_u * rest_g))


def dx_inference(g: Array, scale: Array) -> Array:
    """Return dx = rstd g, where the statistics are constants."""
    return scale * g


def dgamma(cotangent: Array, xhat: Array) -> Array:
    """Return the sum of dy xhat."""
    return total(cotangent * xhat)


def dbeta(cotangent: Array) -> Array:
    """Return the sum of dy."""
    return total(cotangent)


@dataclass(frozen=True)
class Formulas:
    """The functions that a layer is put together from: each field has the function of that name above as its default.

    statistics: two_pass, welford, or another way to mean and biased variance.
    """

    statistics: Callable[[Array], tuple[Array, Array]] = two_pass
    rstd: Callable[[Array, Array], Array] = rstd
    normalize: Callable[[Array, Array, Array], Array] = normalize
    affine: Callable[[Array, Array | None, Array | None], Array] = affine
    unbiased: Callable[[Array, Array, int], Array] = unbiased
    moved: Callable[[Array, Array, float], Array] = moved
    new_weight: Callable[[float | None, str, int], float] = new_weight
    scaled_cotangent: Callable[[Array, Array | None], Array] = scaled_cotangent
    dx_training: Callable[[Array, Array, Array], Array] = dx_training
    ddx: Callable[[Array, Array, Array, Array], Array] = ddx_training
    dx_inference: Callable[[Array, Array], Array] = dx_inference
    dgamma: Callable[[Array, Array], Array] = dgamma
    dbeta: Callable[[Array], Array] = dbeta
    scaled_epsilon: Callable[[Array, Array], Array] = scaled_epsilon


def outside(own: Formulas, epsilon: Array) -> Formulas:
    """Return the formulas with epsilon added to the deviation: the gradient has the deviation alone in one place.

    The root of the deviation's share of the divisor takes what is divided by the one to what is divided by both.
    """

    def dx(g: Array, xhat: Array, scale: Array) -> Array:
        share = 1 - epsilon * scale
        spread = np.where(share > 0, xhat / np.sqrt(np.where(share > 0, share, 1)), 0)
        return own.dx_training(g, spread.astype(xhat.dtype), scale)

    return replace(own, rstd=rstd_outside, dx_training=dx, scaled_epsilon=scaled_epsilon_outside)
