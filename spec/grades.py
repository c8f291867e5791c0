"""Accuracy grades: the strongest contract that an observed result was seen to keep.

CR and A+ are within 1/2 and 1 ulp; A to C are the contracts of `contracts.TERMS`; F keeps none of them; NF is not
finite where a finite result is demanded; U lies outside the safe domain, where a plain two-pass may overflow; ? is a
case whose bound demands nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import numpy as np

from normspec.spec.case import Case
from normspec.spec.comparison import compare
from normspec.spec.contracts import TERMS
from normspec.spec.expectation import Expected, expect
from normspec.spec.formats import Array, Format, ulp
from normspec.spec.operations import Operation
from normspec.spec.rows import widened

Grade = Literal["CR", "A+", "A", "A~", "B1", "B2", "B3", "C", "F", "NF", "U", "?"]
ORDER: tuple[Grade, ...] = ("CR", "A+", "A", "A~", "B1", "B2", "B3", "C", "F", "NF")
"""The grades that rank, strongest first. U and ? say nothing about the implementation."""

CONTRACTS: tuple[Grade, ...] = tuple(letter for letter in ORDER if letter in TERMS)

WITHIN_ULPS: Mapping[Grade, float] = {"CR": 0.5, "A+": 1.0}


def grade(
    operation: Operation,
    case: Case,
    index: int,
    state: Mapping[str, Array],
    conventions: Mapping[str, str],
    observed: Mapping[str, Array],
) -> Mapping[str, Grade]:
    """Return the grade of each observed output of step `index`. The other arguments are those of `expect`."""

    def expected(letter: Grade) -> Mapping[str, Expected]:
        return expect(operation, case, index, state, conventions, grade=letter)

    return grade_against(case.format, expected, observed)


def grade_against(
    output: Format, expected: Callable[[Grade], Mapping[str, Expected]], observed: Mapping[str, Array]
) -> Mapping[str, Grade]:
    """Return the grade of each observed output, where `expected` gives what each contract of CONTRACTS demands.

    A contract whose bound demands nothing, where a stronger one was broken, is the strongest that was not.
    """
    found: dict[str, Grade] = {}
    for letter in CONTRACTS:
        left = [name for name in observed if name not in found]
        if not left:
            break
        demands = expected(letter)
        for name in left:
            settled = _first(output, observed[name], demands[name]) if letter == CONTRACTS[0] else None
            if settled is None and compare(observed[name], demands[name]).verdict != "broken":
                settled = letter
            if settled is not None:
                found[name] = settled
    return {name: found.get(name, "F") for name in observed}


def _first(output: Format, observed: Array, expected: Expected) -> Grade | None:
    """Return the grade that needs no contract, or that the absence of a bound settles; None where contracts decide."""
    seen = widened(observed)
    bound = expected.tolerance if expected.bound is None else expected.bound
    asked = np.isfinite(bound)
    if not asked.any():
        return "U" if seen.size else "?"
    if np.any(asked & ~np.isfinite(seen)):
        return "NF"
    for letter, ulps in WITHIN_ULPS.items():
        if _within(seen, expected, asked, ulps * ulp(output, expected.high)):
            return letter
    return "?" if compare(observed, expected).verdict == "vacuous" else None


def _within(seen: Array, expected: Expected, asked: Array, allowed: Array) -> bool:
    with np.errstate(all="ignore"):
        error = np.abs((seen - expected.high) - expected.low) + expected.radius
        return bool(np.all(~asked | (error <= allowed)))


def weakest(grades: Iterable[Grade]) -> Grade:
    """Return the lowest of the grades that rank; U where there is none but an unsafe case, else ?."""
    seen = set(grades)
    ranked = [letter for letter in ORDER if letter in seen]
    return ranked[-1] if ranked else "U" if "U" in seen else "?"


def drops_below(seen: Grade, declared: str) -> bool:
    """Return whether a grade ranks below the declared one, where both rank."""
    ranks: dict[str, int] = {letter: rank for rank, letter in enumerate(ORDER)}
    return seen in ranks and declared in ranks and ranks[seen] > ranks[declared]
