"""Claims and their steps: what is stated, why it holds, and on what evidence.

A step is proved by the normal form for every size, and corroborated by the second checker at concrete sizes. Its two
sides are the expressions that were checked; what is printed is printed from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sympy import Expr, Integer, Symbol, sympify

from normspec.derivations.concrete import World, evaluate
from normspec.derivations.corroboration import SIZES, compare_somewhere
from normspec.derivations.evidence import Evidence, NotProvedError
from normspec.derivations.magnitudes import Magnitude
from normspec.derivations.names import in_text
from normspec.derivations.nodes import Index
from normspec.derivations.prover import prove
from normspec.derivations.readback import factored
from normspec.derivations.signs import nonnegative


@dataclass(frozen=True)
class Equation:
    """left = right, for every size and every value that the named assumptions allow."""

    left: Expr
    right: Expr
    reason: str
    sizes: Sequence[Mapping[str, int]] = ()
    distinct: tuple[Index, ...] = ()
    positives: tuple[Any, ...] = ()
    given: tuple[Equation | Induction, ...] = ()
    relation: str = "="

    @property
    def rule(self) -> tuple[Expr, Expr]:
        """The equation as a hypothesis of later steps."""
        return self.left, self.right

    def verify(self) -> Evidence:
        """Prove, from lemmas that are proved here too, and corroborate; or raise NotProvedError."""
        for lemma in self.given:
            lemma.verify()
        rules = [lemma.rule for lemma in self.given]
        if not prove(self.left, self.right, self.distinct, self.positives, rules):
            raise NotProvedError(f"not proved: {self.left} = {self.right}")
        return Evidence("normal form, all sizes", _corroborated(self))


@dataclass(frozen=True)
class Bound:
    """left <= right, since what is between them cannot be negative: every term of it is a square times a positive.

    It is computed and factored; where it is a sum of squares that nobody computes, those are given as `squares`.
    """

    left: Expr
    right: Expr
    reason: str
    squares: Expr | None = None
    sizes: Sequence[Mapping[str, int]] = ()
    distinct: tuple[Index, ...] = ()
    positives: tuple[Any, ...] = ()
    relation: str = "≤"

    @cached_property
    def gap(self) -> Expr:
        """What is between the two sides."""
        return factored(self.right - self.left, positives=self.positives) if self.squares is None else self.squares

    @property
    def difference(self) -> Equation:
        """What is between the two sides, as an equation."""
        reason = "which cannot be negative"
        return Equation(self.right - self.left, self.gap, reason, self.sizes, self.distinct, self.positives)

    def verify(self) -> Evidence:
        """Prove that the gap is the difference and cannot be negative, or raise NotProvedError."""
        if not nonnegative(self.gap, self.positives):
            raise NotProvedError(f"not manifestly nonnegative: {self.gap}")
        exact = self.difference.verify().exact
        return Evidence("the difference cannot be negative by its form, all sizes", exact)


@dataclass(frozen=True)
class Witness:
    """left and right differ, as one exact example shows."""

    left: Expr
    right: Expr
    reason: str
    sizes: Mapping[str, int]
    values: Mapping[Any, Any]
    at: Mapping[Index, int] = field(default_factory=dict)
    relation: str = "≠"

    def verify(self) -> Evidence:
        """Compute both sides, or raise NotProvedError where they agree."""
        world = World(0, self.sizes, self.values)
        world.bound.update(self.at)
        left, right = evaluate(self.left, world), evaluate(self.right, world)
        if left == right:
            raise NotProvedError(f"no witness: both sides are {left}")
        return Evidence("exact counterexample", f"{left} against {right} at {self._example()}")

    def _example(self) -> str:
        arrays: dict[str, dict[Any, Any]] = {}
        scalars = []
        for key, value in self.values.items():
            if isinstance(key, tuple):
                arrays.setdefault(key[0], {})[key[1:]] = value
            else:
                scalars.append(f"{in_text(key)} = {value}")
        listed = [
            f"{in_text(name)} = ({', '.join(str(v) for _, v in sorted(at.items()))})" for name, at in arrays.items()
        ]
        return ", ".join([*listed, *scalars])


@dataclass(frozen=True)
class Induction:
    """A closed form of a recurrence: the first value, and the step from t to t + 1.

    `formula(t)` is the closed form; `first` its value at t = start, and `next(value, t)` the recurrence.
    """

    left: Callable[[Any], Expr]
    formula: Callable[[Any], Expr]
    first: Expr
    next: Callable[[Any, Any], Expr]
    variable: Expr
    reason: str
    start: int = 0
    sizes: Sequence[Mapping[str, int]] = ()
    positives: tuple[Any, ...] = ()

    @property
    def base(self) -> Equation:
        """The closed form holds at the start."""
        return Equation(self.formula(Integer(self.start)), self.first, f"base, {self.variable} = {self.start}")

    @property
    def step(self) -> Equation:
        """If it holds at t, it holds at t + 1."""
        t = self.variable
        return Equation(self.next(self.formula(t), t), self.formula(t + 1), f"step, {t} to {t} + 1", self.sizes)

    @property
    def rule(self) -> tuple[Expr, Expr]:
        """The statement at the symbolic variable, as a hypothesis of later steps."""
        return self.left(self.variable), self.formula(self.variable)

    def verify(self) -> Evidence:
        """Prove base and step, and run the recurrence itself; raise NotProvedError if any of them fails."""
        self.base.verify()
        self.step.verify()
        reached = range(self.start, self.start + 6)
        value = self.first
        for t in reached:
            _run_agrees(value, self.formula(Integer(t)))
            value = self.next(value, Integer(t))
        return Evidence("base and step by normal form", f"recurrence run to {self.variable} = {reached[-1]}")


Relation = Equation | Bound | Witness | Magnitude


Step = Relation | Induction


@dataclass(frozen=True)
class Claim:
    """A named statement, and the steps that derive it."""

    name: str
    statement: str
    steps: tuple[Step, ...]
    source: str = ""

    @cached_property
    def evidence(self) -> tuple[Evidence, ...]:
        """What supports each step."""
        return tuple(step.verify() for step in self.steps)

    def verify(self) -> tuple[Evidence, ...]:
        """Verify every step, once, or raise NotProvedError."""
        return self.evidence

    @property
    def result(self) -> Step:
        """The last step."""
        return self.steps[-1]


@dataclass(frozen=True)
class Chapter:
    """A chapter: its name, its subject in one line, and its claims in reading order."""

    name: str
    title: str
    claims: tuple[Claim, ...]


def claim(name: str, statement: str, *steps: Step | Sequence[Step], source: str = "") -> Claim:
    """State a claim; steps may be given one by one or as chains."""
    flat: list[Step] = []
    for step in steps:
        flat.extend(step if isinstance(step, Sequence) else [step])
    return Claim(name, statement, tuple(flat), source)


def chain(start: Any, *links: tuple[Any, str], **options: Any) -> list[Step]:
    """Chain equations: each link gives the next expression and why it equals the one before."""
    steps: list[Step] = []
    for right, reason in links:
        steps.append(Equation(sympify(start), sympify(right), reason, **options))
        start = right
    return steps


def entries(name: str, *values: Any) -> dict[Any, Any]:
    """Give the entries of an array in a witness."""
    return {(name, k): v for k, v in enumerate(values, 1)}


def _corroborated(equation: Equation) -> str:
    sizes = equation.sizes or _sizes_for(equation)
    for seed, size in enumerate(sizes):
        compare_somewhere(equation.left, equation.right, seed, size, equation.distinct)
    names = {name for size in sizes for name in size}
    if not names:
        return f"exact at {len(sizes)} random points"
    if len(names) == 1:
        (name,) = names
        return f"exact at {name} = " + ", ".join(str(size[name]) for size in sizes)
    return "exact at " + "; ".join(", ".join(f"{name} = {v}" for name, v in size.items()) for size in sizes)


def _sizes_for(equation: Equation) -> list[dict[str, int]]:
    """Give the sizes that an equation mentions different primes in each of four worlds."""
    mentioned = sympify(equation.left).atoms(Symbol) | sympify(equation.right).atoms(Symbol)
    names = sorted(str(n) for n in mentioned if n.is_integer)
    return [{name: SIZES[(k + shift) % len(SIZES)] for shift, name in enumerate(names)} for k in range(len(SIZES))]


def _run_agrees(value: Expr, formula: Expr) -> None:
    compare_somewhere(value, formula, 1, {"m": 3}, ())
