"""Every input there is: groups of 1 and 2 finite 16-bit numbers, through one implementation's forward.

    python benchmarks/exhaustive.py TARGET [--dtype bfloat16] [--members 2] [--operation layer_norm] [--record FILE]

With two members, each first element is one case with every second one. For two elements the exact result is known in
closed form, y = h / sqrt(h² + epsilon) with h = (x - other) / 2, which float64 gives to within a few roundings. A
tolerance is never less than one rounding to the output's format, so that what lies within that needs no more; what does
not is held against its tolerance as everywhere. --first and --last split the work, by the first number's bits. --record
keeps what each piece of each run gave, and a run that was stopped goes on from there. Prints how many outputs were
judged and how, and the worst input of each kind; exits with 1 where some output is broken, with 3 where nothing was
judged.
"""

import argparse
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from normspec.files import write_whole
from normspec.implementations.ask import ask
from normspec.implementations.contract import Implementation
from normspec.implementations.targets import resolve
from normspec.spec.case import Case, Step, Verb
from normspec.spec.comparison import compare
from normspec.spec.expectation import Expected, expect
from normspec.spec.formats import FORMATS, Array, Format, ulp
from normspec.spec.operations import OPERATIONS
from normspec.spec.outcome import Returned

PLACED = {"layer_norm": np.transpose, "batch_norm": np.asarray}
"""How (members, groups) stand in each operation's x of rank 2. The first takes groups of one element."""

PATTERNS = 1 << 16
SLACK = 2.0**-48
"""Relative error of the closed form in float64: a difference, a square, a sum, a root and a quotient, and to spare."""
GATHERED = 1 << 14
PIECE = 1 << 11
"""First numbers after which the record is written."""

COUNTS = ("rounded", "judged", "undecided", "unanswered", "broken")
WORST = {"ulps": "error in ulp", "ratio": "error / tolerance"}


@dataclass
class Tally:
    """What was seen so far, in outputs: at once within one rounding; held against tolerances; and those that broke."""

    rounded: int = 0
    judged: int = 0
    undecided: int = 0
    unanswered: int = 0
    broken: int = 0
    ulps: tuple[float, str] = (0.0, "")
    ratio: tuple[float, str] = (0.0, "")
    waiting: list[tuple[Array, Array]] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """Return what was counted as plain data."""
        return {name: getattr(self, name) for name in (*COUNTS, *WORST)}


def together(tallies: Iterable[dict[str, Any]]) -> Tally:
    """Return several parts of the work as one."""
    whole = Tally()
    for part in tallies:
        for name in COUNTS:
            setattr(whole, name, getattr(whole, name) + part[name])
        for name in WORST:
            value, where = part[name]
            setattr(whole, name, max(getattr(whole, name), (value, where)))
    return whole


def finite(dtype: str, patterns: Array) -> Array:
    """Return the finite numbers among the patterns of a 16-bit format."""
    numbers = patterns.astype(np.uint16).view(FORMATS[dtype].dtype)
    return numbers[np.isfinite(numbers.astype(np.float32))]


def inputs(dtype: str, members: int, first: int, last: int) -> Iterator[Array]:
    """Yield x as (members, groups): these numbers alone, or each of them with every other one."""
    numbers = finite(dtype, np.arange(PATTERNS))
    if members == 1:
        yield finite(dtype, np.arange(first, last))[None]
        return
    for one in finite(dtype, np.arange(first, last)):
        yield np.stack([np.full(numbers.shape, one), numbers])


def exactly(x: Array, epsilon: float) -> Array:
    """Return y in float64; 0 for a single element."""
    wide = x.astype(np.float64)
    half = (wide - wide[::-1]) / 2
    return np.asarray(half / np.sqrt(half * half + epsilon))


def judge(implementation: Implementation, x: Array, epsilon: float, tally: Tally) -> None:
    """Accept what lies within one rounding of the exact result; keep the other groups for their tolerances."""
    outcome = ask(implementation, _case(implementation.operation, x, epsilon))
    if not isinstance(outcome, Returned):
        tally.unanswered += x.size
        return
    output, seen, exact = (
        FORMATS[x.dtype.name],
        _placed(implementation.operation, outcome.steps[0]["y"]),
        exactly(x, epsilon),
    )
    with np.errstate(invalid="ignore"):
        error = np.abs(seen.astype(np.float64) - exact) + SLACK * np.abs(exact)
    near = error <= ulp(output, exact) / 2
    far = ~near.all(axis=0)
    tally.rounded += x.size - int(np.count_nonzero(far)) * len(x)
    if far.any():
        tally.waiting.append((x[:, far], seen[:, far]))
        if sum(part.shape[1] for part, _ in tally.waiting) >= GATHERED:
            settle_waiting(implementation, output, epsilon, tally)


def settle_waiting(implementation: Implementation, output: Format, epsilon: float, tally: Tally) -> None:
    """Hold the groups that wait against their tolerances."""
    if not tally.waiting:
        return
    x, seen = (np.concatenate(parts, axis=1) for parts in zip(*tally.waiting, strict=True))
    tally.waiting.clear()
    operation = OPERATIONS[implementation.operation]
    conventions = operation.settled(implementation.claims.conventions)
    case = _case(operation.name, x, epsilon)
    found = expect(operation, case, 0, {}, conventions, grade=implementation.claims.grade)["y"]
    expected = Expected(
        *(_placed(operation.name, rows) for rows in (found.high, found.low, found.radius, found.tolerance))
    )
    asked = np.isfinite(expected.tolerance)
    with np.errstate(all="ignore"):
        error = np.abs((seen.astype(np.float64) - expected.high) - expected.low)
        error = np.where(asked, np.where(np.isfinite(seen.astype(np.float64)), error, np.inf), 0.0)
        ratios = np.where(error > 0, error / expected.tolerance, 0.0)
        ulps = error / ulp(output, expected.high)
    tally.judged += int(np.count_nonzero(asked))
    tally.undecided += int(np.count_nonzero(~asked))
    tally.broken += int(np.count_nonzero(ratios > 1)) if compare(seen, expected).verdict == "broken" else 0
    for name, values in (("ulps", ulps), ("ratio", ratios)):
        at = np.unravel_index(int(np.argmax(values)), values.shape)
        if values[at] > getattr(tally, name)[0]:
            where = f"x = {tuple(map(float, x[:, at[1]]))}, y[{at[0]}] = {float(seen[at])}"
            setattr(tally, name, (float(values[at]), f"{where}, exactly {float(expected.high[at]):.9g}"))


def _placed(operation: str, rows: Array) -> Array:
    return np.ascontiguousarray(PLACED[operation](rows))


def _case(operation: str, x: Array, epsilon: float) -> Case:
    attributes = {"epsilon": epsilon, **({"momentum": 0.1} if OPERATIONS[operation].state else {"axes": 1})}
    verb: Verb = "train" if OPERATIONS[operation].state else "infer"
    return Case(operation, x.dtype.name, attributes, (Step(verb, _placed(operation, x)),))


def pieces(first: int, last: int) -> list[tuple[int, int]]:
    """Return the work in parts, by the first number's bits."""
    return [(at, min(at + PIECE, last)) for at in range(first, last, PIECE)]


def recorded(path: Path | None, about: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Return the runs on record, and the pieces of the one that this is about, to which what follows is added."""
    runs = json.loads(path.read_text()) if path is not None and path.exists() else []
    for run in runs:
        if {**run, "pieces": []} == {**about, "pieces": []}:
            return runs, run["pieces"]
    runs.append(about | {"pieces": (pieces_of := list[Any]())})
    return runs, pieces_of


def main() -> None:
    """Enumerate, with a progress bar, and tell the worst."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target")
    parser.add_argument("--dtype", choices=("bfloat16", "float16"), default="bfloat16")
    parser.add_argument("--members", type=int, choices=(1, 2), default=2)
    parser.add_argument("--operation", choices=tuple(PLACED), default="layer_norm")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--last", type=int, default=PATTERNS)
    parser.add_argument("--epsilon", type=float, default=1e-5)
    parser.add_argument("--record", type=Path)
    asked = parser.parse_args()
    implementation = resolve(asked.target, asked.operation)[0]
    about = {name: getattr(asked, name) for name in ("target", "dtype", "members", "operation", "epsilon")}
    runs, done = recorded(asked.record, about)
    before = {(part["first"], part["last"]) for part in done}
    todo = [part for part in pieces(asked.first, asked.last) if part not in before]
    for first, last in track(todo, f"{implementation.name} in {asked.dtype}"):
        tally = Tally()
        for x in inputs(asked.dtype, asked.members, first, last):
            judge(implementation, x, asked.epsilon, tally)
        settle_waiting(implementation, FORMATS[asked.dtype], asked.epsilon, tally)
        done.append({"first": first, "last": last, **tally.plain()})
        if asked.record:
            write_whole(asked.record, json.dumps(runs, indent=1) + "\n")
    raise SystemExit(told(together(done)))


def told(tally: Tally) -> int:
    """Print what was found; return the exit code."""
    outputs = sum(getattr(tally, name) for name in COUNTS if name != "broken")
    print(f"{outputs} outputs: {tally.rounded} within one rounding of the exact result, {tally.judged} held against")
    print(f"their tolerances, {tally.undecided} without a bound, {tally.unanswered} unanswered; {tally.broken} broken")
    for name, what in WORST.items():
        value, where = getattr(tally, name)
        print(f"largest {what} of those held against a tolerance: {value:.4g} {where}")
    return 1 if tally.broken else 0 if tally.rounded + tally.judged else 3


if __name__ == "__main__":
    main()
