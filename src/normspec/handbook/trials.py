"""The page of how the suite itself is tried: the long runs of benchmarks/, as docs/data/ holds them."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

from normspec.handbook.costs import cost, speed
from normspec.handbook.links import to_fault, to_law, to_operation
from normspec.handbook.markdown import code, folded, table
from normspec.handbook.prose import markdown
from normspec.implementations.faulty import FAULTS
from normspec.properties.laws import LAWS

Record = Any
"""What a benchmark wrote: lists, objects and numbers of our own."""


def pages(data: Path) -> Mapping[str, str]:
    """Return the page by its path. data: the folder of the records; what is not there is said to be missing."""
    lines = [
        "# How the suite is tried",
        "",
        "A suite that judges others must be judged. It can err in two ways: a fault that no law notices, and a correct "
        "implementation that is rejected. These are the last runs, each with the command that repeats it.",
        "",
        *(_section(data, name) for name in SECTIONS),
    ]
    return {"trials": "\n".join(lines)}


def _section(data: Path, name: str) -> str:
    title, command, told = SECTIONS[name]
    path = data / f"{name}.json"
    body = told(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else ["There is no record of it."]
    return "\n".join([f"## {title}", "", f"Repeat it with {code(command)}.", "", *body, ""])


def _alarms(record: Record) -> Iterator[str]:
    most, least = (1 + each(row["seeds"][1] for row in record["rows"]) for each in (max, min))
    seeds = _many(most, "seed") if most == least else f"{least} to {_many(most, 'seed')}"
    yield (
        f"{_count(record['cases'])} cases, each asked all laws, of {record['implementations']} correct implementations "
        f"in {record['operations']} operations, under {seeds}: "
        f"{_count(record['rejected'])} were rejected.\n"
    )
    rows = sorted(record["rows"], key=lambda row: str(row["implementation"]))
    grouped = {name: list(those) for name, those in groupby(rows, lambda row: str(row["implementation"]))}
    yield table(("implementation", "operations", "dtypes", "cases", "rejected"), map(_alarm, grouped, grouped.values()))


def _alarm(name: str, rows: Sequence[Record]) -> tuple[str, ...]:
    operations, dtypes = ({row[key] for row in rows} for key in ("operation", "dtype"))
    rejected = sum(len(row["rejected"]) for row in rows)
    return markdown(name), str(len(operations)), str(len(dtypes)), _count(sum(r["cases"] for r in rows)), str(rejected)


def _detection(record: Record) -> Iterator[str]:
    rows = record["rows"]
    asked = sum(len(fault.operations) for fault in FAULTS.values())
    escaped = [row for row in rows if not row["laws"] or row["escaped_seeds"]]
    yield (
        f"{len(FAULTS)} faults in the operations that they concern make {asked} pairs. {len(rows)} of them are on "
        f"record: {sum(row['pinned'] for row in rows)} are caught by pinned cases, whatever the seed, and "
        f"{len(escaped)} escape under some seed. [What each breaks](faults.md) stands with the faults.\n"
    )
    caught = [row for row in rows if row["first"]]
    yield _speeds("operation", caught, to_operation) + "\n"
    yield folded("How soon each fault is caught", _speeds("fault", caught, to_fault))


def _speeds(by: str, rows: Sequence[Record], named: Callable[[str], str]) -> str:
    """Return how many cases and seconds it takes until faults are caught, for each operation or each fault."""
    ordered = sorted(rows, key=lambda row: str(row[by]))
    grouped = groupby(ordered, lambda row: str(row[by]))
    head = (by, "pairs", "cases until caught, median", "at most", "CPU seconds, median", "at most")
    return table(head, ((named(name), *_speed(list(those))) for name, those in grouped))


def _speed(rows: Sequence[Record]) -> tuple[str, ...]:
    cases, seconds = ([row["first"][key] for row in rows] for key in ("cases", "seconds"))
    numbers = (f"{median(cases):g}", str(max(cases)), f"{median(seconds):.2g}", f"{max(seconds):.2g}")
    return str(len(rows)), *numbers


def laws_alone(rows: Sequence[Record]) -> Mapping[str, tuple[int, list[str]]]:
    """Return for every law how many faults it catches, and those that in some operation it alone catches."""
    return {
        law: (
            len({row["fault"] for row in rows if law in row["laws"]}),
            list(dict.fromkeys(row["fault"] for row in rows if list(row["laws"]) == [law])),
        )
        for law in LAWS
    }


def _needed(record: Record) -> Iterator[str]:
    yield "A law without a fault that it alone catches is kept for its diagnosis: it says in words what is wrong.\n"
    found = laws_alone(record["rows"])
    yield table(
        ("law", "faults caught", "without it would escape"),
        (
            (
                to_law(law),
                str(caught) if caught else "**none**",
                _some(list(map(to_fault, alone))) or ("kept for its diagnosis" if caught else "—"),
            )
            for law, (caught, alone) in found.items()
        ),
    )


def _tolerances(record: Record) -> Iterator[str]:
    tight = sum(row["narrowing rejects"] and row["widening lets through"] for row in record)
    yield (
        f"A tolerance is tight on both sides where one four times as narrow rejects a correct implementation, and one "
        f"four times as wide lets a wrong one through. {tight} of {len(record)} are.\n"
    )
    both = [row for row in record if not (row["narrowing rejects"] or row["widening lets through"])]
    named = "; ".join(
        f"{markdown(row['output'])} of {to_operation(row['operation'])} in {row['dtype']}" for row in both
    )
    yield f"These survive both, and so are not tight: {named or 'none'}.\n"
    head = ("operation", "output", "largest error of a correct one", "least of a wrong one", "not tight")
    for dtype in dict.fromkeys(row["dtype"] for row in record):
        own = [row for row in record if row["dtype"] == dtype]
        yield folded(f"The {len(own)} tolerances in {dtype}", table(head, map(_tolerance, own))) + "\n"


def _tolerance(row: Record) -> tuple[str, ...]:
    survives = {"narrowing rejects": "narrower", "widening lets through": "wider"}
    loose = " and ".join(word for key, word in survives.items() if not row[key])
    exact = " (a correct one is exact)" if not row["largest kept"][0] else ""
    kept, least = (f"{pair[0]:.2g}: {markdown(pair[1])}" if pair else "—" for pair in _pairs(row))
    place = to_operation(row["operation"]), markdown(row["output"])
    return *place, kept, least, loose and f"survives when {loose}{exact}"


def _pairs(row: Record) -> tuple[Record, Record]:
    return row["largest kept"], row["least rejected"]


def _mutants(record: Record) -> Iterator[str]:
    tried = record["tried"]
    survived = [each for each in tried if not each["rejected by"]]
    yield (
        f"A program changes the correct NumPy layers in one place at a time: an operator, a sign, a constant, an axis, "
        f"a condition; and it drops each statement once. Of {_count(record['of'])} mutants {len(tried)} were tried; "
        f"{len(tried) - len(survived)} were rejected, {len(survived)} survived.\n"
    )
    if survived:
        rows = ((code(each["module"]), code(_last_line(each["change"])), _reason(each)) for each in survived)
        yield table(("module", "changed to", "it is the same layer because"), rows)


def _last_line(change: str) -> str:
    return str(change.strip().splitlines()[-1]).lstrip("+ ")


def _reason(mutant: Record) -> str:
    return markdown(mutant["equivalent"]) if mutant.get("equivalent") else "**no reason is known**"


def _soundness(record: Record) -> Iterator[str]:
    claimed, missed = (sum(row[key] for row in record) for key in ("enclosures", "violations"))
    yield (
        f"Enclosures made in float64 and in double-double arithmetic are held against arbitrary precision, forward and "
        f"backward, over every operation: of {_count(claimed)} enclosures {_count(missed)} miss the exact result.\n"
    )
    head = ("engine", "dtype", "enclosures", "that miss", "results without one")
    counts = ("enclosures", "violations", "unclaimed")
    yield table(head, ((row["engine"], row["dtype"], *(_count(row[key]) for key in counts)) for row in record))


def _tightness(record: Record) -> Iterator[str]:
    yield (
        f"Every operation is computed by the formulas that it has, each step rounded to one format: "
        f"{_count(sum(row['outputs'] for row in record))} outputs in {len(record)} combinations of operation, sums "
        f"and format, of which {sum(row['largest'] > 1 for row in record)} exceed a tolerance. The numbers are errors "
        "as parts of it.\n"
    )
    rows = sorted(record, key=lambda row: (str(row["operation"]), str(row["algorithm"])))
    grouped = groupby(rows, lambda row: (str(row["operation"]), str(row["algorithm"])))
    head = ("operation", "algorithm", *(f"{name}: largest, median" for name in ("float32", "float16", "bfloat16")))
    yield table(head, (_tightest(*at, {row["format"]: row for row in those}) for at, those in grouped))


def _tightest(operation: str, algorithm: str, found: Mapping[str, Record]) -> tuple[str, ...]:
    each = (found.get(name) for name in ("float32", "float16", "bfloat16"))
    return to_operation(operation), algorithm, *(f"{r['largest']:.2g}, {r['median']:.1g}" if r else "—" for r in each)


def _exhaustive(record: Record) -> Iterator[str]:
    yield "Every group of one or two finite 16-bit numbers there is, put to one implementation's forward.\n"
    counts = ("rounded", "judged", "undecided", "unanswered", "broken")
    head = ("implementation", "operation", "dtype", "m", "outputs", "within one rounding", *counts[1:], "first numbers")
    yield table(head, (_enumerated(run, counts) for run in record))


def _enumerated(run: Record, counts: Sequence[str]) -> tuple[str, ...]:
    sums = [sum(piece[key] for piece in run["pieces"]) for key in counts]
    covered = sum(piece["last"] - piece["first"] for piece in run["pieces"]) / 2**16
    about = (markdown(run["target"]), to_operation(run["operation"]), run["dtype"], str(run["members"]))
    return *about, _count(sum(sums[:-1])), *map(_count, sums), f"{covered:.0%}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _count(number: int) -> str:
    return f"{number:,}"


def _many(number: int, what: str) -> str:
    return f"{number} {what}" + ("s" if number > 1 else "")


SECTIONS: Mapping[str, tuple[str, str, Callable[[Record], Iterable[str]]]] = {
    "no_false_alarm": ("No false alarm", "python benchmarks/no_false_alarm.py", _alarms),
    "faults": (
        "Every fault is caught",
        "python benchmarks/detection.py",
        lambda record: [*_detection(record), "### What each law is for\n", *_needed(record)],
    ),
    "tolerances": ("No tolerance is wide", "python benchmarks/tolerances.py", _tolerances),
    "tightness": ("No simulated layer is rejected", "python benchmarks/tightness.py", _tightness),
    "soundness": ("No enclosure misses", "python tests/spec/fuzz.py --enclosures 500000", _soundness),
    "exhaustive": ("All short groups in 16 bits", "python benchmarks/exhaustive.py", _exhaustive),
    "mutants": ("Mutants of the correct layers", "python benchmarks/mutants.py", _mutants),
    "cost": ("Where the time goes", "python benchmarks/cost.py", cost),
    "oracle": ("What a certificate costs", "python benchmarks/oracle.py", speed),
}
"""By the name of the record: what it shows, the command that makes it, and how it is told."""
