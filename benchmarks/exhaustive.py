"""Every input there is: groups of 1 and 2 elements in bfloat16 and float16, through one implementation's forward.

    python benchmarks/exhaustive.py TARGET [--dtype bfloat16] [--members 2] [--first 0 --last 65536] [--epsilon 1e-5]

With two members, each first element is one case of 65536 groups. All 65536 of them take hours on one core: --first and
--last split the work. Prints how many outputs were judged, the largest error over its tolerance, and the input that
attains it; exits with 1 where some output is broken.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from rich.progress import track

from normspec.implementations.ask import ask
from normspec.implementations.contract import Implementation
from normspec.implementations.targets import resolve
from normspec.spec.case import Case, Step
from normspec.spec.comparison import Comparison, compare
from normspec.spec.conventions import settle
from normspec.spec.expectation import expect
from normspec.spec.formats import FORMATS, Array
from normspec.spec.operations import OPERATIONS
from normspec.spec.outcome import Returned

BATCH_NORM = OPERATIONS["batch_norm"]
PATTERNS = 1 << 16


@dataclass
class Tally:
    """What was seen so far: outputs with a demand, and the worst of them with its input."""

    judged: int = 0
    broken: int = 0
    worst: Comparison | None = None
    attained: tuple[float, ...] = ()


def every_number(dtype: str) -> Array:
    """Return each of the 65536 patterns of a 16-bit format."""
    return np.arange(PATTERNS, dtype=np.uint16).view(FORMATS[dtype].dtype)


def cases(dtype: str, members: int, first: int, last: int, epsilon: float) -> Iterator[Case]:
    """Yield cases of 65536 groups: all numbers alone, or each first number with every second one."""
    numbers = every_number(dtype)
    for pattern in range(first, last) if members == 2 else range(1):
        rows = [numbers] if members == 1 else [np.full(PATTERNS, numbers[pattern]), numbers]
        yield Case("batch_norm", dtype, {"epsilon": epsilon, "momentum": 0.1}, (Step("train", np.stack(rows)),))


def judge(implementation: Implementation, case: Case, tally: Tally) -> None:
    """Hold one case against the specification. An implementation that refuses it is not judged."""
    outcome = ask(implementation, case)
    if not isinstance(outcome, Returned):
        return
    conventions = settle(BATCH_NORM.conventions, implementation.claims.conventions)
    expected = expect(BATCH_NORM, case, 0, {}, conventions, grade=implementation.claims.grade)["y"]
    found = compare(outcome.steps[0]["y"], expected)
    tally.judged += found.demanded
    tally.broken += found.verdict == "broken"
    if found.demanded and (tally.worst is None or found.ratio > tally.worst.ratio):
        tally.worst = found
        tally.attained = tuple(float(value) for value in case.script[0].input[:, found.index[1]])


def main() -> None:
    """Enumerate, with a progress bar, and tell the worst."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target")
    parser.add_argument("--dtype", choices=("bfloat16", "float16"), default="bfloat16")
    parser.add_argument("--members", type=int, choices=(1, 2), default=2)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--last", type=int, default=PATTERNS)
    parser.add_argument("--epsilon", type=float, default=1e-5)
    asked = parser.parse_args()
    implementation, tally = resolve(asked.target)[0], Tally()
    total = asked.last - asked.first if asked.members == 2 else 1
    drawn = cases(asked.dtype, asked.members, asked.first, asked.last, asked.epsilon)
    for case in track(drawn, f"{implementation.name} in {asked.dtype}", total):
        judge(implementation, case, tally)
    print(f"{tally.judged} outputs judged, {tally.broken} cases broken")
    if tally.worst:
        print(f"largest error / tolerance: {tally.worst.ratio:.4g}, at x = {tally.attained}: {tally.worst}")
    raise SystemExit(1 if tally.broken else 0 if tally.judged else 3)


if __name__ == "__main__":
    main()
