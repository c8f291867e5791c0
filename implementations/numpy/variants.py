"""More correct layers in NumPy: the same formulas with other sums, other variances and other ways to scale.

They are what no suite may reject. Each declares the accuracy grade that its sums have.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from math import fsum
from types import FunctionType, MappingProxyType
from typing import Any

import numpy as np

from normspec.implementations.numpy import formulas
from normspec.implementations.numpy.family import CENTRED, DEVIATIONS, NORM, PARAMETERLESS, ROOT_MEAN_SQUARE, layer
from normspec.implementations.numpy.formulas import Formulas
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS

Sum = Callable[[Array], Array]

LANES = 8
BLOCK = 8


def in_order(rows: Array) -> Array:
    """Return the sum over the members, one after the other."""
    return np.add.accumulate(rows, axis=1)[:, -1:] if rows.shape[1] else np.zeros((rows.shape[0], 1), rows.dtype)


def from_the_end(rows: Array) -> Array:
    """Return the sum over the members, one after the other from the last to the first."""
    return in_order(rows[:, ::-1])


def in_a_tree(rows: Array) -> Array:
    """Return the sum over the members in a balanced tree: neighbours are added until one number is left."""
    while rows.shape[1] > 1:
        even = rows.shape[1] - rows.shape[1] % 2
        rows = np.concatenate([rows[:, 0:even:2] + rows[:, 1:even:2], rows[:, even:]], axis=1)
    return rows if rows.shape[1] else np.zeros((rows.shape[0], 1), rows.dtype)


def in_lanes(rows: Array) -> Array:
    """Return the sum over the members as a vector unit takes it: every LANES-th one in a lane, the lanes in a tree."""
    filled = np.pad(rows, ((0, 0), (0, -rows.shape[1] % LANES)))
    return in_a_tree(filled.reshape(rows.shape[0], filled.shape[1] // LANES, LANES).sum(axis=1, dtype=rows.dtype))


def compensated(rows: Array) -> Array:
    """Return the sum over the members, with the rounding errors of each addition summed beside it (Neumaier, 1974)."""
    total = np.zeros(rows.shape[0], rows.dtype)
    lost = np.zeros_like(total)
    for term in rows.T:
        added = total + term
        lost += np.where(np.abs(total) >= np.abs(term), (total - added) + term, (term - added) + total)
        total = added
    return (total + np.where(np.isfinite(lost), lost, 0))[:, None]


def in_wider_format(rows: Array) -> Array:
    """Return the sum over the members, in a wider format, rounded once."""
    wider: Any = np.longdouble if rows.dtype == np.float64 else np.float64
    total: Array = np.sum(rows, axis=1, keepdims=True, dtype=wider).astype(rows.dtype)
    return total


def rounded_once(rows: Array) -> Array:
    """Return the exact sum over the members, rounded once; plainly summed where some are not finite."""
    plain = np.sum(rows, axis=1, keepdims=True)
    exact = [fsum(row) if np.isfinite(found) else found for row, (found,) in zip(rows.tolist(), plain, strict=True)]
    return np.array(exact, rows.dtype).reshape(plain.shape)


def corrected_two_pass(rows: Array) -> tuple[Array, Array]:
    """Return mean and variance; what the deviations sum to, which is not quite 0, is taken away again."""
    mean = formulas.average(rows)
    deviations = rows - mean
    return mean, formulas.average(np.square(deviations)) - np.square(formulas.average(deviations))


def merged(rows: Array) -> tuple[Array, Array]:
    """Return mean and variance of blocks of BLOCK elements by deviations, merged one after the other (Chan, 1979)."""
    count, mean, squares = 0, np.zeros((rows.shape[0], 1), rows.dtype), np.zeros((rows.shape[0], 1), rows.dtype)
    for start in range(0, rows.shape[1], BLOCK):
        block = rows[:, start : start + BLOCK]
        own_mean, own_variance = formulas.two_pass(block)
        own, share = block.shape[1], rows.dtype.type(block.shape[1] / (count + block.shape[1]))
        apart = own_mean - mean
        squares = squares + own_variance * rows.dtype.type(own) + np.square(apart) * (rows.dtype.type(count) * share)
        mean, count = mean + apart * share, count + own
    return mean, squares / rows.dtype.type(count)


def summed_by(total: Sum) -> Callable[[Formulas], Formulas]:
    """Return what turns formulas into the same ones with another sum: their code is bound to it by name."""
    names = {**vars(formulas), "total": total}
    names["average"] = FunctionType(formulas.average.__code__, names)

    def change(own: Formulas) -> Formulas:
        bound = {field.name: FunctionType(getattr(own, field.name).__code__, names) for field in fields(own)}
        return Formulas(**bound)

    return change


def divided(own: Formulas) -> Formulas:
    """Return the formulas with a division by the standard deviation, in the place of a product with its reciprocal."""
    return replace(
        own,
        rstd=lambda variance, epsilon: np.sqrt(variance + epsilon),
        normalize=lambda rows, mean, deviation: (rows - mean) / deviation,
        dx_training=lambda g, xhat, deviation: own.dx_training(g, xhat, np.ones_like(deviation)) / deviation,
        dx_inference=lambda g, deviation: g / deviation,
        ddx=lambda g, u, xhat, deviation: own.ddx(g, u, xhat, np.ones_like(deviation)) / np.square(deviation),
    )


def by_power(own: Formulas) -> Formulas:
    """Return the formulas with a reciprocal square root in one step."""
    return replace(own, rstd=lambda variance, epsilon: np.power(variance + epsilon, variance.dtype.type(-0.5)))


def multiplied_out(own: Formulas) -> Formulas:
    """Return the formulas with xhat = x rstd - mean rstd."""
    return replace(own, normalize=lambda rows, mean, scale: rows * scale - mean * scale)


SUMS: Mapping[str, tuple[str, Sum]] = MappingProxyType(
    {
        "in-order": ("B2", in_order),
        "from-the-end": ("B2", from_the_end),
        "tree": ("B1", in_a_tree),
        "lanes": ("B2", in_lanes),
        "compensated": ("A", compensated),
        "wide": ("A", in_wider_format),
        "exact": ("A", rounded_once),
    }
)
WAYS: Mapping[str, Callable[[Formulas], Formulas]] = MappingProxyType({"divided": divided, "power": by_power})
ABOUT_MEAN: Mapping[str, tuple[str, Callable[[Formulas], Formulas]]] = MappingProxyType(
    {
        "corrected": ("B1", lambda own: replace(own, statistics=corrected_two_pass)),
        "merged": ("B3", lambda own: replace(own, statistics=merged)),
        "multiplied-out": ("B1", multiplied_out),
    }
)

KINDS: Mapping[str, Formulas] = MappingProxyType(
    {
        **dict.fromkeys((*CENTRED, *PARAMETERLESS), DEVIATIONS),
        **dict.fromkeys(("rms_norm", "add_rms_norm"), ROOT_MEAN_SQUARE),
        "weight_norm": NORM,
    }
)

VARIANTS = tuple(
    layer(f"numpy-{name}", operation, change(own), f"variant: {name}", grade)
    for operation, own in KINDS.items()
    for name, (grade, change) in {
        **{name: (grade, summed_by(total)) for name, (grade, total) in SUMS.items()},
        **{name: ("B1", change) for name, change in WAYS.items()},
        **(ABOUT_MEAN if "zero-mean" in OPERATIONS[operation].requirements else {}),
    }.items()
)
