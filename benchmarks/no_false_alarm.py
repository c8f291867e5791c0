"""No false alarm: correct implementations, many cases, every law, and no rejected case.

    python benchmarks/no_false_alarm.py [--json docs/data/no_false_alarm.json] [--cases 100000] [--seeds 100]
                                        [--minutes N] [--examples 20] [--targets numpy,numpy-variants,torch]

Every implementation is asked every dtype that it claims, seed after seed, so that a run that is broken off has still
tried them all alike; a JSON file that exists is gone on with. A verdict that is the same for all seeds is "no case
rejected" for each of them. Failures that stand in the record of known failures are not what is counted here: PyTorch is
asked only where the record has no entry. Prints what was rejected; exits with 1 where something was, with 3 where fewer
cases were judged than asked for.
"""

import argparse
import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rich.progress import track

from normspec.files import write_whole
from normspec.implementations.contract import Implementation
from normspec.implementations.targets import resolve
from normspec.properties.cases import Stream
from normspec.properties.detection import gathered, rejected
from normspec.properties.hunt import Hunt, Settings
from normspec.properties.recollection import recollecting
from normspec.spec.case import Case
from normspec.spec.plain import plain_case

RECORDS = Path("implementations/known_failures")

Row = dict[str, Any]


def on_record() -> set[tuple[str, str, str]]:
    """Return the packages, operations and dtypes of which some failure is on record, whichever way they are called."""
    entries = [entry for file in RECORDS.glob("*.json") for entry in json.loads(file.read_text())["entries"]]
    return {(_package(entry["target"]), entry["operation"], entry["dtype"]) for entry in entries}


def _package(name: str) -> str:
    return name.partition("-")[0]


def slices(targets: list[str], seeds: int) -> Iterator[tuple[Implementation, str, int]]:
    """Yield what is asked together, seeds slowest."""
    known = on_record()
    every = [
        (each, dtype)
        for target in targets
        for each in resolve(target)
        for dtype in each.claims.dtypes
        if (_package(each.name), each.operation, dtype) not in known
    ]
    every.sort(key=lambda pair: (pair[0].operation, pair[1], pair[0].claims.grade))  # the same cases in a row
    yield from ((each, dtype, seed) for seed in range(seeds) for each, dtype in every)


class Cases:
    """The cases of one seed, drawn once for the implementations that follow each other and claim the same."""

    def __init__(self) -> None:
        self.key: object = None
        self.cases: tuple[tuple[Stream, Case], ...] = ()

    def of(self, each: Implementation, dtype: str, seed: int, examples: int) -> tuple[tuple[Stream, Case], ...]:
        """Return them; what is the same under every seed is among the first one's alone: nothing is counted twice."""
        hunt = Hunt(each, dtype, Settings(max_examples=examples, seed=seed), ())
        key = hunt.extent(), hunt.settings
        if key != self.key:
            self.key, self.cases = key, gathered(hunt, anew=seed > 0)
        return self.cases


def run(each: Implementation, dtype: str, seed: int, asked: Iterable[tuple[Stream, Case]]) -> Row:
    """Return what one implementation made of one seed's cases in one dtype."""
    cases, found = rejected(each, asked)
    row: Row = {"implementation": each.name, "operation": each.operation, "dtype": dtype, "seeds": [seed, seed]}
    failure = found and {"seed": seed, "law": found.law, "case": plain_case(found.case)}
    return {**row, "cases": cases, "rejected": [failure] if failure else []}


def added(rows: dict[tuple[str, str, str], Row], row: Row) -> None:
    """Add what one seed gave to the row of its implementation, operation and dtype."""
    key = (row["implementation"], row["operation"], row["dtype"])
    old = rows.get(key)
    if old is None:
        rows[key] = row
        return
    rows[key] = {
        **row,
        "seeds": [old["seeds"][0], row["seeds"][1]],
        "cases": old["cases"] + row["cases"],
        "rejected": old["rejected"] + row["rejected"],
    }


def told(rows: dict[tuple[str, str, str], Row]) -> Row:
    """Return the whole as plain data: the sums first."""
    every = list(rows.values())
    return {
        "cases": sum(row["cases"] for row in every),
        "rejected": sum(len(row["rejected"]) for row in every),
        "implementations": len({row["implementation"] for row in every}),
        "operations": len({row["operation"] for row in every}),
        "rows": every,
    }


def main() -> int:
    """Run what is asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--examples", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--targets", default="numpy,numpy-variants,torch")
    asked = parser.parse_args()
    rows: dict[tuple[str, str, str], Row] = {}
    if asked.json and asked.json.exists():
        for row in json.loads(asked.json.read_text())["rows"]:
            added(rows, row)
    start = written = time.monotonic()
    todo = list(slices(asked.targets.split(","), asked.seeds))
    cases = Cases()
    with recollecting():
        for each, dtype, seed in track(todo, "cases of correct implementations"):
            old = rows.get((each.name, each.operation, dtype))
            if old and old["seeds"][1] >= seed:
                continue
            if time.monotonic() - start > asked.minutes * 60:
                break
            added(rows, run(each, dtype, seed, cases.of(each, dtype, seed, asked.examples)))
            if asked.json and time.monotonic() - written > 30:
                write_whole(asked.json, json.dumps(told(rows), indent=1) + "\n")
                written = time.monotonic()
    whole = told(rows)
    if asked.json:
        write_whole(asked.json, json.dumps(whole, indent=1) + "\n")
    for row in whole["rows"]:
        for failure in row["rejected"]:
            print(f"REJECTED {row['implementation']} {row['operation']} {row['dtype']}: {failure['law']}", end=" ")
            print(f"seed {failure['seed']}")
    print(f"{whole['cases']} cases, {whole['rejected']} rejected, {whole['implementations']} implementations")
    return 1 if whole["rejected"] else 3 if whole["cases"] < asked.cases else 0


if __name__ == "__main__":
    raise SystemExit(main())
