"""Notation: an expression as people write it, in a terminal or in LaTeX.

One walk over the expression serves both; a `Dialect` says how each construction is spelt. Positive terms come first,
sums last, and binders get the letters that nothing else has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sympy import Abs, Add, Expr, Mul, Pow, Rational, Symbol, sympify

from normspec.derivations.dialects import LATEX, TEXT, Dialect
from normspec.derivations.nodes import Defined, Delta, Entry, Expectation, Image, Index, Partial, Total, free_indices
from normspec.derivations.ordering import factor_key, is_count, negative, rank, split, term_key, totals
from normspec.derivations.rewriting import substitute

SUM, PRODUCT, POWER, ATOM = range(4)  # how tightly a written piece holds together


LETTERS = "ijklrspuv"


Piece = tuple[str, int]


class Writer:
    """Writes expressions in one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        """Write in a dialect."""
        self.dialect = dialect

    def __call__(self, expr: Expr) -> str:
        """Write an expression."""
        return self.write(sympify(expr))[0]

    def write(self, expr: Expr) -> Piece:
        """Write an expression, and say how tightly it holds together."""
        for kind, rule in _RULES.items():
            if isinstance(expr, kind):
                return rule(self, expr)
        raise TypeError(f"no notation for {type(expr).__name__}: {expr!r}")

    def held(self, expr: Expr, tightness: int) -> str:
        """Write an expression, in parentheses unless it holds together tightly enough."""
        written, own = self.write(expr)
        return written if own >= tightness else self.dialect.parenthesized(written)

    def subscripted(self, base: str, index: Sequence[Expr]) -> str:
        """Write a name with its indices."""
        return self.dialect.subscript(base, [self(i).replace(" ", "") for i in index]) if index else base

    def _number(self, expr: Rational) -> Piece:
        if expr < 0:
            return f"-{self(-expr)}" if self.dialect is LATEX else f"−{self(-expr)}", SUM
        if expr.q == 1:
            return str(expr.p), ATOM
        return self.dialect.fraction(str(expr.p), str(expr.q), True), PRODUCT

    def _symbol(self, expr: Symbol) -> Piece:
        return self.dialect.name(str(expr)), ATOM

    def _index(self, expr: Index) -> Piece:
        return self.dialect.name(expr.name), ATOM

    def _entry(self, expr: Entry) -> Piece:
        return self.subscripted(self.dialect.name(str(expr.head)), expr.index), ATOM

    def _defined(self, expr: Defined) -> Piece:
        return self.subscripted(self.dialect.name(expr.name), expr.index), ATOM

    def _image(self, expr: Image) -> Piece:
        return f"{self.dialect.name(str(expr.args[0]))}({self(expr.args[1])})", ATOM

    def _delta(self, expr: Delta) -> Piece:
        if any(isinstance(a, Image) for a in expr.args):
            a, b = sorted(expr.args, key=lambda a: not isinstance(a, Image))
            return f"[{self(a)} = {self(b)}]", ATOM
        return self.subscripted(self.dialect.name("delta"), sorted(expr.args, key=str)), ATOM

    def _total(self, expr: Total) -> Piece:
        index, body = expr.index, expr.body
        taken = {i.name for i in free_indices(body) if i != index}
        if not index.name.isalpha() or index.name in taken:
            letter = next(c for c in LETTERS if c not in taken)
            renamed = Index(letter, index.size)
            index, body = renamed, substitute(body, {index: renamed})
        return self.dialect.total(index.name, self(index.size), self.held(body, PRODUCT)), PRODUCT

    def _partial(self, expr: Expr) -> Piece:
        mark = self.dialect.partial
        body, wrt = expr.args[0], [expr.args[1]]
        while isinstance(body, Partial):
            body, wrt = body.args[0], [body.args[1], *wrt]
        order = self.dialect.superscript(mark.strip(), str(len(wrt))) if len(wrt) > 1 else mark
        below = " ".join(mark + self(w) for w in reversed(wrt))
        if isinstance(body, (Defined, Entry, Symbol)):
            above = order + self(body)
        else:
            above = order + self.dialect.parenthesized(self(body))
        return self.dialect.fraction(above, below, True), PRODUCT

    def _magnitude(self, expr: Abs) -> Piece:
        return self.dialect.magnitude(self(expr.args[0])), ATOM

    def _expectation(self, expr: Expr) -> Piece:
        body = self(expr.args[0])
        if self.dialect is LATEX:
            return f"{self.dialect.expectation}\\left[{body}\\right]", ATOM
        return f"{self.dialect.expectation}[{body}]", ATOM

    def _add(self, expr: Add) -> Piece:
        counts = any(map(is_count, expr.args))
        terms = sorted(expr.args, key=lambda term: term_key(term, counts))
        written = self.held(terms[0], PRODUCT) if not negative(terms[0]) else self(terms[0])
        for term in terms[1:]:
            if negative(term):
                written += (" - " if self.dialect is LATEX else " − ") + self.held(-term, PRODUCT)
            else:
                written += " + " + self.held(term, PRODUCT)
        return written, SUM

    def _mul(self, expr: Mul) -> Piece:
        if negative(expr):
            minus = "-" if self.dialect is LATEX else "−"
            return minus + self.held(-expr, PRODUCT), SUM
        numerator, denominator = split(expr)
        if not denominator:
            return self._product(numerator), PRODUCT
        below, tightness = (
            self.write(denominator[0]) if len(denominator) == 1 else (self._product(denominator), PRODUCT)
        )
        simple = tightness >= POWER
        if any(isinstance(f, Total) for f in numerator) or (len(numerator) > 1 and any(map(totals, numerator))):
            return self._coefficient_first(numerator, below, simple), PRODUCT
        above = self._product(numerator)
        if len(numerator) == 1:
            inner = POWER + 1 if isinstance(numerator[0], Partial) else PRODUCT
            above = self.held(numerator[0], inner if self.dialect is TEXT else SUM)
        return self.dialect.fraction(above, below, simple), PRODUCT

    def _coefficient_first(self, numerator: list[Expr], below: str, simple: bool) -> str:
        """(a/b) c Σᵢ ..., since a sum reaches as far to the right as it can."""
        numbers = [f for f in numerator if rank(f) and not totals(f) and not f.is_Add]
        rest = [f for f in numerator if f not in numbers]
        front = self.dialect.fraction(self._product(numbers), below, simple)
        front = f"({front})" if self.dialect is TEXT else front
        return f"{front}{self.dialect.times}{self._product(rest)}"

    def _product(self, factors: list[Expr]) -> str:
        if not factors:
            return "1"
        *first, last = sorted(factors, key=factor_key)
        pieces = [self.held(f, POWER) for f in first]
        pieces.append(self.held(last, PRODUCT if isinstance(last, (Total, Partial)) or not first else POWER))
        return self.dialect.times.join(pieces)

    def _pow(self, expr: Pow) -> Piece:
        base, exponent = expr.base, expr.exp
        if exponent == Rational(1, 2):
            return self.dialect.root(self(base), self.write(base)[1] == ATOM), ATOM
        if exponent.is_Rational and exponent < 0:
            return self._reciprocal(expr), PRODUCT
        if isinstance(base, (Entry, Defined)) and self.dialect is LATEX:  # a prime is a superscript already
            return self.dialect.superscript(f"{{{self(base)}}}", self(exponent)), POWER
        return self.dialect.superscript(self.held(base, ATOM), self(exponent).replace(" ", "")), POWER

    def _reciprocal(self, expr: Pow) -> str:
        below = Pow(expr.base, -expr.exp)
        written, tightness = self.write(below)
        return self.dialect.fraction("1", written, tightness >= POWER)


_RULES: dict[type, Callable[[Writer, Expr], Piece]] = {
    Rational: Writer._number,
    Symbol: Writer._symbol,
    Index: Writer._index,
    Entry: Writer._entry,
    Defined: Writer._defined,
    Image: Writer._image,
    Delta: Writer._delta,
    Total: Writer._total,
    Partial: Writer._partial,
    Abs: Writer._magnitude,
    Expectation: Writer._expectation,
    Add: Writer._add,
    Mul: Writer._mul,
    Pow: Writer._pow,
}


text = Writer(TEXT)


latex = Writer(LATEX)
