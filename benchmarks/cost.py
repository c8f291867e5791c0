"""Where the time of a check goes, for each operation: drawing, the implementation, oracle and tolerance, laws.

    python benchmarks/cost.py [--target numpy] [--dtype float32] [--examples 100] [--json docs/data/cost.json]

Processor time of `check` with every law, of the first implementation of each operation; what is loaded and worked out
once is so before the clock starts. Cases that are drawn and those that are pinned are told apart: pinned ones cost
nothing to draw, and every law is tried on each, while laws that ask again are tried on a third of those drawn. Making
cases is what Hypothesis and the strategies take; laws are what is left of judging when the implementation and the
oracle with its tolerance are taken away, with what is noted of accuracy. What follows the cases, a layer that is
trained for the report's picture of its running statistics, is not counted.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

from normspec.files import write_whole
from normspec.implementations.contract import Implementation
from normspec.implementations.targets import resolve
from normspec.properties import check as checking
from normspec.properties import trial
from normspec.properties.hunt import Settings
from normspec.properties.laws import LAWS
from normspec.properties.observations import Observer
from normspec.spec.operations import OPERATIONS

KINDS = ("drawn", "pinned")
PARTS = ("making", "implementation", "oracle and tolerance", "laws")
RATIO = "judging by drawing"


class Clock:
    """Processor time spent in functions, by the part that they belong to; what one calls is not counted twice."""

    def __init__(self) -> None:
        self.spent: Counter[tuple[str, str]] = Counter()
        self.cases: Counter[str] = Counter()
        self.kind = ""
        self.inside: list[float] = []

    def timed(self, part: str, function: Callable[..., Any], kind: str = "") -> Callable[..., Any]:
        """Return the function, whose time is counted; kind says of which cases all that it calls is."""

        def call(*arguments: Any, **named: Any) -> Any:
            before, self.kind = self.kind, kind or self.kind
            self.inside.append(0.0)
            start = time.process_time()
            try:
                return function(*arguments, **named)
            finally:
                whole = time.process_time() - start
                self.spent[self.kind, part] += whole - self.inside.pop()
                self.kind = before
                if self.inside:
                    self.inside[-1] += whole

        return call

    def seeing(self, see: Callable[[Observer, Any], None]) -> Callable[..., Any]:
        """Return what is called once for each case, counted among the laws."""
        counted = self.timed("laws", see)

        def call(observer: Observer, of: Any) -> None:
            self.cases[self.kind] += 1
            counted(observer, of)

        return call


@contextmanager
def watched(clock: Clock) -> Iterator[None]:
    """Count where a check spends its time."""
    with ExitStack() as stack:
        for owner, name, counted in (
            (trial, "ask", clock.timed("implementation", trial.ask)),
            (trial, "expect", clock.timed("oracle and tolerance", trial.expect)),
            (checking, "judge", clock.timed("laws", checking.judge)),
            (checking, "_try", clock.timed("making", checking._try, "drawn")),
            (checking, "_try_pinned", clock.timed("making", checking._try_pinned, "pinned")),
            (Observer, "see", clock.seeing(Observer.see)),
        ):
            stack.enter_context(mock.patch.object(owner, name, counted))
        yield


def profile(implementation: Implementation, dtype: str, examples: int) -> dict[str, dict[str, float]]:
    """Return the cases of each kind, and milliseconds a case by part."""
    laws = tuple(LAWS.values())
    import_module("scipy.optimize")  # which a law loads when it first needs it
    for _ in checking.check(implementation, laws, Settings(max_examples=1, dtypes=(dtype,))):
        pass
    clock = Clock()
    with watched(clock):
        for _ in checking.check(implementation, laws, Settings(max_examples=examples, dtypes=(dtype,))):
            pass
    return {kind: _row(clock, kind) for kind in KINDS}


def _row(clock: Clock, kind: str) -> dict[str, float]:
    cases = clock.cases[kind]
    row = {"cases": cases, **{part: round(1000 * clock.spent[kind, part] / cases, 3) for part in PARTS}}
    judging = row["oracle and tolerance"] + row["laws"]
    return row | ({RATIO: round(judging / row["making"], 2)} if kind == "drawn" else {})


def main() -> int:
    """Run what is asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="numpy")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--operation", action="append", choices=tuple(OPERATIONS))
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    rows = {}
    print(f"{'milliseconds a case':24}" + "".join(f"{part:>9}" for part in ("", "cases", *PARTS, RATIO)))
    for operation in asked.operation or OPERATIONS:
        rows[operation] = profile(resolve(asked.target, operation)[0], asked.dtype, asked.examples)
        for kind, row in rows[operation].items():
            told = "".join(f"{row.get(part, float('nan')):9.2f}" for part in (*PARTS, RATIO))
            print(f"{operation:24}{kind:>9}{row['cases']:9d}{told}", flush=True)
    if asked.json:
        told = {"dtype": asked.dtype, "examples": asked.examples, "milliseconds a case": rows}
        write_whole(asked.json, json.dumps(told, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
