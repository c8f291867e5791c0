"""Where the time of a check goes, for each operation: drawing, the implementation, oracle and tolerance, laws.

    python benchmarks/cost.py [--target numpy] [--dtype float32] [--examples 100] [--json docs/data/cost.json]

Processor time, of the first implementation of each operation. Drawing is what Hypothesis and the strategies take; laws
are what is left of judging when the implementation and the oracle with its tolerance are taken away.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from normspec.files import write_whole
from normspec.implementations.contract import Implementation
from normspec.implementations.targets import resolve
from normspec.properties import trial
from normspec.properties.detection import rejected
from normspec.properties.hunt import Settings
from normspec.properties.judge import judge
from normspec.spec.operations import OPERATIONS

PARTS = ("drawing", "implementation", "oracle and tolerance", "laws")


class Clock:
    """Processor time spent in functions, by the part that they belong to; what one calls is not counted twice."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self.inside: list[float] = []

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, whose time is counted."""

        def call(*arguments: Any, **named: Any) -> Any:
            self.inside.append(0.0)
            start = time.process_time()
            try:
                return function(*arguments, **named)
            finally:
                whole = time.process_time() - start
                self.spent[part] += whole - self.inside.pop()
                if self.inside:
                    self.inside[-1] += whole

        return call


def profile(implementation: Implementation, dtype: str, examples: int) -> dict[str, float]:
    """Return seconds by part, and how many cases were judged."""
    clock = Clock()
    with (
        mock.patch.object(trial, "ask", clock.timed("implementation", trial.ask)),
        mock.patch.object(trial, "expect", clock.timed("oracle and tolerance", trial.expect)),
        mock.patch("normspec.properties.detection.judge", clock.timed("laws", judge)),
    ):
        start = time.process_time()
        cases, _ = rejected(implementation, Settings(max_examples=examples, dtypes=(dtype,)))
        whole = time.process_time() - start
    return {"cases": cases, "drawing": whole - sum(clock.spent.values()), **clock.spent}


def main() -> int:
    """Run what is asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="numpy")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    rows = {}
    print(f"{'milliseconds a case':24}" + "".join(f"{part:>22}" for part in PARTS) + f"{'judging/drawing':>18}")
    for operation in OPERATIONS:
        found = profile(resolve(asked.target, operation)[0], asked.dtype, asked.examples)
        each = {part: 1000 * found.get(part, 0.0) / found["cases"] for part in PARTS}
        ratio = (each["oracle and tolerance"] + each["laws"]) / each["drawing"]
        rows[operation] = {"cases": found["cases"], **{part: round(each[part], 3) for part in PARTS}}
        rows[operation]["judging by drawing"] = round(ratio, 2)
        print(f"{operation:24}" + "".join(f"{each[part]:22.2f}" for part in PARTS) + f"{ratio:18.2f}", flush=True)
    if asked.json:
        write_whole(asked.json, json.dumps({"dtype": asked.dtype, "milliseconds a case": rows}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
