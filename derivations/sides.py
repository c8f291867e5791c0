"""The sides of a claim's steps, for those who print them as code."""

from __future__ import annotations

from sympy import Expr, sympify

from normspec.derivations.catalogue import claim
from normspec.derivations.proof import Induction, Relation


def right(name: str, step: int = -1) -> Expr:
    """The right side of a step of a claim."""
    return sympify(_relation(name, step).right)


def left(name: str, step: int = -1) -> Expr:
    """The left side of a step of a claim."""
    return sympify(_relation(name, step).left)


def _relation(name: str, step: int) -> Relation:
    found = claim(name).steps[step]
    if isinstance(found, Induction):
        raise TypeError(f"step {step} of {name} is an induction, and has no sides")
    return found
