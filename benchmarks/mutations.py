"""Mutants of the NumPy layers: one place changed at a time, by Cosmic Ray's operators or by dropping a statement."""

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import parso
from cosmic_ray import mutating, plugins
from cosmic_ray.operators.operator import Operator

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
    code = Path(f"implementations/numpy/{module}.py").read_text(encoding="utf-8")
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
    before = Path(f"implementations/numpy/{mutant.module}.py").read_text(encoding="utf-8")
    pairs = zip(before.splitlines(), mutant.code.splitlines(), strict=False)
    line = next(number for number, (old, new) in enumerate(pairs, 1) if old != new)
    found = [
        min(node.lineno, *(each.lineno for each in node.decorator_list), node.lineno)
        for node in ast.walk(ast.parse(before))
        if isinstance(node, ast.FunctionDef) and node.body[0].lineno <= line <= (node.end_lineno or 0)
    ]
    return (mutant.module, max(found)) if found else None
