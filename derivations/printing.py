"""Printing code: an expression as Python that runs on any number system.

The code uses + - * / by numbers and arrays, S.total over the group, S.block_total over the elements that share a
parameter, S.sqrt and S.rsqrt, and S.product where a formula leaves the order of three or more factors open; nothing
else. Names that the mathematics gives become variables, each computed once.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from sympy import Abs, Basic, Expr, Mul, Pow, Rational, Symbol

from normspec.derivations.coding import ABS, BLOCK, GROUP, LIMIT, RSQRT, SQRT, assignment, in_any_order
from normspec.derivations.nodes import Defined, Delta, Entry, Index, Total, free_indices

NAMES = {
    "mu": "mean",
    "mu_r": "mean",
    "v": "variance",
    "v_r": "variance",
    "w": "mean_square",
    "xhat": "xhat",
    "xhat_r": "xhat",
    "ghat": "g",
    "g": "dy",
    "alpha": "alpha",
    "beta'": "shift",
    "r": "old",
    "M": "new",
    "a": "weight",
}
RECIPROCALS = {"sigma": "rstd", "sigma_r": "rstd"}
SHAPES: dict[Expr, str] = {
    Symbol("x") - Symbol("mean"): "centred",
    Symbol("x") - Symbol("batch_mean"): "centred",
    Symbol("style") - Symbol("style_mean"): "style_centred",
    1 + Symbol("rstd_error"): "widening",
    Symbol("mean_error") + ABS(Symbol("centred")): "reach",
}
COUNTS = {"m", "n", "d", "h"}


@dataclass(frozen=True)
class Formula:
    """A function to print: its arguments, and the expressions that it returns by name.

    `bindings` say what arrays named in the mathematics are computed as, `names` what its names are called in the code,
    with `block` every sum is one over the elements that share a parameter, and with `ordered` products are taken as
    they are written.
    """

    name: str
    arguments: tuple[str, ...]
    doc: str
    results: Mapping[str, Expr]
    claims: tuple[str, ...]
    bindings: Mapping[str, object] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    block: bool = False
    ordered: bool = True


def print_function(formula: Formula) -> str:
    """Print a function; raises ValueError where a name would leak that is neither argument nor assigned."""
    body = _Body(formula)
    variables = {key: body.result(key, expr) for key, expr in formula.results.items()}
    returned = ", ".join(f'"{key}": {variable}' for key, variable in variables.items())
    proved = "Claims" if len(formula.claims) > 1 else "Claim"
    lines = [
        *_signature(formula),
        f'    """{formula.doc}',
        "",
        f"    {proved}: {', '.join(formula.claims)}.",
        '    """',
        *body.assigned.values(),
        f"    return {{{returned}}}",
    ]
    printed = "\n".join(lines) + "\n"
    check_names(printed)
    return printed


def _signature(formula: Formula) -> list[str]:
    arguments = [f"{a}: {'int' if a in COUNTS else 'Any'}" for a in formula.arguments]
    line = f"def {formula.name}({', '.join(arguments)}) -> dict[str, Any]:"
    if len(line) <= LIMIT:
        return [line]
    return [f"def {formula.name}(", *(f"    {a}," for a in arguments), ") -> dict[str, Any]:"]


class _Body:
    """The assignments of a function, made as its expressions ask for them."""

    def __init__(self, formula: Formula) -> None:
        self.formula = formula
        self.assigned: dict[str, str] = {}

    def known(self, name: str) -> str:
        """The variable for a name of the mathematics."""
        return self.formula.names.get(name, NAMES.get(name, name))

    def result(self, key: str, expr: Expr) -> str:
        """The variable that has a result; where an argument has that name, it is another."""
        lowered = self.lower(expr)
        if isinstance(lowered, Symbol):
            return str(lowered)
        return str(self.name(f"new_{key}" if key in self.formula.arguments else key, lowered))

    def _symbol(self, name: str) -> Symbol:
        return Symbol(self.known(name))

    def name(self, name: str, expr: Expr) -> Expr:
        """Assign an expression to a variable, unless the variable is an argument."""
        if name not in self.formula.arguments and expr != Symbol(name):
            line = assignment(name, expr)
            if self.assigned.setdefault(name, line) != line:
                raise ValueError(f"two meanings for {name!r} in {self.formula.name}: {self.assigned[name]} and {line}")
        return Symbol(name)

    def lower(self, expr: Expr) -> Expr:
        """Drop indices, name what has a name: what remains is array code as an expression in plain symbols."""
        if isinstance(expr, Defined):
            return self._named(expr)
        if isinstance(expr, Entry):
            bound = self.formula.bindings.get(str(expr.head))
            return self.lower(bound[expr.index]) if bound else self._symbol(str(expr.head))  # type: ignore[index]
        if isinstance(expr, Total):
            return self._total(expr)
        if isinstance(expr, Symbol):
            return self._symbol(str(expr))
        if isinstance(expr, Abs):
            return ABS(self.lower(expr.args[0]))
        if expr.is_Pow:
            return self._power(expr)
        if expr.is_Add or expr.is_Mul:
            lowered = self._shaped(expr.func(*map(self.lower, expr.args)))
            return lowered if self.formula.ordered or not lowered.is_Mul else in_any_order(lowered)
        if expr.is_Rational:
            return expr
        raise ValueError(f"no code for {type(expr).__name__}: {expr!r}")

    def _named(self, expr: Defined) -> Expr:
        name = self.known(expr.name)
        if name in self.formula.arguments or name in self.assigned:
            return Symbol(name)
        return self.name(name, self.lower(expr.body))

    def _shaped(self, lowered: Expr) -> Expr:
        return self.name(SHAPES[lowered], lowered) if lowered in SHAPES else lowered

    def _total(self, expr: Total) -> Expr:
        factors = expr.body.args if expr.body.is_Mul else (expr.body,)
        rest = [f for f in factors if not isinstance(f, Delta)]
        if self._indices(Mul(*rest)) - {expr.index}:
            raise ValueError(f"a sum of array code cannot depend on another index: {expr!r}")
        kind = GROUP if len(rest) == len(factors) and not self.formula.block else BLOCK
        return kind(self.lower(Mul(*rest)))

    def _indices(self, expr: Basic) -> frozenset[Index]:
        """The free indices of code: what is handed in depends on those that it is written with."""
        if isinstance(expr, Defined) and self.known(expr.name) in self.formula.arguments:
            return frozenset().union(*map(free_indices, expr.index))
        if isinstance(expr, (Index, Entry)):
            return free_indices(expr)
        below = frozenset().union(*map(self._indices, expr.args))
        return below - {expr.index} if isinstance(expr, Total) else below

    def _power(self, expr: Pow) -> Expr:
        base, exponent = expr.base, expr.exp
        if isinstance(base, Defined) and base.name in RECIPROCALS and exponent.is_Integer and exponent < 0:
            inverse = self.formula.names.get(f"1/{base.name}", RECIPROCALS[base.name])
            return self.name(inverse, RSQRT(self.lower(base.body.base))) ** (-exponent)
        if exponent == Rational(1, 2):
            return SQRT(self.lower(base))
        if exponent == Rational(-1, 2):
            return RSQRT(self.lower(base))
        if exponent.is_Integer:
            return self.lower(base) ** exponent
        raise ValueError(f"no code for the power {exponent}")


def check_names(printed: str) -> None:
    """Raise ValueError where printed code uses a name that it neither takes nor assigns."""
    for function in ast.parse(printed).body:
        known = {"S", "Any", "dict", "str", "int"}
        if isinstance(function, ast.FunctionDef):
            known |= {a.arg for a in function.args.args}
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                known.add(node.id)
        leaked = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)} - known
        if leaked:
            raise ValueError(f"names leak into generated code: {', '.join(sorted(leaked))}")
