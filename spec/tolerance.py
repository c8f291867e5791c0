"""The tolerance of a result: the generated code on contract arithmetic, beside the certified exact result."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from normspec.spec.contracts import Contract
from normspec.spec.formats import Array
from normspec.spec.numbers.arb import Arb, working_precision
from normspec.spec.numbers.contract import Computed, ContractArithmetic
from normspec.spec.numbers.engine import Enclosure

FIRST_PRECISION = 128
LAST_PRECISION = 8192
"""Bits. Sums of products of float64 numbers are exact within 2 (1074 + 1024) bits and a few more."""

FINE = 0.125
"""An enclosure is fine enough when its radius is at most an eighth of the tolerance."""

Form = Callable[[ContractArithmetic], Mapping[str, tuple[Computed, ...]]]
"""A formula: from a number system to its outputs, each in one or more ways of computing it."""


@dataclass(frozen=True, eq=False)
class Bounded:
    """One output: where the exact result lies, and how far from it a returned one may be."""

    exact: Enclosure
    tolerance: Array


def bounded(forms: tuple[Form, ...], contract: Contract, regroup: Callable[[Any], Any]) -> Mapping[str, Bounded]:
    """Return every output of the first form, with every form that an implementation may take as the tolerance's source.

    The tolerance is the largest over the forms. The precision doubles while a radius exceeds FINE times its tolerance.
    """
    with np.errstate(all="ignore"):
        for bits in _precisions():
            with working_precision(bits):
                outputs = _run(forms, contract, Arb(regroup), regroup)
            if all(map(_fine, outputs.values())):
                break
        return outputs


def _precisions() -> Iterator[int]:
    bits = FIRST_PRECISION
    while bits <= LAST_PRECISION:
        yield bits
        bits *= 2


def _run(forms: tuple[Form, ...], contract: Contract, engine: Arb, regroup: Any) -> dict[str, Bounded]:
    runs = [form(ContractArithmetic(contract, engine, regroup)) for form in forms]
    return {name: _output([way for run in runs for way in run.get(name, ())], engine) for name in runs[0]}


def _output(numbers: list[Computed], engine: Arb) -> Bounded:
    first = numbers[0]
    tolerance = np.maximum.reduce([number.system.tolerance(number) for number in numbers])
    tight = first.gap <= FINE * tolerance / 2
    exact = Enclosure(first.value, np.zeros(()), first.gap) if tight.all() else engine.enclosure(first.exact)
    demanded = np.isfinite(tolerance) & np.isfinite(first.value)
    return Bounded(exact, np.where(demanded, tolerance, np.inf))


def _fine(output: Bounded) -> bool:
    return bool(np.all(output.exact.radius <= FINE * output.tolerance))
