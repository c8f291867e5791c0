"""The table fault × law × operation: what each faulty layer breaks, how soon, and on which smallest case.

    python benchmarks/detection.py [--json docs/data/faults.json] [--examples 100] [--seeds 0,1,2,3,4]
                                   [--operations NAMES] [--minutes N]

Every fault is held against every law of every operation that it concerns. Cases are those of a check, the pinned ones
first; a fault that a pinned case catches is caught under every seed, so that seeds are only tried where none does.
--examples 0 asks the pinned cases alone. Pairs that the JSON file already holds as caught are not asked again, so that
a run can be broken off. Exits with 1 where a fault escapes under some seed, or where a law catches none.
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.progress import track

from normspec.files import write_whole
from normspec.implementations.faulty import FAULTS, Fault
from normspec.properties.detection import detect, detect_pinned, matrix
from normspec.properties.hunt import Settings
from normspec.properties.laws import LAWS
from normspec.spec.case import Case
from normspec.spec.operations import OPERATIONS
from normspec.spec.plain import plain_case

WRITE_EVERY = 30.0  # seconds

Pair = dict[str, Any]


def members_of(case: Case) -> int:
    """Return the elements of the largest group of a case."""
    groups = OPERATIONS[case.operation].groups
    return max(groups(step.input.shape, case.attributes).members for step in case.script if step.x is not None)


def row(fault: Fault, operation: str, seeds: tuple[int, ...], examples: int) -> Pair:
    """Return what is seen of a fault in one operation."""
    wrong = fault.made_of(operation)
    pinned = detect_pinned(wrong)
    drawn = {} if pinned else {seed: detect(wrong, Settings(seed=seed, max_examples=examples)) for seed in seeds}
    caught = pinned or next((found for found in drawn.values() if found), None)
    dtypes = (caught.dtype,) if caught else ("float32",)
    table = matrix(wrong, Settings(max_examples=examples, dtypes=dtypes, seed=seeds[0]))
    return {
        "fault": fault.name,
        "bug_class": fault.bug_class,
        "statement": fault.statement,
        "operation": operation,
        "dtype": dtypes[0],
        "pinned": pinned is not None,
        "escaped_seeds": [seed for seed, found in drawn.items() if found is None],
        "first": caught and {"law": caught.law, "cases": caught.cases, "seconds": round(caught.seconds, 3)},
        "examples": examples,
        "laws": {name: {"members": members_of(case)} for name, case in table.broken.items()},
        "smallest": _smallest(table.broken),
    }


def _smallest(broken: Mapping[str, Case]) -> Any:
    if not broken:
        return None
    law, case = min(broken.items(), key=lambda pair: sum(step.x.size for step in pair[1].script if step.x is not None))
    return {"law": law, "members": members_of(case), "case": plain_case(case)}


def needed_for(rows: list[Pair]) -> dict[str, str]:
    """Return for each law a fault that no other law catches, or what else it is kept for."""
    found = {}
    for law in LAWS:
        catches = [each for each in rows if law in each["laws"]]
        alone = [each for each in catches if len(each["laws"]) == 1]
        if alone:
            found[law] = f"{alone[0]['fault']} in {alone[0]['operation']}"
        else:
            found[law] = "kept for its diagnosis alone" if catches else "CATCHES NOTHING"
    return found


def pairs(operations: tuple[str, ...]) -> Iterator[tuple[Fault, str]]:
    """Yield every fault with every operation that it concerns: each fault once before any of them again."""
    every = [[(fault, name) for name in fault.operations if name in operations] for fault in FAULTS.values()]
    for place in range(len(OPERATIONS)):
        yield from (of_one[place] for of_one in every if place < len(of_one))


def write(path: Path, rows: list[Pair]) -> None:
    """Write the table, whole."""
    told = {"laws": needed_for(rows), "rows": sorted(rows, key=lambda each: (each["fault"], each["operation"]))}
    write_whole(path, json.dumps(told, indent=1) + "\n")


def show(rows: list[Pair], asked: int) -> int:
    """Print what escaped and what catches nothing, and return the exit code."""
    escaped = [each for each in rows if not each["laws"] or each["escaped_seeds"]]
    for each in escaped:
        print(f"ESCAPED {each['fault']} in {each['operation']}: seeds {each['escaped_seeds']}")
    laws = needed_for(rows)
    for law, reason in laws.items():
        print(f"{law:26} {reason}")
    idle = [law for law, reason in laws.items() if reason == "CATCHES NOTHING"]
    print(
        f"{len(rows)} of {asked} pairs of fault and operation; {sum(each['pinned'] for each in rows)} caught by pinned "
        f"cases, whatever the seed; {len(escaped)} escaped under some seed; {len(idle)} laws catch nothing"
    )
    return 1 if escaped or idle or len(rows) < asked else 0


def main() -> int:
    """Run what is asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--operations", default=",".join(OPERATIONS))
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop asking after so long")
    asked = parser.parse_args()
    seeds = tuple(int(seed) for seed in asked.seeds.split(","))
    every = list(pairs(tuple(asked.operations.split(","))))
    old = asked.json and asked.json.exists()
    known = {(fault.name, operation) for fault, operation in every}
    rows: list[Pair] = [
        each
        for each in (json.loads(asked.json.read_text())["rows"] if old else [])
        if (each["fault"], each["operation"]) in known and each["laws"]
    ]
    done = {(each["fault"], each["operation"]) for each in rows}
    start = written = time.monotonic()
    for fault, operation in track([pair for pair in every if (pair[0].name, pair[1]) not in done]):
        if time.monotonic() - start > asked.minutes * 60:
            break
        rows.append(row(fault, operation, seeds, asked.examples))
        if asked.json and time.monotonic() - written > WRITE_EVERY:
            write(asked.json, rows)
            written = time.monotonic()
    if asked.json:
        write(asked.json, rows)
    return show(rows, len(every))


if __name__ == "__main__":
    raise SystemExit(main())
