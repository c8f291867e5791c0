"""The tolerance of a result: the generated code on contract arithmetic, beside the certified exact result.

The engines under the contract are a ladder: balls in float64, double-double balls, then arbitrary precision that
doubles. Each group climbs while one of its enclosures is coarser than an eighth of its tolerance.
"""

from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from normspec.spec.contracts import Contract
from normspec.spec.environment import require_exact_arithmetic
from normspec.spec.formats import Array
from normspec.spec.numbers.arb import Arb, working_precision
from normspec.spec.numbers.ball import UNIT, Balls
from normspec.spec.numbers.chunks import PIECE, PiecewiseArithmetic, Unknown, batches, in_pieces
from normspec.spec.numbers.computed import Computed
from normspec.spec.numbers.contract import ContractArithmetic
from normspec.spec.numbers.double_double import DoubleDouble
from normspec.spec.numbers.engine import Enclosure, Engine
from normspec.spec.numbers.plain import unmoved
from normspec.spec.numbers.symbols import filled, spread
from normspec.spec.workspace import KEPT, Workspace

SMALL, SMALL_FLOAT64 = 8, 700
"""Elements up to which arbitrary precision costs no more than vectorized balls, in float64 and in double-double."""

FIRST_PRECISION, LAST_PRECISION = 128, 8192
"""Bits. Sums of products of float64 numbers are exact within 2 (1074 + 1024) bits and a few more."""

FINE = 0.125
"""An enclosure is fine enough when its radius is at most an eighth of the tolerance."""

VAGUE = 2.0**-20
"""A relative width of enclosures that leaves bounds made with them as they are."""

Form = Callable[[ContractArithmetic, Mapping[str, Array]], Mapping[str, tuple[Computed, ...]]]
"""A formula: from a number system and arrays to its outputs, each in one or more ways of computing it."""


@dataclass(frozen=True, eq=False)
class Bounded:
    """One output: where the exact result lies, and how far from it a returned one may be.

    own is what is left of the first formula's bound of y without what a group's elements have in common; of another
    output it is the tolerance.
    """

    exact: Enclosure
    tolerance: Array
    own: Array


@dataclass(frozen=True)
class Rung:
    """One engine of the ladder, and its precision where that has no end, in bits."""

    engine: Engine
    bits: int | None = None

    @property
    def last(self) -> bool:
        """Return whether the precision has no end."""
        return self.bits is not None

    def context(self) -> AbstractContextManager[Any]:
        """Return the context that the engine runs in."""
        return nullcontext() if self.bits is None else working_precision(self.bits)


def bounded(
    forms: tuple[Form, ...],
    arrays: Mapping[str, Array],
    contract: Contract,
    regroup: Callable[[Any], Any] = unmoved,
    wanted: Container[str] | None = None,
    workspace: Workspace | None = None,
) -> dict[str, Bounded]:
    """Return the wanted outputs of the first form, or every one; the tolerance is the largest over all forms.

    arrays are float64, as (groups, members) or (groups, 1); regroup takes them to blocks. Raises
    PollutedEnvironmentError where floating point is not as the proofs assume.
    """
    require_exact_arithmetic()
    with np.errstate(all="ignore"):
        outputs: dict[str, Bounded] = {}
        chosen = np.arange(len(arrays["x"]))
        for rung in _ladder(arrays["x"].size, contract):
            part = {name: rows[chosen] for name, rows in arrays.items()} if outputs else arrays
            kept = workspace if part is arrays else None  # what is made of chosen groups is of no further use
            with rung.context():
                found = _evaluated(forms, part, Setting(contract, rung, regroup, wanted, kept))
            outputs = _merged(outputs, found, chosen) if outputs else found
            coarse = _coarse(found, len(chosen), rung.last)
            if not coarse.any():
                break
            if regroup is unmoved:
                chosen = chosen[coarse]
        return outputs


def _ladder(elements: int, contract: Contract) -> Iterator[Rung]:
    """Yield the engines to try, the cheapest first; float64 results are beyond balls in float64."""
    if contract.output.unit_roundoff > UNIT and elements > SMALL:
        yield Rung(Balls())
    if elements > SMALL_FLOAT64:
        yield Rung(DoubleDouble())
    bits = FIRST_PRECISION
    while bits <= LAST_PRECISION:
        yield Rung(Arb(), bits)
        bits *= 2


def fine_rung(elements: int) -> Rung:
    """Return the cheapest engine that has twice the precision of float64."""
    if elements > SMALL_FLOAT64:
        return Rung(DoubleDouble())
    return Rung(Arb(), FIRST_PRECISION)


@dataclass(frozen=True)
class Setting:
    """What a run of formulas needs beside the arrays."""

    contract: Contract
    rung: Rung
    regroup: Callable[[Any], Any]
    wanted: Container[str] | None
    workspace: Workspace | None

    def system(self) -> ContractArithmetic:
        """Return a number system that has nothing to remember yet."""
        return ContractArithmetic(self.contract, self.rung.engine, self.regroup, {})


def _evaluated(forms: tuple[Form, ...], arrays: Mapping[str, Array], setting: Setting) -> dict[str, Bounded]:
    """Return the outputs; large arrays are taken in pieces of groups, or in batches of small groups."""
    groups, members = arrays["x"].shape
    if setting.workspace is not None and arrays["x"].size <= KEPT:
        system = setting.workspace.system(arrays["x"], (id(setting.contract), setting.rung), setting.system)
        return _run(forms, arrays, system, setting.wanted)
    plain = setting.system()
    if arrays["x"].size <= 2 * PIECE or setting.regroup is not unmoved or setting.contract.algorithm == "welford":
        found = _run(forms, arrays, plain, setting.wanted)
        plain.forget()
        return found
    if groups > 1:
        return _joined([_evaluated(forms, batch, setting) for batch in batches(arrays)], axis=0)
    system = PiecewiseArithmetic(setting.contract, setting.rung.engine, setting.regroup, {}, members=members)
    return _joined(in_pieces(system, arrays, lambda piece: _run(forms, piece, system, setting.wanted)), axis=-1)


def _run(
    forms: tuple[Form, ...], arrays: Mapping[str, Array], system: ContractArithmetic, wanted: Container[str] | None
) -> dict[str, Bounded]:
    runs = [form(system, arrays) for form in forms]
    names = [name for name in runs[0] if wanted is None or name in wanted]
    ways: dict[str, list[Any]] = {
        name: list(dict.fromkeys(way for run in runs for way in run.get(name, ()))) for name in names
    }
    return {
        name: _output(system, name, found)
        for name, found in ways.items()
        if not any(isinstance(way, Unknown) for way in found)
    }


def _joined(parts: list[dict[str, Bounded]], axis: int) -> dict[str, Bounded]:
    """Return outputs of pieces or batches as one; pieces agree on what there is one of in a group."""

    def put(name: str, pick: Callable[[Bounded], Array]) -> Array:
        arrays = [pick(part[name]) for part in parts]
        return arrays[0] if axis == -1 and arrays[0].shape[-1] == 1 else np.concatenate(arrays, axis=axis)

    return {
        name: Bounded(
            Enclosure(
                put(name, lambda output: output.exact.high),
                put(name, lambda output: output.exact.low),
                put(name, lambda output: output.exact.radius),
            ),
            put(name, lambda output: output.tolerance),
            put(name, lambda output: output.own),
        )
        for name in parts[0]
    }


def _output(system: ContractArithmetic, name: str, ways: list[Computed]) -> Bounded:
    first = ways[0]
    tolerance = system.tolerance(*ways)
    demanded = np.isfinite(tolerance) & np.isfinite(first.value)
    tolerance = np.where(demanded, tolerance, np.inf)
    own = np.where(demanded, system.tolerance(first) - spread(first.shared), np.inf) if name == "y" else tolerance
    if np.all(first.gap <= FINE / 2 * tolerance):
        gap = filled(first.gap, tolerance.shape)
        return Bounded(Enclosure(first.value, np.zeros(tolerance.shape), gap), tolerance, own)
    return Bounded(system.engine.enclosure(first.exact), tolerance, own)


def _coarse(outputs: Mapping[str, Bounded], groups: int, last: bool) -> Array:
    """Return which groups have an enclosure that is too coarse. Outputs of blocks concern every group.

    An infinite tolerance may come from the enclosure's own width, where that is no small part of the result.
    """
    coarse = np.zeros(groups, dtype=bool)
    for output in outputs.values():
        radius = output.exact.radius
        fine = radius <= FINE * output.tolerance
        if fine.all() and (last or np.isfinite(output.tolerance).all()):
            continue
        bad = ~fine
        if not last:
            bad |= (
                np.isinf(output.tolerance)
                & np.isfinite(output.exact.high)
                & (radius > VAGUE * np.abs(output.exact.high))
            )
        bad = np.any(bad, axis=-1)
        coarse |= bad if len(bad) == groups else bad.any()
    return coarse


def _merged(outputs: Mapping[str, Bounded], found: Mapping[str, Bounded], chosen: Array) -> dict[str, Bounded]:
    """Return the outputs with the chosen groups replaced by what was found for them."""
    return {name: _replaced(output, found[name], chosen) for name, output in outputs.items()}


def _replaced(output: Bounded, found: Bounded, chosen: Array) -> Bounded:
    def put(old: Array, new: Array) -> Array:
        if old.shape == new.shape:
            return new
        result = np.array(old)
        result[chosen] = new
        return result

    old, new = output.exact, found.exact
    exact = Enclosure(put(old.high, new.high), put(old.low, new.low), put(old.radius, new.radius))
    return Bounded(exact, put(output.tolerance, found.tolerance), put(output.own, found.own))
