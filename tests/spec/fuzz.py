"""Fuzz the vectorized engines against arbitrary precision, over every operation, in every form of its formulas.

python tests/spec/fuzz.py --enclosures 500000 [--json docs/data/soundness.json]

Cases are those that implementations are asked: every dtype, denormals, near overflow, constants, groups from one
element up. What is compared is what a verdict rests on: the exact part of the contract arithmetic.
"""

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from drawn import questions
from rich.progress import track

from normspec.files import write_whole
from normspec.spec.branches import branches
from normspec.spec.formats import FORMATS, Array
from normspec.spec.forms import forms_of
from normspec.spec.numbers.arb import Arb, working_precision
from normspec.spec.numbers.ball import Balls
from normspec.spec.numbers.contract import ContractArithmetic
from normspec.spec.numbers.double_double import DoubleDouble
from normspec.spec.operations import OPERATIONS
from normspec.spec.question import Question

BITS = 600
ENGINES: Mapping[str, Any] = {"ball": Balls(), "double-double": DoubleDouble()}
EXACT: Mapping[str, Any] = {"exact": Arb()}


@dataclass
class Tally:
    """Enclosures that were claimed, those of them that miss the exact result, and results without a claim."""

    enclosures: int = 0
    violations: int = 0
    unclaimed: int = 0
    places: set[str] = field(default_factory=set)


def evaluate(question: Question, engines: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every output of every form of a question's formulas, as each engine's number; the names say where."""
    for at, branch in enumerate(branches(question)):
        arrays = {name: rows[branch.groups] for name, rows in question.arrays.items()}
        if not branch.groups.any():
            continue
        for way, form in enumerate(forms_of(question, branch)):
            runs = {name: _run(question, form, arrays, engine) for name, engine in engines.items()}
            for output in next(iter(runs.values())):
                for number in range(len(next(iter(runs.values()))[output])):
                    place = f"{question.operation.name} {question.step.verb} {output} {at}.{way}.{number}"
                    yield place, {name: run[output][number].exact for name, run in runs.items()}


def _run(question: Question, form: Any, arrays: Mapping[str, Array], engine: Any) -> Mapping[str, Any]:
    system = ContractArithmetic(question.contract, engine, question.rows.regroup, {})
    found: Mapping[str, Any] = form(system, arrays)
    system.forget()
    return found


def judge(engine: Any, ball: Any, exact: Any, place: str, tally: Tally) -> None:
    """Count the elements of one output: claimed, missed, not claimed."""
    enclosure = engine.enclosure(ball)
    high, low, radius = (
        np.broadcast_to(part, exact.shape) for part in (enclosure.high, enclosure.low, enclosure.radius)
    )
    claimed = np.isfinite(radius)
    middle = Arb().lift(np.where(claimed, high, 0.0)) + Arb().lift(np.where(claimed, low, 0.0))
    distance = exact - middle
    outside = [bool(d.abs_lower() > r) for d, r in zip(distance.flat, radius.flat, strict=True)]
    missed = int(np.count_nonzero(np.array(outside).reshape(claimed.shape) & claimed))
    tally.violations += missed
    tally.enclosures += int(np.count_nonzero(claimed))
    tally.unclaimed += int(np.count_nonzero(~claimed))
    if missed:
        tally.places.add(place)


def fuzz(
    enclosures: int,
    seed: int,
    engines: Mapping[str, Any] = ENGINES,
    operations: Iterable[str] = OPERATIONS,
    dtypes: Iterable[str] = FORMATS,
) -> dict[str, Tally]:
    """Return what each engine did in so many rounds over operations and dtypes as so many enclosures take."""
    tallies = {name: Tally() for name in engines}
    with working_precision(BITS), np.errstate(all="ignore"):
        while sum(tally.enclosures for tally in tallies.values()) < enclosures:
            for operation, dtype in product(operations, dtypes):
                _add(operation, dtype, seed, engines, tallies)
            seed += 1
    return tallies


def _add(operation: str, dtype: str, seed: int, engines: Mapping[str, Any], tallies: Mapping[str, Tally]) -> None:
    for question in questions(operation, dtype, seed):
        for place, found in evaluate(question, {**engines, **EXACT}):
            for name, engine in engines.items():
                judge(engine, found[name], found["exact"], f"{place} {dtype}", tallies[name])


def main() -> None:
    """Fuzz until enough was compared; exit with 1 where something was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--enclosures", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="also write what was counted here")
    asked = parser.parse_args()
    rows, missed = [], set[str]()
    for dtype in track(FORMATS, "fuzzing"):
        for name, tally in fuzz(-(-asked.enclosures // len(FORMATS)), asked.seed, dtypes=(dtype,)).items():
            counts = {key: getattr(tally, key) for key in ("enclosures", "violations", "unclaimed")}
            rows.append({"engine": name, "dtype": dtype, **counts})
            missed |= tally.places
    for row in rows:
        print(" ".join(f"{key} {value}" for key, value in row.items()))
    print("".join(f"missed: {place}\n" for place in sorted(missed)), end="")
    if asked.json:
        write_whole(asked.json, json.dumps(rows, indent=1) + "\n")
    raise SystemExit(bool(missed))


if __name__ == "__main__":
    main()
