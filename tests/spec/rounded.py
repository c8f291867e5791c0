"""Correct implementations of every operation, simulated: each operation of a formula is rounded to one format.

The generated formulas run in every form that a contract allows, with the sums and the variance of an algorithm, and the
largest error is measured against the tolerance of a contract that promises no more.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import mul
from typing import Any

import numpy as np
from asking import one_format
from drawn import questions
from simulated import one_after_the_other, pairwise

from normspec.spec.branches import branches
from normspec.spec.contracts import Contract, blocked, sequential
from normspec.spec.formats import FORMATS
from normspec.spec.forms import forms_of
from normspec.spec.numbers.plain import unmoved
from normspec.spec.operations import OPERATIONS
from normspec.spec.question import Question
from normspec.spec.tolerance import bounded

Rows = Any
FORMATS_SIMULATED = ("float32", "float16", "bfloat16")


class Number:
    """Rows in one format. squares are those that Welford's recurrence found, on the way from data to variance."""

    def __init__(self, rows: Rows, squares: Rows = None, stage: str = "") -> None:
        self.rows, self.squares, self.stage = rows, squares, stage

    def _of(self, other: Any) -> Rows:
        return other.rows if isinstance(other, Number) else np.asarray(other).astype(self.rows.dtype)

    def __add__(self, other: Any) -> "Number":
        return Number(self.rows + self._of(other))

    def __sub__(self, other: Any) -> "Number":
        passed = self.stage == "data" and isinstance(other, Number) and other.stage == "mean"
        return Number(self.rows - self._of(other), other.squares if passed else None, "centred" if passed else "")

    def __rsub__(self, other: Any) -> "Number":
        return Number(self._of(other) - self.rows)

    def __mul__(self, other: Any) -> "Number":
        passed = self is other and self.stage == "centred"
        return Number(self.rows * self._of(other), self.squares if passed else None, "squares" if passed else "")

    def __truediv__(self, other: Any) -> "Number":
        return Number(self.rows / self._of(other), self.squares, "mean" if self.stage == "sum" else "")

    def __rtruediv__(self, other: Any) -> "Number":
        return Number(self._of(other) / self.rows)

    def __neg__(self) -> "Number":
        return Number(-self.rows)

    __radd__ = __add__
    __rmul__ = __mul__


@dataclass(frozen=True)
class Rounding:
    """The number system: how it adds, and whether the variance is found by Welford's recurrence."""

    dtype: Any
    add_up: Callable[[Rows], Rows] = pairwise
    welford: bool = False
    backwards: bool = False
    regroup: Callable[[Rows], Rows] = unmoved

    def given(self, values: Rows, role: str = "value") -> Number:
        """Return values that the format holds.."""
        return Number(values.astype(self.dtype), stage="data" if role == "data" else "")

    def attribute(self, value: float) -> Number:
        """Return a float, rounded to the format."""
        return Number(np.full((1, 1), value).astype(self.dtype))

    def add(self, a: Number, b: Any) -> Number:
        """Return the sum."""
        return a + b

    def multiply(self, a: Number, b: Any) -> Number:
        """Return the product."""
        return a * b

    def summed(self, first: Rows, second: Rows) -> Number:
        """Return the sum of two arrays, which is data."""
        return Number(first.astype(self.dtype) + second.astype(self.dtype), stage="data")

    def stored(self, a: Number) -> Number:
        """Return a number in the format of the output, which it has."""
        return a

    kept = stored

    def total(self, a: Number) -> Number:
        """Return the sum over each group."""
        if self.welford and a.stage == "squares":
            return Number(a.squares)
        if self.welford and a.stage == "data":
            mean, squares = recurrence(a.rows)
            return Number(mean * self.dtype.type(a.rows.shape[1]), squares, "sum")
        return Number(self.add_up(a.rows))

    def block_total(self, a: Number) -> Number:
        """Return the sum over each block."""
        return Number(self.add_up(self.regroup(a.rows)))

    def across(self, a: Number, regroup: Callable[[Rows], Rows]) -> Number:
        """Return the sum over rows that regroup makes."""
        return Number(self.add_up(regroup(a.rows)))

    def product(self, *factors: Any) -> Any:
        """Return the product, from left to right or from right to left."""
        return reduce(mul, reversed(factors) if self.backwards else factors)

    def sqrt(self, a: Number) -> Number:
        """Return the square root."""
        return Number(np.sqrt(a.rows))

    def rsqrt(self, a: Number) -> Number:
        """Return one over the square root."""
        return Number(self.dtype.type(1) / np.sqrt(a.rows))


def recurrence(x: Rows) -> tuple[Rows, Rows]:
    """Return mean and sum of squared deviations by the recurrence of Welford (1962)."""
    mean, squares = x[:, :1], 0 * x[:, :1]
    for column in range(1, x.shape[1]):
        new = x[:, column : column + 1]
        step = new - mean
        mean = mean + step / x.dtype.type(column + 1)
        squares = squares + step * (new - mean)
    return mean, squares


@dataclass(frozen=True)
class Algorithm:
    """One way to compute: the system, the contract that it keeps, and the forms of the formulas that it has."""

    height: Callable[[int], int]
    system: Mapping[str, Any]
    forms: tuple[int | None, int | None]
    contract: Mapping[str, Any] = field(default_factory=dict)
    oracles: tuple[str, ...] = ()

    def computes(self, operation: str) -> bool:
        """Return whether the operation can be computed so."""
        return not self.oracles or OPERATIONS[operation].oracle in self.oracles

    def contract_for(self, dtype: str) -> Contract:
        """Return the contract kept, in one format."""
        return one_format(dtype, self.height, **self.contract)


FIRST, OTHERS = (0, 1), (1, None)

ALGORITHMS: Mapping[str, Algorithm] = {
    "pairwise": Algorithm(blocked, {}, FIRST, {"folded": False}),
    "sequential": Algorithm(sequential, {"add_up": one_after_the_other, "backwards": True}, FIRST, {"folded": False}),
    "other forms": Algorithm(blocked, {}, OTHERS),
    "welford": Algorithm(
        sequential,
        {"add_up": one_after_the_other, "welford": True},
        FIRST,
        {"algorithm": "welford"},
        ("normalize", "adain", "renormalize"),
    ),
    "one-pass": Algorithm(blocked, {}, OTHERS, {"algorithm": "one_pass"}, ("normalize",)),
}
"""Other forms: folded, apart, projected, gathered, divided, with one root: whatever the formulas have."""


def ratios(operation: str, algorithm: str, dtype: str, seed: int) -> Iterator[tuple[str, float]]:
    """Yield the largest error of each output over its tolerance, with the place; nothing where no bound demands."""
    way = ALGORITHMS[algorithm]
    if not way.computes(operation):
        return
    for question in questions(operation, dtype, seed, way.contract_for(dtype)):
        with np.errstate(all="ignore"):
            yield from _of_question(question, way, FORMATS[dtype].dtype)


def _of_question(question: Question, way: Algorithm, kind: Any) -> Iterator[tuple[str, float]]:
    for branch in branches(question):
        if not branch.groups.any():
            continue
        arrays = {name: rows[branch.groups] for name, rows in question.arrays.items()}
        forms = forms_of(question, branch)
        found = bounded(forms, arrays, question.contract, question.rows.regroup)
        for form in forms[slice(*way.forms)]:
            system: Any = Rounding(kind, regroup=question.rows.regroup, **way.system)
            for name, numbers in form(system, arrays).items():
                for number in numbers if name in found else ():
                    ratio = _ratio(number, found[name])  # type: ignore[arg-type]
                    if ratio is not None:
                        yield f"{name} of {question.case} step {question.index}", ratio


def _ratio(number: Number, expected: Any) -> float | None:
    exact, asked = expected.exact, np.isfinite(expected.tolerance)
    if not asked.any():
        return None
    error = np.abs(np.broadcast_to(number.rows, asked.shape).astype(np.float64) - exact.high - exact.low)
    over = np.nan_to_num((error - exact.radius) / expected.tolerance, nan=np.inf)
    over = np.where(error <= exact.radius, 0.0, over)[asked]  # what is exact has a tolerance of 0
    return max(0.0, float(np.max(over)))
