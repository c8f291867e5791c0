"""Faults in mean, variance and epsilon."""

from typing import Any

import numpy as np

from normspec.implementations.faulty.fault import by_formula
from normspec.implementations.formulas import average, total, two_pass
from normspec.spec.formats import Array

TILE = 32
NARROWER = {"float64": np.float32, "float32": np.float16}


def narrow_total(rows: Array) -> Array:
    """Return the sum over the members, one after the other in a narrower format."""
    if rows.shape[1] == 0:
        return total(rows)
    narrow: Any = NARROWER[rows.dtype.name]
    sums: Array = np.add.accumulate(rows.astype(narrow), axis=1)[:, -1:].astype(rows.dtype)
    return sums


def _one_pass(rows: Array) -> tuple[Array, Array]:
    mean = average(rows)
    return mean, np.maximum(average(rows * rows) - mean * mean, 0)


def _narrow(rows: Array) -> tuple[Array, Array]:
    members = rows.dtype.type(rows.shape[1])
    mean = narrow_total(rows) / members
    return mean, narrow_total(np.square(rows - mean)) / members


def _unbiased_everywhere(rows: Array) -> tuple[Array, Array]:
    mean, variance = two_pass(rows)
    members = rows.shape[1]
    return mean, variance * rows.dtype.type(members / max(members - 1, 1))


def _padded(rows: Array) -> tuple[Array, Array]:
    members = rows.shape[1]
    width = 1 << (members - 1).bit_length()
    padded = np.pad(rows, ((0, 0), (0, width - members)))
    mean = total(padded) / rows.dtype.type(members)
    return mean, total(np.square(padded - mean)) / rows.dtype.type(members)


def _whole_tiles(rows: Array) -> tuple[Array, Array]:
    members = rows.shape[1]
    return two_pass(rows[:, : members - members % TILE] if members > TILE else rows)


def _unequal_shards(rows: Array) -> tuple[Array, Array]:
    half = (rows.shape[1] + 1) // 2
    shards = [shard for shard in (rows[:, :half], rows[:, half:]) if shard.shape[1]]
    mean = average(np.concatenate([average(shard) for shard in shards], axis=1))
    return mean, average(np.concatenate([average(np.square(shard - mean)) for shard in shards], axis=1))


def _narrow_index(rows: Array) -> tuple[Array, Array]:
    index = np.arange(rows.shape[1]).astype(np.uint8)
    return two_pass(rows[:, index])


def _without_nan(rows: Array) -> tuple[Array, Array]:
    return two_pass(np.where(np.isnan(rows), 0, rows))


def _eps_outside(variance: Array, epsilon: Array) -> Array:
    reciprocal: Array = 1 / (np.sqrt(variance) + epsilon)
    return reciprocal


def _eps_fixed(variance: Array, epsilon: Array) -> Array:
    return _rstd(variance, np.full_like(epsilon, 1e-5))


def _eps_doubled(variance: Array, epsilon: Array) -> Array:
    return _rstd(variance, epsilon + epsilon)


def _eps_in_half(variance: Array, epsilon: Array) -> Array:
    return _rstd(variance, epsilon.astype(np.float16).astype(epsilon.dtype))


def _rstd(variance: Array, epsilon: Array) -> Array:
    reciprocal: Array = 1 / np.sqrt(variance + epsilon)
    return reciprocal


def _mean_kept(rows: Array, mean: Array, scale: Array) -> Array:
    product: Array = rows * scale
    return product


FAULTS = (
    by_formula(
        "cancellation",
        "cancellation-Ex2",
        "the variance is E[x^2] - E[x]^2 in the working precision",
        "a shift of x changes y, when the mean is far above the spread",
        statistics=_one_pass,
    ),
    by_formula(
        "low-precision-accumulation",
        "low-precision-accumulation",
        "mean and variance are summed one by one in float16 (float64 input: in float32)",
        "y and the running statistics are off by more than their tolerance",
        statistics=_narrow,
    ),
    by_formula(
        "unbiased-variance-in-output",
        "running-var-biased",
        "y is normalized with the unbiased variance",
        "the mean square of y is (m-1)/m v/(v+eps)",
        statistics=_unbiased_everywhere,
        unbiased=lambda mean, variance, members: variance,
    ),
    by_formula(
        "padding-in-statistics",
        "padding-in-statistics",
        "the group is padded with zeros to a power of two, and they enter the variance",
        "the variance is too large where the mean is not 0 and m is no power of two",
        statistics=_padded,
    ),
    by_formula(
        "tail-dropped",
        "tile-tail-or-block-boundary",
        f"of more than {TILE} elements, those after the last whole tile of {TILE} do not enter the statistics",
        "y and the running statistics ignore the last elements of a group",
        statistics=_whole_tiles,
    ),
    by_formula(
        "unequal-shards",
        "syncbn-unequal-count",
        "the statistics of two shards of unequal size are merged with equal weights",
        "mean and variance are wrong where m is odd",
        statistics=_unequal_shards,
    ),
    by_formula(
        "index-overflow",
        "index-overflow",
        "the index of an element within its group wraps at 256",
        "elements after the 256th do not enter the statistics",
        statistics=_narrow_index,
    ),
    by_formula(
        "nan-swallowed",
        "nan-swallowed",
        "NaN enters the statistics as 0",
        "a NaN reaches its own element of y alone, not its whole group",
        statistics=_without_nan,
    ),
    by_formula(
        "eps-outside-sqrt",
        "eps-outside-sqrt",
        "epsilon is added to the standard deviation, not to the variance",
        "y is wrong for a large epsilon or a small variance",
        rstd=_eps_outside,
    ),
    by_formula(
        "eps-ignored",
        "eps-ignored",
        "epsilon is 1e-5 whatever is given",
        "y does not depend on epsilon",
        rstd=_eps_fixed,
    ),
    by_formula(
        "eps-doubled",
        "eps-ignored",
        "epsilon is added twice",
        "the mean square of y is v/(v + 2 eps)",
        rstd=_eps_doubled,
    ),
    by_formula(
        "eps-in-half-precision",
        "eps-underflow-low-precision",
        "epsilon is rounded to float16, where a small one is 0",
        "y of a constant group is not finite for a small epsilon",
        rstd=_eps_in_half,
    ),
    by_formula(
        "mean-not-subtracted",
        "rms-vs-layernorm-confusion",
        "x is divided by the standard deviation without subtracting the mean",
        "the mean of xhat is not 0",
        normalize=_mean_kept,
    ),
)
