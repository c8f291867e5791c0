"""Mutants of the correct NumPy layers: how many the suite rejects, and which survive.

    python benchmarks/mutants.py [--module formulas] [--json docs/data/mutants.json] [--pinned] [--minutes N]

Cosmic Ray (pip install cosmic-ray) changes one place of a module at a time: an operator, a sign, a constant, an axis, a
condition; and each statement is dropped once. The layers are put together anew from the changed module. They are asked
the cases of a check in the default profile that run the changed function: the pinned ones, then those drawn. Laws judge
where an answer is not the same to the bit, for else their verdicts are what they were; the variants that laws ask for
are made of the pinned cases in float32. What needs more than SECONDS of processor time for a case does not end.

Survivors that are provably as right stand in tests/mutation/equivalent.json, each with its reason; these are asked
FEW cases, and one that is caught is reported. A JSON file that exists is gone on with: its survivors are tried again.
Exits with 1 where a survivor has no reason.
"""

import argparse
import json
import resource
import signal
import time
from pathlib import Path
from typing import Any

from mutant_cases import FEW, MODULES, everything
from mutant_trials import interrupt, verdict
from mutations import mutants
from rich.progress import track

from normspec.files import write_whole
from normspec.properties.hunt import Settings
from normspec.runs.profiles import PROFILES

EQUIVALENT = Path("tests/mutation/equivalent.json")
MEMORY = 6 << 30


def show(rows: list[dict[str, Any]], reasons: dict[str, str]) -> int:
    """Print the score and the survivors, and return the exit code."""
    survivors = [row for row in rows if not row["rejected by"]]
    unexplained = [row for row in survivors if row["change"] not in reasons]
    for row in unexplained:
        print(f"SURVIVES {row['module']} {row['mutant']}, {row['differs']} answers differ\n{row['change']}")
    for row in (row for row in rows if row["rejected by"] and row["change"] in reasons):
        print(f"CAUGHT ALL THE SAME {row['module']} {row['mutant']}: {row['rejected by']}")
    caught = len(rows) - len(survivors)
    print(
        f"{len(rows)} mutants, {caught} rejected, {len(survivors) - len(unexplained)} equivalent with a reason, "
        f"{len(unexplained)} survive without one"
    )
    return 1 if unexplained else 0


def _rejected_before(path: Path | None, known: set[tuple[str, str, str]]) -> list[dict[str, Any]]:
    """Return the rejected mutants that a file holds, if the code still has them; the others are tried again."""
    rows = json.loads(path.read_text(encoding="utf-8"))["tried"] if path and path.exists() else []
    return [row for row in rows if row["rejected by"] and (row["module"], row["mutant"], row["change"]) in known]


def main() -> int:
    """Run what is asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--module", action="append", choices=MODULES)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--every", type=int, default=1, help="try every n-th mutant alone")
    parser.add_argument("--pinned", action="store_true", help="ask the pinned cases alone")
    parser.add_argument("--minutes", type=float, default=float("inf"))
    asked = parser.parse_args()
    signal.signal(signal.SIGVTALRM, interrupt)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    every = [mutant for module in asked.module or MODULES for mutant in mutants(module)]
    reasons = json.loads(EQUIVALENT.read_text(encoding="utf-8")) if EQUIVALENT.exists() else {}
    rows = _rejected_before(asked.json, {mutant.key for mutant in every})
    done = {(row["module"], row["mutant"], row["change"]) for row in rows}
    todo = [mutant for mutant in every[:: asked.every] if mutant.key not in done]
    settings = Settings(max_examples=0 if asked.pinned else PROFILES["default"].max_examples)
    cases = list(track(everything(settings), "cases of the correct layers", total=None)) if todo else []
    start = time.monotonic()
    for mutant in track(todo, "mutants"):
        if time.monotonic() - start > asked.minutes * 60:
            break
        shown = cases if mutant.change not in reasons else [each for each in cases if each.kind in FEW]
        by, differs = verdict(mutant, shown)
        plain = {"module": mutant.module, "mutant": mutant.name, "change": mutant.change}
        rows.append({**plain, "rejected by": by, "differs": differs})
        if asked.json:
            told = [{**row, "equivalent": reasons.get(row["change"], "")} for row in rows]
            write_whole(asked.json, json.dumps({"of": len(every), "tried": told}, indent=1) + "\n")
    return show(rows, reasons)


if __name__ == "__main__":
    raise SystemExit(main())
