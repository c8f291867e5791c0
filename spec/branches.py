"""Formulas that depend on a comparison: a norm clamped from below, a correction clipped to a range.

Each group follows one branch. Where the comparison is so close that rounding may decide it, nothing is demanded.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from normspec.spec.formats import Array
from normspec.spec.question import Question

MARGIN = 2.0**-5
"""Relative distance from which no format that a layer computes in decides a comparison wrongly: bfloat16 has 2^-8."""


@dataclass(frozen=True, eq=False)
class Branch:
    """The groups that follow a branch, its oracle, the suffix of the functions' names, and what they take besides.

    A whole number among the constants is exact; another one may be rounded to the format that a layer computes in.
    """

    groups: Array
    oracle: str
    suffix: str = ""
    constants: Mapping[str, float] = field(default_factory=dict)


def branches(question: Question) -> Iterator[Branch]:
    """Yield the branches that groups follow; groups too close to a border are in none."""
    operation, groups = question.operation, len(question.arrays["x"])
    if operation.name in BRANCHES and question.batch_statistics:
        yield from BRANCHES[operation.name](question)
    else:
        yield Branch(np.ones(groups, dtype=bool), operation.oracle)


def _above(values: Array, border: float) -> tuple[Array, Array]:
    """Return where values lie certainly above a border, and where certainly below."""
    flat = values.reshape(-1)
    return flat > border * (1 + MARGIN), flat < border * (1 - MARGIN)


def _norm(x: Array, order: float) -> Array:
    """Return the norm of each row, without overflow on the way."""
    largest = np.max(np.abs(x), axis=-1, keepdims=True, initial=0)
    scaled = np.abs(x) / np.where(largest > 0, largest, 1.0)
    if order == np.inf:
        return np.asarray(largest)
    return np.asarray(largest * np.sum(scaled**order, axis=-1, keepdims=True) ** (1 / order))


def _clamped(order: float) -> Callable[[Question], Iterator[Branch]]:
    def found(question: Question) -> Iterator[Branch]:
        above, below = _above(_norm(question.arrays["x"], order), question.epsilon)
        yield Branch(above, question.operation.oracle, constants={"epsilon": 0})
        yield Branch(below, "clamped")

    return found


def _cosine(question: Question) -> Iterator[Branch]:
    x, w = (_above(_norm(question.arrays[name], 2), question.epsilon) for name in ("x", "w"))
    yield Branch(x[0] & w[0], "cosine")
    yield Branch(x[1] & w[0], "cosine", "_x_clamped")
    yield Branch(x[0] & w[1], "cosine", "_w_clamped")
    yield Branch(x[1] & w[1], "cosine", "_both_clamped")


def _renormalized(question: Question) -> Iterator[Branch]:
    """Clip r = sigma of the batch / running sigma to [1 / r_max, r_max], and the shift to [-d_max, d_max]."""
    x, mean, variance = (question.arrays[name] for name in ("x", "running_mean", "running_var"))
    running = np.sqrt(variance + question.epsilon)
    r = np.sqrt(np.var(x, axis=-1, keepdims=True) + question.epsilon) / running
    shift = (np.mean(x, axis=-1, keepdims=True) - mean) / running
    r_max, d_max = (float(question.case.attributes[name]) for name in ("r_max", "d_max"))
    ways = {"r": _ways(r, 1 / r_max, r_max), "shift": _ways(shift, -d_max, d_max)}
    for r_groups, r_constants in ways["r"]:
        for shift_groups, shift_constants in ways["shift"]:
            clipped = [name for name, value in (("r", r_constants), ("shift", shift_constants)) if value is not None]
            suffix = {0: "", 1: f"_{clipped[0]}_clipped" if clipped else "", 2: "_both_clipped"}[len(clipped)]
            given = {"r": r_constants, "shift": shift_constants}
            constants = {name: value for name, value in given.items() if value is not None}
            yield Branch(r_groups & shift_groups, "renormalize", suffix, constants)


def _ways(values: Array, low: float, high: float) -> list[tuple[Array, float | None]]:
    """Return where values are certainly clipped to each end, with the end, and where they certainly are not."""
    flat, width = values.reshape(-1), MARGIN * (abs(low) + abs(high))
    free = (flat > low + width) & (flat < high - width)
    return [(free, None), (flat < low - width, low), (flat > high + width, high)]


BRANCHES: Mapping[str, Callable[[Question], Iterator[Branch]]] = MappingProxyType(
    {
        "l1_normalize": _clamped(1),
        "l2_normalize": _clamped(2),
        "max_normalize": _clamped(np.inf),
        "cosine_similarity": _cosine,
        "batch_renorm": _renormalized,
    }
)
