"""Where the time of a check goes, for each operation and dtype: drawing, the implementation, oracle, laws.

    python benchmarks/cost.py [--target numpy] [--dtype float32 ...] [--examples 100] [--json docs/data/cost.json]

Processor time of `check` with every law, of the first implementation of each operation; what is loaded and worked out
once is so before the clock starts. Cases that are drawn and those that are pinned are told apart: pinned ones cost
nothing to draw, and every law is tried on each, while laws that ask again are tried on a third of those drawn. Making
cases is what Hypothesis and the strategies take; laws are what is left of judging when the implementation and the
oracle with its tolerance are taken away, with what is noted of accuracy. What follows the cases, a layer that is
trained for the report's picture of its running statistics, is not counted. The last column is oracle, tolerance and
laws over making cases: of those drawn, and in the line of the pinned ones, of both together.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
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
from normspec.properties.recollection import recollecting
from normspec.spec.formats import FORMATS
from normspec.spec.operations import OPERATIONS

KINDS = ("drawn", "pinned")
PARTS = ("making", "implementation", "oracle and tolerance", "laws")
JUDGING = ("oracle and tolerance", "laws")
RATIO, WITH_PINNED = "judging by drawing", "judging by drawing, with pinned"


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


def profile(implementation: Implementation, dtype: str, examples: int) -> Clock:
    """Return where a check of one implementation in one dtype spent its time."""
    laws = tuple(LAWS.values())
    for _ in checking.check(implementation, laws, Settings(max_examples=1, dtypes=(dtype,))):
        pass
    clock = Clock()
    with watched(clock), recollecting():  # as a run does
        for _ in checking.check(implementation, laws, Settings(max_examples=examples, dtypes=(dtype,))):
            pass
    return clock


def told(clocks: Iterable[Clock]) -> dict[str, dict[str, float]]:
    """Return the cases of each kind, and milliseconds a case by part; what judging takes for one spent on drawing."""
    spent: Counter[tuple[str, str]] = Counter()
    cases: Counter[str] = Counter()
    for clock in clocks:
        spent.update(clock.spent)
        cases.update(clock.cases)
    judging = {kind: sum(spent[kind, part] for part in JUDGING) for kind in KINDS}
    drawing = {kind: spent[kind, "making"] for kind in KINDS}
    rows: dict[str, dict[str, float]] = {
        kind: {"cases": cases[kind], **{part: round(1000 * spent[kind, part] / cases[kind], 3) for part in PARTS}}
        for kind in KINDS
    }
    rows["drawn"][RATIO] = round(judging["drawn"] / drawing["drawn"], 2)
    rows["pinned"][WITH_PINNED] = round(sum(judging.values()) / sum(drawing.values()), 2)
    return rows


def main() -> int:
    """Run what is asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="numpy")
    parser.add_argument("--dtype", action="append", choices=tuple(FORMATS))
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--operation", action="append", choices=tuple(OPERATIONS))
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    import_module("scipy.optimize")  # which a law loads when it first needs it
    clocks: dict[tuple[str, str], Clock] = {}
    print(f"{'milliseconds a case':24}" + "".join(f"{part:>9}" for part in ("", "cases", *PARTS, "judging/drawing")))
    for operation in asked.operation or OPERATIONS:
        for dtype in asked.dtype or FORMATS:
            clocks[operation, dtype] = profile(resolve(asked.target, operation)[0], dtype, asked.examples)
        show(operation, told(clock for (of, _), clock in clocks.items() if of == operation))
    for dtype in asked.dtype or FORMATS:
        show(dtype, told(clock for (_, of), clock in clocks.items() if of == dtype))
    show("all", told(clocks.values()))
    if asked.json:
        write_whole(asked.json, json.dumps(record(clocks, asked.examples), indent=1) + "\n")
    return 0


def show(name: str, rows: Mapping[str, Mapping[str, float]]) -> None:
    """Print a line for the cases that were drawn, and one for the pinned ones."""
    for kind, row in rows.items():
        numbers = "".join(f"{row[part]:9.2f}" for part in PARTS)
        print(f"{name:24}{kind:>9}{row['cases']:9.0f}{numbers}{row.get(RATIO, row.get(WITH_PINNED)):9.2f}", flush=True)


def record(clocks: Mapping[tuple[str, str], Clock], examples: int) -> dict[str, Any]:
    """Return what is written: a row for each operation, for each dtype, and for all."""
    operations, dtypes = (dict.fromkeys(key[at] for key in clocks) for at in range(2))
    return {
        "examples": examples,
        "operations": {name: told(clock for (of, _), clock in clocks.items() if of == name) for name in operations},
        "dtypes": {name: told(clock for (_, of), clock in clocks.items() if of == name) for name in dtypes},
        "all": told(clocks.values()),
    }


if __name__ == "__main__":
    raise SystemExit(main())
