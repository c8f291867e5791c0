"""Accuracy contracts: in which formats an implementation computes, how high its sums stack up, which forms it takes.

A contract fixes what the error analysis needs and nothing else. No number here is tuned: each is a count of roundings.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from math import ceil, log2
from types import MappingProxyType
from typing import Literal

from normspec.spec.formats import FORMATS, Format

Algorithm = Literal["two_pass", "welford", "one_pass"]


@dataclass(frozen=True)
class Contract:
    """What an implementation does, as far as rounding errors depend on it.

    accumulator: the format of sums and of the scalars of a group; compute: of elementwise arithmetic; statistics: in
    which mean, variance and rstd are kept between reduction and use; output: of what is returned. height gives, for a
    sum of n terms, the largest number of roundings between a term and the sum. folded: whether gamma and beta may be
    folded with the statistics into one product and one sum. algorithm: how the variance is found; welford stands for
    that recurrence and for merges of parts, the smaller into the larger, in any order.
    """

    name: str
    accumulator: Format
    compute: Format
    statistics: Format
    output: Format
    height: Callable[[int], int]
    folded: bool = True
    algorithm: Algorithm = "two_pass"


def blocked(terms: int) -> int:
    """Return 16 + ceil(log2 n): a balanced tree over runs of at most 16 terms, or never more than n - 1."""
    return min(16 + ceil(log2(terms)), terms - 1) if terms > 1 else 0


def sequential(terms: int) -> int:
    """Return n - 1: the terms are added one after the other, in any order."""
    return max(terms - 1, 0)


def constant(terms: int) -> int:
    """Return 2, or 0 for a single term: a compensated sum, or one in a wider format that is rounded once."""
    return 2 if terms > 1 else 0


@dataclass(frozen=True)
class Terms:
    """What a grade allows: the height of sums, folding, and the algorithm of the variance."""

    height: Callable[[int], int]
    folded: bool
    algorithm: Algorithm


TERMS: Mapping[str, Terms] = MappingProxyType(
    {
        "A": Terms(constant, folded=False, algorithm="two_pass"),
        "A~": Terms(constant, folded=True, algorithm="two_pass"),
        "B1": Terms(blocked, folded=True, algorithm="two_pass"),
        "B2": Terms(sequential, folded=True, algorithm="two_pass"),
        "B3": Terms(sequential, folded=True, algorithm="welford"),
        "C": Terms(sequential, folded=True, algorithm="one_pass"),
    }
)
"""The accuracy grades that a contract defines, strongest first."""

WORKING: Mapping[str, str] = MappingProxyType(
    {"float64": "float64", "float32": "float32", "float16": "float32", "bfloat16": "float32"}
)
"""The format that a layer accumulates and computes in, by the format of its arrays."""


def contract_of(grade: str, dtype: str, conventions: Mapping[str, str]) -> Contract:
    """Return the contract of a grade for arrays of a dtype, under the conventions declared.

    Raises ValueError for a grade that no contract defines.
    """
    if grade not in TERMS:
        raise ValueError(f"grade={grade!r} has no contract: choose from {', '.join(TERMS)}")
    return _contract(grade, dtype, conventions.get("statistics_dtype") == "input")


@cache
def _contract(grade: str, dtype: str, narrow: bool) -> Contract:
    terms = TERMS[grade]
    output, working = FORMATS[dtype], FORMATS[WORKING[dtype]]
    kept = output if narrow else working
    return Contract(grade, working, working, kept, output, terms.height, terms.folded, terms.algorithm)
