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
import ast
import difflib
import importlib
import json
import resource
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any
from unittest import mock

import parso
from cosmic_ray import mutating, plugins
from cosmic_ray.operators.operator import Operator
from rich.progress import track

from normspec.files import write_whole
from normspec.implementations import numpy_family
from normspec.implementations.ask import ask
from normspec.implementations.contract import Implementation
from normspec.properties import trial
from normspec.properties.cases import STREAMS, Stream
from normspec.properties.hunt import Hunt, Settings, claims_all
from normspec.properties.judge import judge
from normspec.properties.law import Law
from normspec.properties.laws import LAWS
from normspec.properties.search import explore
from normspec.properties.verdict import Broken
from normspec.runs.profiles import PROFILES
from normspec.spec.case import Case
from normspec.spec.formats import FORMATS
from normspec.spec.outcome import Outcome, Returned

PACKAGE = "normspec.implementations"
MODULES = ("formulas", "numpy_layer", "numpy_others", "numpy_renorm", "numpy_scalers", "numpy_fold")
EQUIVALENT = Path("tests/mutation/equivalent.json")
SECONDS = 5.0
MEMORY = 6 << 30
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


FEW = frozenset(f"pinned {stream} case in float32" for stream in STREAMS)
"""What a mutant is asked that has a reason to survive."""

OTHERWISE: Mapping[str, Mapping[str, str]] = {
    "numpy-as-keras": {"momentum": "weighs_old", "running_variance": "biased", "single_element": "zero"},
    "numpy-refusing": {
        "empty_batch": "refuse",
        "negative_epsilon": "accept",
        "initial_value": "debiased",
        "epsilon_place": "added",
    },
    "numpy-nan": {"single_element": "nan", "empty_batch": "nan"},
}
"""Batch norms of other conventions, so that every branch of the layers is asked for."""


class DropStatement(Operator):  # type: ignore[misc]
    """Put `pass` in the place of a statement inside a function."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        """Yield where a statement is that does something: no docstring, no definition."""
        statement = node.type in ("simple_stmt", "if_stmt", "while_stmt", "for_stmt")
        if statement and node.search_ancestor("funcdef") and node.children[0].type not in ("string", "strings"):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Return `pass`, indented as the statement was."""
        nothing = parso.parse("pass\n").children[0]
        nothing.get_first_leaf().prefix = node.get_first_leaf().prefix
        return nothing

    @classmethod
    def examples(cls) -> tuple[()]:
        """Return nothing."""
        return ()


@dataclass(frozen=True, eq=False)
class Asked:
    """A case and the laws that judge it; all that they ask of the correct layer, its answers, and where it ran."""

    of: tuple[str, str]
    kind: str
    laws: tuple[Law, ...]
    case: Case
    answers: tuple[tuple[Case, bytes], ...]
    ran: frozenset[tuple[str, int]]


@dataclass(frozen=True)
class Mutant:
    """One changed place of a module: a name, the lines that differ, and the whole text."""

    module: str
    name: str
    change: str
    code: str

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what tells it from the others."""
        return self.module, self.name, self.change


def mutants(module: str) -> Iterator[Mutant]:
    """Yield each mutant of a module."""
    code = Path(f"implementations/{module}.py").read_text(encoding="utf-8")
    operators = {name.removeprefix("core/"): plugins.get_operator(name)() for name in OPERATORS}
    for name, operator in {**operators, "DropStatement": DropStatement()}.items():
        for occurrence in range(len(code)):
            changed = mutating.mutate_code(code, operator, occurrence)
            if changed is None:
                break
            yield Mutant(module, f"{name}:{occurrence}", difference(code, changed), changed)


def difference(before: str, after: str) -> str:
    """Return the lines that differ: as they were, and as they are."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return "\n".join(line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---"))


def function_of(mutant: Mutant) -> tuple[str, int] | None:
    """Return the function whose body is changed, by the line it begins in; None for what runs at import."""
    before = Path(f"implementations/{mutant.module}.py").read_text(encoding="utf-8")
    pairs = zip(before.splitlines(), mutant.code.splitlines(), strict=False)
    line = next(number for number, (old, new) in enumerate(pairs, 1) if old != new)
    found = [
        min(node.lineno, *(each.lineno for each in node.decorator_list), node.lineno)
        for node in ast.walk(ast.parse(before))
        if isinstance(node, ast.FunctionDef) and node.body[0].lineno <= line <= (node.end_lineno or 0)
    ]
    return (mutant.module, max(found)) if found else None


def digest(outcome: Outcome) -> bytes:
    """Return a digest of all that a law can see of an outcome."""
    told = blake2b(repr(outcome if not isinstance(outcome, Returned) else outcome.mutated).encode(), digest_size=16)
    for step in outcome.steps if isinstance(outcome, Returned) else ():
        for name, values in step.items():
            told.update(f"{name} {values.dtype} {values.shape} ".encode() + values.tobytes())
    return told.digest()


def everything(settings: Settings) -> Iterator[Asked]:
    """Yield every case of a check of the correct layers: the pinned ones first, then those drawn, if there are any."""
    for kind in ("pinned", "drawn") if settings.max_examples else ("pinned",):
        for dtype in FORMATS:
            for implementation in layers_of(numpy_family):
                hunt = Hunt(implementation, dtype, settings, ())
                for stream, laws in asked_by(implementation):
                    cases = list(stream.pinned(hunt.extent())) if kind == "pinned" else []
                    for batch in hunt.batches(stream) if kind == "drawn" else ():
                        explore(batch.strategy, batch.seed, batch.size, cases.append)
                    again = (kind, dtype) == ("pinned", "float32")
                    for case in cases:
                        yield watched(implementation, f"{kind} {stream.name} case in {dtype}", laws, case, again)


def layers_of(family: Any) -> tuple[Implementation, ...]:
    """Return all layers of a module like numpy_family, and those of other conventions."""
    others = (family.layer(n, "batch_norm", family.DEVIATIONS, "otherwise", **of) for n, of in OTHERWISE.items())
    return (*family.NUMPY, *others)


def asked_by(implementation: Implementation) -> Iterator[tuple[Stream, tuple[Law, ...]]]:
    """Yield every stream of cases with the laws that an implementation is asked in it."""
    own = [law for law in LAWS.values() if implementation.operation in law.operations]
    claimed = [law for law in own if claims_all(implementation, law)]
    for stream in STREAMS.values():
        laws = tuple(law for law in claimed if stream.name in law.streams)
        if laws:
            yield stream, laws


def watched(implementation: Implementation, kind: str, laws: tuple[Law, ...], case: Case, again: bool) -> Asked:
    """Ask a correct layer a case, and where again says so all its variants; keep the answers, and what ran."""
    ran: set[tuple[str, int]] = set()
    answers: list[tuple[Case, bytes]] = []

    def follow(frame: FrameType, event: str, argument: Any) -> None:
        module = frame.f_globals.get("__name__", "").removeprefix(f"{PACKAGE}.")
        if module in MODULES:
            ran.add((module, frame.f_code.co_firstlineno))

    def kept(of: Implementation, asked: Case) -> Outcome:
        sys.settrace(follow)
        try:
            found = ask(of, asked)
        finally:
            sys.settrace(None)
        answers.append((asked, digest(found)))
        return found

    with mock.patch.object(trial, "ask", kept):
        own = trial.Trial(implementation, case)
        _ = own.outcome
        for law in laws if again else ():
            if law.asks_again:
                judge(law, own)
    return Asked((implementation.name, implementation.operation), kind, laws, case, tuple(answers), frozenset(ran))


@contextmanager
def rebuilt(mutant: Mutant) -> Iterator[Mapping[tuple[str, str], Implementation]]:
    """Give the NumPy layers, put together from a changed module."""
    names = [f"{PACKAGE}.{each}" for each in (*MODULES, "numpy_family")]
    before = {name: sys.modules.pop(name, None) for name in names}
    changed = ModuleType(f"{PACKAGE}.{mutant.module}")
    changed.__file__ = f"<mutant of {mutant.module}>"
    try:
        sys.modules[changed.__name__] = changed
        exec(compile(mutant.code, changed.__file__, "exec"), changed.__dict__)
        family = importlib.import_module(f"{PACKAGE}.numpy_family")
        yield {(each.name, each.operation): each for each in layers_of(family)}
    finally:
        for name, kept in before.items():
            sys.modules.pop(name, None)
            if kept is not None:
                sys.modules[name] = kept


class TooLongError(BaseException):
    """A mutant does not end."""


def _too_long(number: int, frame: Any) -> None:
    raise TooLongError


def limited(implementation: Implementation, case: Case) -> Outcome:
    """Return what comes of a case within SECONDS of processor time. Raises TooLongError."""
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        found = ask(implementation, case)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    if "TooLongError" in getattr(found, "message", ""):
        raise TooLongError
    return found


def verdict(mutant: Mutant, everything: list[Asked]) -> tuple[str, int]:
    """Return by what a mutant is rejected, or nothing; and how many cases it answered differently until then."""
    where, differs = function_of(mutant), 0
    try:
        with rebuilt(mutant) as layers, mock.patch.object(trial, "ask", limited):
            for asked in everything:
                if where is not None and where not in asked.ran:
                    continue
                layer = layers[asked.of]
                if all(digest(limited(layer, case)) == answer for case, answer in asked.answers):
                    continue
                differs += 1
                own = trial.Trial(layer, asked.case)
                for law in asked.laws:
                    if isinstance(judge(law, own), Broken):
                        return f"{law.name} of {' in '.join(asked.of)}, {asked.kind}", differs
    except TooLongError:
        return f"does not end within {SECONDS:g} s of processor time", differs
    except Exception as error:  # a mutant that cannot even be put together is rejected
        return f"{type(error).__name__} while it is put together", differs
    return "", differs


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
    signal.signal(signal.SIGVTALRM, _too_long)
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
