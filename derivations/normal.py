"""The normal form: rational functions of power sums and square roots, for every size of every group.

Sums of monomials are the atoms ("power sums"); nested sums merge into one atom with several binders, canonical over
their orders. A power-sum monomial of weight d with k free indices is independent of the others once the size is at
least d + k, so equality of normal forms is also complete for polynomials; for roots it is sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

from sympy import Expr, Integer, Symbol, sympify

from normspec.derivations import sums
from normspec.derivations.laurent import (
    ONE,
    Atom,
    Monomial,
    UndecidedError,
    Value,
    atom,
    constant,
    fraction,
    free_of,
    frozen,
    inverse,
    plus,
    power,
    scaled,
    single,
    times,
)
from normspec.derivations.nodes import Defined, Delta, Entry, Expectation, Image, Index, Partial, Total, free_indices
from normspec.derivations.rewriting import derivative, fresh, substitute
from normspec.derivations.roots import factors, positive_atom, root_atom, unit
from normspec.derivations.sums import BOUND, canonical, collected, components, is_bound, without_bijections

__all__ = ["Normalizer", "UndecidedError", "opened"]


class Normalizer:
    """Normal forms under hypotheses.

    `representatives` maps free indices to the one they coincide with (distinct representatives are distinct indices);
    `rules` are equations (left, right) whose left side normalizes to one atom; `positives` are expressions known to be
    positive, which alone may be taken out of a square root; with `deltas`, free indices may yet coincide.
    """

    def __init__(
        self,
        representatives: Mapping[Index, Index] | None = None,
        rules: Iterable[tuple[Any, Any]] = (),
        positives: Iterable[Any] = (),
        deltas: bool = False,
    ) -> None:
        """Assume what is given; see the class."""
        self.deltas = deltas
        self.representatives = dict(representatives or {})
        self.rules: dict[Atom, Value] = {}
        self.positives: set[frozenset[tuple[Monomial, Fraction]]] = set()
        self._memo: dict[Expr, Value] = {}
        for left, right in rules:
            self._assume(self(left), self(right))
        for expr in positives:
            self.positives.add(frozen(unit(fraction(self(expr))[0])))

    def _assume(self, left: Value, right: Value) -> None:
        """Solve an equation for the one sum or entry that its left side is a multiple of."""
        atoms = [a for mono in left for a, e in mono if e == 1 and a.kind in ("sum", "entry", "symbol")]
        sums = [a for a in atoms if a.kind == "sum"] or atoms
        if len(left) != 1 or len(sums) != 1:
            raise UndecidedError("the left side of a hypothesis must be a multiple of one atom")
        self.rules[sums[0]] = times(right, inverse(times(left, single(sums[0], -1))))
        self._memo.clear()

    def __call__(self, expr: Any) -> Value:
        """Normalize an expression; raises UndecidedError where there is no rule for it."""
        expr = sympify(expr)
        if expr not in self._memo:
            self._memo[expr] = self._value(expr)
        return self._memo[expr]

    def _value(self, expr: Expr) -> Value:
        if expr.is_Float:
            raise TypeError(f"the derivations are exact: write a rational number instead of {expr}")
        if expr.is_Rational:
            return constant(Fraction(int(expr.p), int(expr.q)))
        for kind, rule in _RULES.items():
            if isinstance(expr, kind):
                return rule(self, expr)
        if expr.is_Add:
            return plus(*map(self, expr.args))
        if expr.is_Mul:
            out = ONE
            for factor in expr.args:
                out = times(out, self(factor))
            return out
        if expr.is_Pow:
            return self._power(expr)
        raise UndecidedError(f"the normal form knows no {type(expr).__name__}: {expr!r}")

    def _atom(self, kind: str, data: Any, free: Iterable[Any] = ()) -> Value:
        made = atom(kind, data, free)
        return self.rules[made] if made in self.rules else single(made)

    def _index(self, expr: Expr) -> Expr:
        """An index as a subscript: itself, its representative, an image, or an integer expression."""
        if isinstance(expr, Index):
            return Integer(1) if expr.size == 1 else self.representatives.get(expr, expr)
        if not expr.args:
            return expr
        return expr.func(*(self._index(a) if isinstance(a, Expr) else a for a in expr.args))

    def _symbol(self, expr: Expr) -> Value:
        return self._atom("symbol", expr)

    def _index_value(self, expr: Index) -> Value:
        index = self._index(expr)
        return constant(1) if index == 1 else self._atom("symbol", index, free_indices(index))

    def _entry(self, expr: Entry) -> Value:
        return self._entry_at(expr.head, *expr.index)

    def _entry_at(self, head: Symbol, *index: Expr) -> Value:
        where = tuple(map(self._index, index))
        return self._atom("entry", (head, *where), frozenset().union(*map(free_indices, where)))

    def _delta(self, expr: Delta) -> Value:
        a, b = map(self._index, expr.args)
        if a == b:
            return ONE
        if not all(isinstance(w, (Index, Image)) for w in (a, b)) or a.size != b.size:
            raise UndecidedError(f"only indices of one range can be compared, not {a!r} and {b!r}")
        apart = not self.deltas and not (is_bound(a) or is_bound(b))
        if apart and isinstance(a, Index) and isinstance(b, Index):
            return {}
        pair = tuple(sorted((a, b), key=str))
        return single(atom("delta", pair, free_indices(a) | free_indices(b)))

    def _total(self, expr: Total) -> Value:
        index = fresh(Index("", self._index_size(expr.index)), BOUND)
        return self.sum(self(substitute(expr.body, {expr.index: index})), index)

    def _index_size(self, index: Index) -> Expr:
        return self._index(index.size) if index.size.args else index.size

    def sum(self, body: Value, index: Index) -> Value:
        """Sum a normal form over a bound index."""
        steps, size = index.size.as_coeff_Add()
        if steps.is_Integer and (steps > 0 or size == 0):
            return self._peeled(body, index, int(steps), size)
        return plus(*(self._sum_monomial(mono, c, index) for mono, c in body.items()))

    def _peeled(self, body: Value, index: Index, steps: int, size: Expr) -> Value:
        """Split the last terms off a sum to size + steps."""
        last = [self.rename(body, {index: size + k}) for k in range(1, steps + 1)]
        if size == 0:
            return plus(*last)
        shorter = Index(index.name, size)
        return plus(self.sum(self.rename(body, {index: shorter}), shorter), *last)

    def _sum_monomial(self, mono: Monomial, c: Fraction, index: Index) -> Value:
        outside = tuple((a, e) for a, e in mono if index not in a.free)
        inside = [(a, e) for a, e in mono if index in a.free]
        for a, _ in inside:
            if a.kind == "delta" and index in a.data:
                target = a.data[1] if a.data[0] == index else a.data[0]
                rest = {tuple((b, e) for b, e in mono if b is not a): c}
                return self.rename(rest, {index: target})
        binders: list[Index] = [index]
        factors: list[tuple[Atom, int]] = []
        for a, e in inside:
            if a.kind != "sum":
                factors.append((a, e))
                continue
            if e < 0:
                raise UndecidedError("a sum that depends on an index of another sum stands in a denominator")
            for _ in range(e):
                inner, body, unit = opened(a)
                binders.extend(inner)
                factors.extend(body)
                c *= unit
        return times({outside: c}, self._power_sum(binders, collected(factors)))

    def _power_sum(self, binders: list[Index], mono: Monomial) -> Value:
        """Make the atom of a sum over several indices, factored into its connected components."""
        binders, mono = without_bijections(binders, mono)
        out = ONE
        for component in components(binders, mono):
            part = tuple((a, e) for a, e in mono if a.free & set(component))
            if not part and len(component) == 1:
                out = times(out, self(component[0].size))
            else:
                data, unit, free = canonical(component, part, _PLAIN.rename)
                out = times(out, scaled(self._atom("sum", data, free), unit))
        loose = tuple((a, e) for a, e in mono if not a.free & set(binders))
        return times(out, {loose: Fraction(1)})

    def rename(self, value: Value, mapping: Mapping[Index, Expr]) -> Value:
        """Replace indices in a value that is already normal."""
        out: list[Value] = []
        for mono, c in value.items():
            product: Value = {tuple((a, e) for a, e in mono if not a.free & mapping.keys()): c}
            for a, e in mono:
                if a.free & mapping.keys():
                    product = times(product, power(self._renamed(a, mapping), e))
            out.append(product)
        return plus(*out)

    def _renamed(self, a: Atom, mapping: Mapping[Index, Expr]) -> Value:
        if a.kind == "sum":
            binders, factors, unit = opened(a)
            body = self.rename({collected(factors): unit}, mapping)
            for binder in reversed(binders):
                resized = Index(binder.name, substitute(binder.size, mapping))
                body = self.sum(self.rename(body, {binder: resized}) if resized != binder else body, resized)
            return body
        if a.kind == "power":
            base, exponent = a.data
            return self._symbolic_power(self.rename(dict(base), mapping), substitute(exponent, mapping))
        if a.kind == "inverse":
            return inverse(self.rename(dict(a.data), mapping))
        if a.kind == "entry":
            return self._entry_at(a.data[0], *(substitute(w, mapping) for w in a.data[1:]))
        if a.kind == "root":
            return single(root_atom(*(self.rename(dict(part), mapping) for part in a.data)))
        return self(_leaf(a, mapping))

    def _power(self, expr: Expr) -> Value:
        base, exponent = self(expr.base), expr.exp
        if exponent.is_Integer:
            return power(base, int(exponent))
        if exponent.is_Rational and exponent.q == 2:
            return power(self.sqrt(base), int(exponent.p))
        return self._symbolic_power(base, exponent)

    def _symbolic_power(self, base: Value, exponent: Expr) -> Value:
        """b**(c + t) = b**c b**t for integer c and t: as rational functions of b, so at b = 0 by continuity."""
        out = ONE
        for term in exponent.expand().as_ordered_terms():
            coefficient, unit = term.as_coeff_Mul()
            if not (coefficient.is_Integer and (unit == 1 or unit.is_integer)):
                raise UndecidedError(f"an exponent must be a sum of integers, not {exponent}")
            if unit == 1:
                out = times(out, power(base, int(coefficient)))
            else:
                unit = self._index(unit)
                made = atom("power", (frozen(base), unit), free_of(base) | free_indices(unit))
                out = times(out, single(made, int(coefficient)))
        return out

    def sqrt(self, value: Value) -> Value:
        """Take a square root; only factors declared positive leave it."""
        if not value:
            return {}
        numerator, denominator = fraction(value)
        outer, inner = ONE, [ONE, ONE]
        for factor, multiplicity in factors(numerator, denominator):
            if not self._is_positive(factor):
                side = 0 if multiplicity > 0 else 1
                inner[side] = times(inner[side], power(factor, abs(multiplicity)))
                continue
            outer = times(outer, power(factor, multiplicity // 2))
            if multiplicity % 2:
                outer = times(outer, single(root_atom(factor, ONE)))
        if inner != [ONE, ONE]:
            root = root_atom(*inner)
            outer = times(outer, times(single(root), inverse(inner[1])))
        return outer

    def _is_positive(self, factor: Value) -> bool:
        if frozen(unit(factor)) in self.positives:
            return True
        if len(factor) != 1:
            return False
        ((mono, c),) = factor.items()
        return c > 0 and all(positive_atom(a) for a, _ in mono)


def _leaf(a: Atom, mapping: Mapping[Index, Expr]) -> Expr:
    if a.kind == "delta":
        return Delta(*(substitute(w, mapping) for w in a.data))
    return substitute(a.data, mapping)


_RULES: dict[type, Callable[[Normalizer, Any], Value]] = {
    Index: Normalizer._index_value,
    Entry: Normalizer._entry,
    Delta: Normalizer._delta,
    Total: Normalizer._total,
    Symbol: Normalizer._symbol,
    Image: lambda normal, e: normal._atom("symbol", normal._index(e), free_indices(normal._index(e))),
    Defined: lambda normal, e: normal(e.body),
    Partial: lambda normal, e: normal(derivative(*e.args)),
    Expectation: lambda normal, e: e.args[1].expectation(normal, e.args[0]),
}


_PLAIN = Normalizer()


def opened(a: Atom) -> tuple[list[Index], list[tuple[Atom, int]], Fraction]:
    """Open a power sum: binders that stand nowhere else, the factors, and a number that this brings out."""
    return sums.opened(a, _PLAIN.rename)
