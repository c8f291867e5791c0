"""Faults in the statistics of a group."""

from collections.abc import Callable
from typing import Any

import numpy as np

from normspec.implementations.faulty.fault import CENTRED, MEANS, ROOTS, by_formula, by_wrapping
from normspec.implementations.numpy.formulas import average, mean_square, sum_of_squares, total, two_pass
from normspec.spec.formats import Array

Statistics = Callable[[Array], tuple[Array, Array]]

TILE = 32
LANES = 4
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


def _narrow_mean_square(rows: Array) -> tuple[Array, Array]:
    return _nothing(rows), narrow_total(np.square(rows)) / rows.dtype.type(rows.shape[1])


def _narrow_sum(rows: Array) -> tuple[Array, Array]:
    return _nothing(rows), narrow_total(np.square(rows))


def _nothing(rows: Array) -> Array:
    return np.zeros((rows.shape[0], 1), rows.dtype)


_NARROW: dict[Statistics, Statistics] = {
    two_pass: _narrow,
    mean_square: _narrow_mean_square,
    sum_of_squares: _narrow_sum,
}


def _of(change: Callable[[Array], Array]) -> Callable[[Statistics], Statistics]:
    """Return the wrapper by which the statistics are those of changed rows."""
    return lambda correct: lambda rows: correct(change(rows))


def _times(factor: Callable[[int], float]) -> Callable[[Statistics], Statistics]:
    """Return the wrapper by which the variance, or what stands in its place, is multiplied by a factor of m."""

    def wrap(correct: Statistics) -> Statistics:
        def statistics(rows: Array) -> tuple[Array, Array]:
            mean, variance = correct(rows)
            return mean, variance * rows.dtype.type(factor(rows.shape[1]))

        return statistics

    return wrap


def _padded(rows: Array) -> tuple[Array, Array]:
    members = rows.shape[1]
    width = 1 << (members - 1).bit_length()
    padded = np.pad(rows, ((0, 0), (0, width - members)))
    mean = total(padded) / rows.dtype.type(members)
    return mean, total(np.square(padded - mean)) / rows.dtype.type(members)


def _filled(rows: Array) -> Array:
    return np.pad(rows, ((0, 0), (0, -rows.shape[1] % LANES)))


def _whole_tiles(rows: Array) -> Array:
    members = rows.shape[1]
    return rows[:, : members - members % TILE] if members > TILE else rows


def _unequal_shards(correct: Statistics) -> Statistics:
    def statistics(rows: Array) -> tuple[Array, Array]:
        half = (rows.shape[1] + 1) // 2
        shards = [correct(shard) for shard in (rows[:, :half], rows[:, half:]) if shard.shape[1]]
        means, variances = (np.concatenate(parts, axis=1) for parts in zip(*shards, strict=True))
        mean = average(means)
        return mean, average(variances + np.square(means - mean))

    return statistics


def _wrapped(rows: Array) -> Array:
    return rows[:, np.arange(rows.shape[1]).astype(np.uint8)]


def _without_nan(rows: Array) -> Array:
    return np.where(np.isnan(rows), rows.dtype.type(0), rows)


def _half_count(members: int) -> float:
    with np.errstate(over="ignore"):
        counted = float(np.float16(members))
    return members / counted if counted else 1.0


def _mean_kept(rows: Array, mean: Array, scale: Array) -> Array:
    product: Array = rows * scale
    return product


FAULTS = (
    by_formula(
        "cancellation",
        "cancellation-Ex2",
        "the variance is E[x²] - E[x]² in the working precision",
        "a shift of x changes y, when the mean is far above the spread",
        CENTRED,
        statistics=_one_pass,
    ),
    by_wrapping(
        "low-precision-accumulation",
        "low-precision-accumulation",
        "the sums of the statistics are taken one by one in float16 (float64 input: in float32)",
        "y and the running statistics are off by more than their tolerance",
        statistics=_NARROW.__getitem__,
    ),
    by_wrapping(
        "unbiased-variance-in-output",
        "running-var-biased",
        "y is normalized with the unbiased variance",
        "the mean square of y is (m-1)/m v/(v+eps)",
        MEANS,
        statistics=_times(lambda members: members / max(members - 1, 1)),
        unbiased=lambda correct: lambda mean, variance, members: variance,
    ),
    by_formula(
        "padding-in-statistics",
        "padding-in-statistics",
        "the group is padded with zeros to a power of two, and they enter the variance",
        "the variance is too large where the mean is not 0 and m is no power of two",
        CENTRED,
        statistics=_padded,
    ),
    by_wrapping(
        "masked-samples-counted",
        "mask-ignored",
        f"a group is filled up with zeros to a multiple of {LANES}; their mask is ignored: they count as elements",
        "the statistics of an odd group are those of a longer one",
        MEANS,
        statistics=_of(_filled),
    ),
    by_wrapping(
        "tail-dropped",
        "tile-tail-or-block-boundary",
        f"of more than {TILE} elements, those after the last whole tile of {TILE} do not enter the statistics",
        "y and the running statistics ignore the last elements of a group",
        statistics=_of(_whole_tiles),
    ),
    by_wrapping(
        "unequal-shards",
        "syncbn-unequal-count",
        "the statistics of two shards of unequal size are merged with equal weights",
        "mean and variance are wrong where m is odd",
        MEANS,
        statistics=_unequal_shards,
    ),
    by_wrapping(
        "index-overflow",
        "index-overflow",
        "the index of an element within its group wraps at 256, as one of 32 bits does at 2^32",
        "elements after the 256th do not enter the statistics",
        statistics=_of(_wrapped),
    ),
    by_wrapping(
        "count-in-half-precision",
        "half-precision-counts-or-stats",
        "the number of elements is rounded to float16 before it divides the sum of squares",
        "the variance of 4097 elements is too large by 1/4096",
        MEANS,
        statistics=_times(_half_count),
    ),
    by_wrapping(
        "nan-swallowed",
        "nan-swallowed",
        "NaN enters the statistics as 0",
        "a NaN reaches its own element of y alone, not its whole group",
        statistics=_of(_without_nan),
    ),
    by_formula(
        "mean-not-subtracted",
        "rms-vs-layernorm-confusion",
        "x is divided by the standard deviation without subtracting the mean",
        "the mean of xhat is not 0",
        CENTRED,
        normalize=_mean_kept,
    ),
    by_formula(
        "rms-for-deviation",
        "rms-vs-layernorm-confusion",
        "the mean is subtracted, and what divides is the root mean square of x itself",
        "the mean square of xhat is less than v/(v+eps) where the mean is not 0",
        CENTRED,
        statistics=lambda rows: (average(rows), mean_square(rows)[1]),
    ),
    by_formula(
        "mean-subtracted",
        "rms-vs-layernorm-confusion",
        "the mean is subtracted and the standard deviation divides, where the root mean square is meant",
        "y changes where the mean is not 0",
        ROOTS,
        statistics=two_pass,
    ),
    by_formula(
        "deviation-for-rms",
        "rms-vs-layernorm-confusion",
        "x is divided by its standard deviation, where the root mean square is meant",
        "the mean square of xhat is more than 1 where the mean is not 0",
        ROOTS,
        statistics=lambda rows: (_nothing(rows), two_pass(rows)[1]),
    ),
    by_formula(
        "rms-for-norm",
        "wrong-op-dispatch",
        "x is divided by its root mean square, where the norm is meant",
        "the length of y is gamma times the root of m",
        ("weight_norm",),
        statistics=mean_square,
    ),
)
