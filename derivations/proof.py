"""Claims and their steps: what is stated, why it holds, and on what evidence.

A step is proved by the normal form for every size, and corroborated by the second checker at concrete sizes. Its two
sides are the expressions that were checked; what is printed is printed from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, product
from typing import Any

from sympy import Expr, Integer, Symbol, sympify

from normspec.derivations.concrete import World, evaluate
from normspec.derivations.evidence import Evidence, NotProvedError
from normspec.derivations.expect import schemes_in
from normspec.derivations.language import Index, free_indices, substitute
from normspec.derivations.laurent import UndecidedError, is_zero
from normspec.derivations.magnitudes import Magnitude
from normspec.derivations.normal import Normalizer
from normspec.derivations.signs import nonnegative

SIZES = (2, 3, 5, 7)
ATTEMPTS = 9  # worlds tried before a denominator that vanishes in all of them is reported
PLACES = 3  # assignments of the free indices tried in each world


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
    """left <= right, since right - left is the expression `gap`, every term of which is a square times a positive."""

    left: Expr
    right: Expr
    gap: Expr
    reason: str
    sizes: Sequence[Mapping[str, int]] = ()
    distinct: tuple[Index, ...] = ()
    positives: tuple[Any, ...] = ()
    relation: str = "≤"

    def verify(self) -> Evidence:
        """Prove that the gap is the difference and cannot be negative, or raise NotProvedError."""
        if not nonnegative(self.gap, self.positives):
            raise NotProvedError(f"not manifestly nonnegative: {self.gap}")
        equation = Equation(self.right - self.left, self.gap, "", self.sizes, self.distinct, self.positives)
        exact = equation.verify().exact
        return Evidence("the difference is a sum of squares times positives, all sizes", exact)


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
                scalars.append(f"{key} = {value}")
        listed = [f"{name} = ({', '.join(str(v) for _, v in sorted(at.items()))})" for name, at in arrays.items()]
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


def prove(
    left: Any,
    right: Any,
    distinct: tuple[Index, ...] = (),
    positives: Iterable[Any] = (),
    rules: Sequence[tuple[Any, Any]] = (),
) -> bool:
    """Decide left = right by normal forms, in every way in which the free indices can coincide.

    True is a proof for all sizes; False means "not proved", not "false".
    """
    difference = sympify(left) - sympify(right)
    try:
        return all(
            is_zero(Normalizer(case, rules, positives)(difference))
            for case in coincidences(sorted(free_indices(difference), key=str), distinct)
        )
    except UndecidedError:
        return False


def coincidences(free: Sequence[Index], distinct: tuple[Index, ...] = ()) -> Iterator[dict[Index, Index]]:
    """Yield every way in which indices of the same range can coincide, as a map to representatives."""
    if not free:
        yield {}
        return
    *earlier, last = free
    for case in coincidences(earlier, distinct):
        yield {**case, last: last}
        for other in sorted(set(case.values()), key=str):
            members = {k for k, v in case.items() if v == other}
            if other.size == last.size and not (last in distinct and members & set(distinct)):
                yield {**case, last: other}


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


def compare_somewhere(
    left: Expr, right: Expr, seed: int, sizes: Mapping[str, int], distinct: tuple[Index, ...]
) -> None:
    """Compare in the first of a few worlds in which both sides have a value."""
    for attempt in range(ATTEMPTS):
        try:
            return compare(left, right, World(seed + 1000 * attempt, sizes), distinct)
        except ArithmeticError:
            continue
    raise NotProvedError(f"no value in {ATTEMPTS} worlds: {left} = {right}")


def compare(left: Expr, right: Expr, world: World, distinct: tuple[Index, ...]) -> None:
    """Compute both sides exactly at a few places; raise NotProvedError where they differ."""
    left, right = sympify(left), sympify(right)
    for scheme in schemes_in(left) | schemes_in(right):
        scheme.prepare(world)
    free = sorted(free_indices(left) | free_indices(right), key=str)
    for place in islice(_places(free, distinct, world), PLACES):
        world.bound.update(place)
        a, b = evaluate(left, world), evaluate(right, world)
        if a != b:
            raise NotProvedError(f"{left} is {a} and {right} is {b} at {place} with {world.values}")


def _places(free: Sequence[Index], distinct: tuple[Index, ...], world: World) -> Iterator[dict[Index, int]]:
    ranges = [range(1, 1 + int(evaluate(i.size, world))) for i in free]
    for place in product(*ranges):
        found = dict(zip(free, place, strict=True))
        apart = [found[i] for i in distinct if i in found]
        if len(set(apart)) == len(apart):
            yield found


__all__ = [
    "Bound",
    "Chapter",
    "Claim",
    "Equation",
    "Evidence",
    "Induction",
    "NotProvedError",
    "Witness",
    "chain",
    "claim",
    "entries",
    "prove",
    "substitute",
]
