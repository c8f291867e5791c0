"""Closed forms: from a normal form back to an expression that people read.

`closed` is how the chapters come by their results. It changes coordinates (each x[i] becomes mu + sigma h[i], with the
relations that the h satisfy), normalizes, and reads the result back in the field's names. Nothing is typed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from sympy import Add, Expr, Integer, Mul, Rational, S, Symbol, sqrt, sympify

from normspec.derivations.language import Definition
from normspec.derivations.laurent import Atom, Value, atom, fraction, frozen, scaled
from normspec.derivations.nodes import Defined, Delta, Entry, Index, Partial, Total, free_indices
from normspec.derivations.normal import Normalizer
from normspec.derivations.rewriting import derivative, replace_entries, substitute
from normspec.derivations.roots import factors, unit

LETTERS = "ijklrspuvw"


@dataclass(frozen=True)
class Chart:
    """A change of coordinates.

    `entries` says what each entry of an array becomes; `rules` are the relations between the new coordinates;
    `names` says which field's name each new coordinate is read back as; with `apart`, free indices do not coincide.
    """

    entries: Mapping[Symbol, Callable[..., Expr]] = field(default_factory=dict)
    rules: Sequence[tuple[Any, Any]] = ()
    names: Mapping[Symbol, Any] = field(default_factory=dict)
    apart: bool = False


def closed(expr: Any, chart: Chart | None = None, keep: Iterable[Defined | Definition] = (), over: Any = 1) -> Expr:
    """Compute a closed form in the coordinates of a chart.

    Names to `keep` are not looked into. `over` is a common denominator to write the result over.
    """
    value, names = _in_coordinates(expr, chart or Chart(), keep, over)
    return read(value, names, over)


def collected(
    expr: Any, by: Sequence[Entry | Symbol], chart: Chart | None = None, keep: Iterable[Defined | Definition] = ()
) -> list[Expr]:
    """Compute the coefficients of entries and symbols in the coordinates of a chart, and last what stands beside them.

    They are those of the coordinates. Raises ValueError where an expression is not linear in them.
    """
    value, names = _in_coordinates(expr, chart or Chart(), keep, 1)
    return [read(part, names) for part in _parts(value, list(map(_atom_of, by)))]


def arranged(
    expr: Any, by: Sequence[Entry | Symbol], chart: Chart | None = None, keep: Iterable[Defined | Definition] = ()
) -> Expr:
    """Compute a closed form as a sum over entries and symbols, each with its coefficient in factors, and the rest."""
    value, names = _in_coordinates(expr, chart or Chart(), keep, 1)
    atoms = list(map(_atom_of, by))
    *parts, rest = _parts(value, atoms)
    return Add(
        _in_factors(rest, names),
        *(_in_factors(part, names, front=_atom(a, names)) for part, a in zip(parts, atoms, strict=True)),
    )


def factored(
    expr: Any, chart: Chart | None = None, keep: Iterable[Defined | Definition] = (), positives: Iterable[Any] = ()
) -> Expr:
    """Compute a closed form as one fraction of factors over the rationals, those of positives as given."""
    value, names = _in_coordinates(expr, chart or Chart(), keep, 1)
    return _in_factors(value, names, positives)


def _atom_of(e: Entry | Symbol) -> Atom:
    return atom("symbol", e) if isinstance(e, Symbol) else atom("entry", (e.head, *e.index))


def _parts(value: Value, atoms: Sequence[Atom]) -> list[Value]:
    """Split a value that is linear in some atoms into their coefficients and the rest."""
    parts: list[Value] = [{} for _ in (*atoms, None)]
    for mono, c in value.items():
        found = [(at, e) for at, a in enumerate(atoms) for b, e in mono if a is b]
        if len(found) > 1 or any(e != 1 for _, e in found):
            raise ValueError(f"not linear in {', '.join(str(a.data) for a in atoms)}: {read(value)!r}")
        at = found[0][0] if found else -1
        parts[at][tuple((a, e) for a, e in mono if not found or a is not atoms[at])] = c
    return parts


def _in_factors(value: Value, names: Mapping[Any, Any], positives: Iterable[Any] = (), front: Expr = S.One) -> Expr:
    """Read a value in factors over the rationals behind one in front; a difference is turned rather than negative."""
    if not value:
        return Integer(0)
    normal = Normalizer()
    known = {frozen(unit(normal(p))): sympify(p) for p in positives}
    parts: list[Expr] = [front]
    turnable: list[int] = []
    for factor, multiplicity in factors(*fraction(value)):
        given = next((known[key] for s in (1, -1) if (key := frozen(unit(scaled(factor, s)))) in known), None)
        sign = Fraction(-1 if _turned(factor) else 1)
        base = read(scaled(factor, sign), names)
        if given is not None:
            sign, base = Fraction(factor[min(factor)] / normal(given)[min(factor)]), given
        elif multiplicity % 2 and _is_difference(factor) and () not in factor:
            turnable.append(len(parts) + 1)
        parts += [Rational(sign.numerator, sign.denominator) ** multiplicity, base**multiplicity]
    if turnable and Mul(*(p for p in parts[1:] if p.is_Rational)) < 0:
        at = turnable[0]
        parts[at] = (-parts[at].base) ** parts[at].exp if parts[at].is_Pow else -parts[at]
        parts.append(Integer(-1))
    return Mul(*parts)


def _turned(factor: Value) -> bool:
    """Whether a difference is written the other way round: with a number first, 1 - q."""
    return _is_difference(factor) and factor.get((), Fraction(1)) < 0


def _is_difference(factor: Value) -> bool:
    """Whether a factor is as well the other way round: it has terms of both signs, and is no count such as m - 1."""
    counts = () in factor and any(a.kind == "symbol" and a.data.is_integer for mono in factor for a, _ in mono)
    return not counts and len({c > 0 for c in factor.values()}) == 2


def _in_coordinates(expr: Any, chart: Chart, keep: Iterable[Any], over: Any) -> tuple[Value, dict[Any, Any]]:
    """Normalize an expression in the coordinates of a chart, and tell what its names are read back as."""
    kept = {name.name: name for name in keep}
    if taken := sorted(str(c) for c in chart.names if str(c) in kept):
        raise ValueError(f"a coordinate of the chart has a kept name: {', '.join(taken)}")
    plain = replace_entries(_veiled(differentiated(sympify(expr)), kept), chart.entries)
    value = Normalizer(rules=chart.rules, deltas=not chart.apart)(plain * _plain(over, chart))
    return value, {**_binders(sympify(expr)), **chart.names, **{Symbol(name): what for name, what in kept.items()}}


def _binders(expr: Expr) -> dict[Any, str]:
    """The letters that an expression sums over, by the size of their ranges: a closed form keeps them."""
    letters: dict[Any, str] = {}
    for letter, size in sorted({(s.index.name, s.index.size) for s in expr.atoms(Total)}, key=str):
        if letter.isalpha():
            letters["letters", size] = letters.get(("letters", size), "") + letter
    return letters


def differentiated(expr: Any) -> Any:
    """Take the derivatives that an expression names, innermost first."""
    if isinstance(expr, Partial):
        return derivative(differentiated(expr.args[0]), expr.args[1])
    if not expr.args or isinstance(expr, (Index, Defined)):
        return expr
    return expr.func(*(differentiated(a) if isinstance(a, Expr) else a for a in expr.args))


def _plain(over: Any, chart: Chart) -> Any:
    return replace_entries(sympify(over), chart.entries)


def _veiled(expr: Any, kept: Mapping[str, Any]) -> Any:
    if isinstance(expr, Defined) and expr.name in kept:
        return Entry(Symbol(expr.name), *expr.index) if expr.index else Symbol(expr.name)
    if not expr.args or isinstance(expr, Index):
        return expr
    return expr.func(*(_veiled(a, kept) for a in expr.args))


def read(value: Value, names: Mapping[Any, Any] | None = None, over: Any = 1) -> Expr:
    """Turn a normal form, divided by `over`, into an expression with what all terms share taken out."""
    names = names or {}
    common = _common(value)
    content = _content(value)
    value = scaled(value, 1 / content)
    terms = [_monomial({**dict(mono)}, common, c, names) for mono, c in value.items()]
    shared = Mul(*(_atom(a, names) ** e for a, e in common.items()))
    return Mul(Rational(content.numerator, content.denominator), shared, 1 / sympify(over), Add(*terms))


def _content(value: Value) -> Fraction:
    """What all coefficients share, with the sign that they have in common."""
    if len(value) < 2:
        return Fraction(1)
    numerators, denominators = zip(*((abs(c.numerator), c.denominator) for c in value.values()), strict=True)
    sign = -1 if all(c < 0 for c in value.values()) else 1
    return Fraction(sign * gcd(*numerators), lcm(*denominators))


def _common(value: Value) -> dict[Atom, int]:
    """The factors that stand in every term with exponents of one sign, as often as they do."""
    atoms = {a for mono in value for a, _ in mono}
    exponents = {a: [dict(mono).get(a, 0) for mono in value] for a in atoms}
    lowest = {a: min(es) if min(es) > 0 else max(es) if max(es) < 0 else 0 for a, es in exponents.items()}
    return {a: e for a, e in lowest.items() if e}


def _monomial(exponents: dict[Atom, int], common: Mapping[Atom, int], c: Any, names: Mapping[Any, Any]) -> Expr:
    for a, e in common.items():
        exponents[a] = exponents.get(a, 0) - e
    factors = [_atom(a, names) ** e for a, e in exponents.items() if e]
    return Mul(Rational(c.numerator, c.denominator), *factors)


def _atom(a: Atom, names: Mapping[Any, Any]) -> Expr:
    return _READERS[a.kind](a.data, names)


def _symbol(data: Any, names: Mapping[Any, Any]) -> Expr:
    return sympify(names.get(data, data))


def _entry(data: Any, names: Mapping[Any, Any]) -> Expr:
    head, *where = data
    return names[head][tuple(where)] if head in names else Entry(head, *where)


def _sum(data: Any, names: Mapping[Any, Any]) -> Expr:
    binders, mono = data
    body = Mul(*(_atom(a, names) ** e for a, e in mono))
    taken = {i.name for i in free_indices(body)}
    for binder in binders:
        letter = next(c for c in names.get(("letters", binder.size), "") + LETTERS if c not in taken)
        taken.add(letter)
        renamed = Index(letter, binder.size)
        body = substitute(body, {binder: renamed})
        binders = tuple(substitute(b, {binder: renamed}) for b in binders)
    for binder in reversed(binders):
        body = Total(body, binder)
    return body


def _root(data: Any, names: Mapping[Any, Any]) -> Expr:
    numerator, denominator = (read(dict(part), names) for part in data)
    return denominator * sqrt(numerator / denominator)


_READERS: dict[str, Callable[[Any, Mapping[Symbol, Any]], Expr]] = {
    "symbol": _symbol,
    "entry": _entry,
    "delta": lambda data, names: Delta(*data),
    "power": lambda data, names: read(dict(data[0]), names) ** data[1],
    "sum": _sum,
    "root": _root,
    "inverse": lambda data, names: Integer(1) / read(dict(data), names),
}

__all__ = ["Chart", "arranged", "closed", "collected", "factored", "read"]
