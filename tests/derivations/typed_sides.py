"""Print which right sides of equations no closed form was computed for: `claim step`, a line each.

The functions that compute closed forms are watched while the chapters are read. A right side counts as computed where
something that they returned makes up at least half of it; a number, a letter and a name by itself are no closed form.
"""

from collections.abc import Callable
from typing import Any

from sympy import Expr, Symbol, sympify

from normspec.derivations import readback
from normspec.derivations.nodes import Defined, Entry, Index

COMPUTED: set[Expr] = set()


def watched(function: Callable[..., Any]) -> Callable[..., Any]:
    """Note what a function returns."""

    def noting(*args: Any, **options: Any) -> Any:
        found = function(*args, **options)
        COMPUTED.update(found if isinstance(found, list) else [found])
        return found

    return noting


for name in ("closed", "collected", "arranged", "factored"):
    setattr(readback, name, watched(getattr(readback, name)))

from normspec.derivations.catalogue import CHAPTERS, load  # noqa: E402 - what is read now is watched
from normspec.derivations.proof import Equation  # noqa: E402


def size(expr: Expr) -> int:
    """Count what a reader sees: a name is one thing."""
    return 1 if leaf(expr) else 1 + sum(size(below) for below in expr.args if isinstance(below, Expr))


def leaf(expr: Expr) -> bool:
    """Whether an expression is a number, a letter, an entry or a name."""
    return expr.is_number or isinstance(expr, (Symbol, Entry, Defined, Index))


def share(expr: Expr) -> int:
    """Count how much of an expression was computed."""
    if leaf(expr):
        return 0
    return size(expr) if expr in COMPUTED else sum(share(below) for below in expr.args if isinstance(below, Expr))


def computed(expr: Expr) -> bool:
    """Whether half of an expression, or of something that it is a name for, was computed."""
    return any(2 * share(body) >= size(body) for body in (expr, *(d.body for d in expr.atoms(Defined))))


for chapter in CHAPTERS:
    for claim in load(chapter).claims:
        for number, step in enumerate(claim.steps):
            if isinstance(step, Equation) and not leaf(right := sympify(step.right)) and not computed(right):
                print(claim.name, number)
