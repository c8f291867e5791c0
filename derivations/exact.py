"""Exact numbers for the second checker: rationals, surds over them, and jets (numbers with nilpotents) over those."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import count
from math import gcd, isqrt
from typing import Any

Number = Any  # Fraction | Surd | Jet: they mix freely under + and *


class _Combination:
    """A finite linear combination of basis elements; subclasses say how two basis elements multiply."""

    __slots__ = ("terms",)

    def __init__(self, terms: dict[Any, Any]) -> None:
        """Combine basis elements with coefficients."""
        self.terms = {k: c for k, c in terms.items() if c != 0}

    def _lift(self, other: Any) -> dict[Any, Any]:
        raise NotImplementedError

    def _basis_product(self, a: Any, b: Any) -> tuple[Any, Any] | None:
        raise NotImplementedError

    def __add__(self, other: Any) -> Any:
        terms = dict(self.terms)
        for k, c in self._lift(other).items():
            terms[k] = terms[k] + c if k in terms else c
        return type(self)(terms)._simplest()

    def __mul__(self, other: Any) -> Any:
        terms: dict[Any, Any] = {}
        lifted = self._lift(other)
        for a, ca in self.terms.items():
            for b, cb in lifted.items():
                if (product := self._basis_product(a, b)) is not None:
                    key, unit = product
                    c = ca * cb if unit == 1 else ca * cb * unit
                    terms[key] = terms[key] + c if key in terms else c
        return type(self)(terms)._simplest()

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> Any:
        return self * Fraction(-1)

    def __sub__(self, other: Any) -> Any:
        return self + other * Fraction(-1)

    def __rsub__(self, other: Any) -> Any:
        return self * Fraction(-1) + other

    def __truediv__(self, other: Any) -> Any:
        return self * reciprocal(Fraction(other) if isinstance(other, int) else other)

    def __rtruediv__(self, other: Any) -> Any:
        return reciprocal(self) * other

    def _simplest(self) -> Any:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.terms == other.terms

    def __hash__(self) -> int:
        return hash(frozenset(self.terms.items()))

    def __repr__(self) -> str:
        return " + ".join(f"{c}*{k}" for k, c in self.terms.items()) or "0"


class Surd(_Combination):
    """A sum of rational multiples of square roots of distinct squarefree integers, which are independent over Q."""

    __slots__ = ()

    def _lift(self, other: Any) -> dict[Any, Any]:
        return other.terms if isinstance(other, Surd) else {1: other}

    def __add__(self, other: Any) -> Any:
        return NotImplemented if isinstance(other, Jet) else super().__add__(other)

    def __mul__(self, other: Any) -> Any:
        return NotImplemented if isinstance(other, Jet) else super().__mul__(other)

    def _basis_product(self, a: int, b: int) -> tuple[int, int]:
        square = gcd(a, b)
        return a // square * (b // square), square

    def _simplest(self) -> Any:
        return self.terms.get(1, Fraction(0)) if not self.terms.keys() - {1} else self

    def __repr__(self) -> str:
        return " + ".join(f"{c}" if k == 1 else f"{'' if c == 1 else f'{c} '}√{k}" for k, c in self.terms.items())


class Jet(_Combination):
    """A polynomial in nilpotents e**2 = 0: the coefficient of e is the derivative in its direction."""

    __slots__ = ()
    _directions: Iterator[int] = count()

    @classmethod
    def direction(cls) -> Jet:
        """Make a new nilpotent."""
        return cls({frozenset({next(cls._directions)}): Fraction(1)})

    def _lift(self, other: Any) -> dict[Any, Any]:
        return other.terms if isinstance(other, Jet) else {frozenset(): other}

    def _basis_product(self, a: frozenset[int], b: frozenset[int]) -> tuple[frozenset[int], int] | None:
        return None if a & b else (a | b, 1)

    def _simplest(self) -> Any:
        return self.terms.get(frozenset(), Fraction(0)) if not self.terms.keys() - {frozenset()} else self

    @property
    def value(self) -> Any:
        """The part without nilpotents."""
        return self.terms.get(frozenset(), Fraction(0))


def coefficient(number: Number, direction: Jet) -> Number:
    """Take the coefficient of a nilpotent."""
    if not isinstance(number, Jet):
        return Fraction(0)
    (key,) = direction.terms
    return Jet({k - key: c for k, c in number.terms.items() if key <= k})._simplest()


@lru_cache(maxsize=1 << 14)
def squarefree(n: int) -> tuple[int, int]:
    """Write n > 0 as square**2 * rest with a squarefree rest."""
    square, rest, p = 1, 1, 2
    while p * p <= n:
        while n % (p * p) == 0:
            n //= p * p
            square *= p
        if n % p == 0:
            n //= p
            rest *= p
        root = isqrt(n)
        if root * root == n:
            return square * root, rest
        p += 1
    return square, rest * n


def exact_sqrt(number: Number) -> Number:
    """Take the square root of a nonnegative number whose value is rational."""
    if isinstance(number, Jet):
        root = exact_sqrt(number.value)
        for _ in range(len(frozenset().union(*number.terms)).bit_length() + 1):  # Newton doubles the correct order
            root = (root + number * reciprocal(root)) * Fraction(1, 2)
        return root
    if not isinstance(number, Fraction):
        raise ArithmeticError(f"the square root of an irrational number is not supported: {number}")
    if number < 0:
        raise ArithmeticError(f"the square root of a negative number: {number}")
    if not number:
        return number
    square, rest = squarefree(number.numerator * number.denominator)
    return Surd({rest: Fraction(square, number.denominator)})._simplest()


def reciprocal(number: Number) -> Number:
    """Divide 1 by a number."""
    if isinstance(number, Jet):
        inverse = reciprocal(number.value)
        for _ in range(len(frozenset().union(*number.terms)).bit_length() + 1):
            inverse = inverse * (2 - number * inverse)
        return inverse
    if isinstance(number, Surd):
        return _rationalized(number)
    return 1 / number


def _rationalized(number: Surd) -> Number:
    """Multiply by the conjugate at one prime after the other, until the denominator is rational."""
    prime = _smallest_prime(max(number.terms))
    conjugate = Surd({k: -c if k % prime == 0 else c for k, c in number.terms.items()})._simplest()
    return conjugate * reciprocal(number * conjugate)


def _smallest_prime(n: int) -> int:
    return next((p for p in range(2, isqrt(n) + 1) if n % p == 0), n)
