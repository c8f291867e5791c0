"""Mutants of the correct NumPy layers: how many the suite rejects, and which survive.

    python benchmarks/mutants.py [--module formulas] [--json docs/data/mutants.json] [--every 1] [--minutes N]

Cosmic Ray (pip install cosmic-ray) changes one place of a module at a time: an operator, a sign, a constant, a
condition. The layers are put together anew from the changed module, and asked the pinned cases of every operation,
until a law breaks. Survivors that are provably the same layer stand in tests/mutation/equivalent.json, each with its
reason; one that stands there and is caught is reported too. A JSON file that exists is gone on with. Exits with 1 where
a survivor has no reason.
"""

import argparse
import difflib
import importlib
import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from cosmic_ray import mutating, plugins
from rich.progress import track

from normspec.files import write_whole
from normspec.implementations.contract import Implementation
from normspec.properties.detection import detect_pinned

PACKAGE = "normspec.implementations"
REBUILT = ("formulas", "numpy_layer", "numpy_others", "numpy_renorm", "numpy_family")
EQUIVALENT = Path("tests/mutation/equivalent.json")
SECONDS = 60
DTYPES = ("float32", "float16", "float64")
SWAPS = ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "Add_Mul", "Mul_Add", "Mod_Mul", "FloorDiv_Mul")
COMPARISONS = ("Eq_NotEq", "NotEq_Eq", "Lt_GtE", "Lt_LtE", "Gt_LtE", "Gt_GtE", "LtE_Gt", "LtE_Lt", "GtE_Lt", "GtE_Gt")
OPERATORS = (
    *(f"core/ReplaceBinaryOperator_{name}" for name in SWAPS),
    *(f"core/ReplaceComparisonOperator_{name}" for name in (*COMPARISONS, "Is_IsNot", "IsNot_Is")),
    "core/ReplaceUnaryOperator_Delete_USub",
    "core/ReplaceUnaryOperator_Delete_Not",
    "core/ReplaceAndWithOr",
    "core/ReplaceOrWithAnd",
    "core/NumberReplacer",
    "core/ReplaceTrueWithFalse",
    "core/ReplaceFalseWithTrue",
)


class TooLongError(Exception):
    """A mutant does not end."""


def mutants(code: str) -> Iterator[tuple[str, str, str]]:
    """Yield a name, the changed line and the changed code of each mutant."""
    for name in OPERATORS:
        operator = plugins.get_operator(name)()
        for occurrence in range(len(code)):
            changed = mutating.mutate_code(code, operator, occurrence)
            if changed is None:
                break
            yield f"{name.removeprefix('core/')}:{occurrence}", difference(code, changed), changed


def difference(before: str, after: str) -> str:
    """Return the lines that differ: as they were, and as they are."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return "\n".join(line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---"))


@contextmanager
def rebuilt(module: str, code: str) -> Iterator[tuple[Implementation, ...]]:
    """Give the NumPy layers, put together from a changed module."""
    names = [f"{PACKAGE}.{each}" for each in REBUILT]
    before = {name: sys.modules.pop(name, None) for name in names}
    changed = ModuleType(f"{PACKAGE}.{module}")
    changed.__file__ = f"<mutant of {module}>"
    try:
        sys.modules[changed.__name__] = changed
        exec(compile(code, changed.__file__, "exec"), changed.__dict__)
        family = importlib.import_module(f"{PACKAGE}.numpy_family")
        yield family.NUMPY
    finally:
        for name, kept in before.items():
            sys.modules.pop(name, None)
            if kept is not None:
                sys.modules[name] = kept


def verdict(module: str, code: str) -> str:
    """Return by what a mutant is rejected: a law, an operation that does not come about, or nothing."""
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(SECONDS)
    try:
        with rebuilt(module, code) as implementations:
            for dtype in DTYPES:
                for each in implementations:
                    found = detect_pinned(each, (dtype,))
                    if found:
                        return f"{found.law} of {each.name} in {each.operation}, {dtype}"
    except TooLongError:
        return "does not end"
    except Exception as error:  # a mutant that cannot even be put together is rejected
        return f"{type(error).__name__} while it is put together"
    finally:
        signal.alarm(0)
    return ""


def _too_long(number: int, frame: Any) -> None:
    raise TooLongError


def show(rows: list[dict[str, str]], reasons: dict[str, str]) -> int:
    """Print the score and the survivors, and return the exit code."""
    survivors = [row for row in rows if not row["rejected by"]]
    unexplained = [row for row in survivors if row["change"] not in reasons]
    for row in unexplained:
        print(f"SURVIVES {row['module']} {row['mutant']}\n{row['change']}")
    for row in (row for row in rows if row["rejected by"] and row["change"] in reasons):
        print(f"CAUGHT ALL THE SAME {row['module']} {row['mutant']}: {row['rejected by']}")
    caught = len(rows) - len(survivors)
    print(
        f"{len(rows)} mutants, {caught} rejected, {len(survivors) - len(unexplained)} equivalent with a reason, ",
        end="",
    )
    print(f"{len(unexplained)} survive without one")
    return 1 if unexplained else 0


def _tried_before(path: Path, known: set[tuple[str, str]]) -> list[dict[str, str]]:
    """Return the rejected mutants that a file holds, if the code still has them; the others are tried again."""
    rows = json.loads(path.read_text(encoding="utf-8"))["tried"] if path.exists() else []
    return [row for row in rows if row["rejected by"] and (row["mutant"], row["change"]) in known]


def main() -> int:
    """Run what is asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--module", action="append", choices=REBUILT[:4])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--every", type=int, default=1, help="try every n-th mutant alone")
    parser.add_argument("--minutes", type=float, default=float("inf"))
    asked = parser.parse_args()
    todo = []
    for module in asked.module or REBUILT[:4]:
        code = Path(f"implementations/{module}.py").read_text(encoding="utf-8")
        todo += [(module, *mutant) for mutant in mutants(code)]
    reasons = json.loads(EQUIVALENT.read_text(encoding="utf-8")) if EQUIVALENT.exists() else {}
    rows = _tried_before(asked.json, {(name, change) for _, name, change, _ in todo}) if asked.json else []
    done = {(row["mutant"], row["change"]) for row in rows}
    start = time.monotonic()
    for module, name, change, code in track([each for each in todo[:: asked.every] if each[1:3] not in done]):
        if time.monotonic() - start > asked.minutes * 60:
            break
        rows.append({"module": module, "mutant": name, "change": change, "rejected by": verdict(module, code)})
        if asked.json:
            told = [{**row, "equivalent": reasons.get(row["change"], "")} for row in rows]
            write_whole(asked.json, json.dumps({"of": len(todo), "tried": told}, indent=1) + "\n")
    return show(rows, reasons)


if __name__ == "__main__":
    raise SystemExit(main())
