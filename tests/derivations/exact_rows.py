"""A number system of rows of rationals and surds: generated code run without any rounding."""

from fractions import Fraction
from functools import reduce
from operator import mul

from normspec.derivations.exact import exact_sqrt, reciprocal


class Exact:
    """Lists of rationals and surds, in which one group is also one block of parameters."""

    def total(self, a):
        return sum(a.values, Fraction(0))

    block_total = total

    def product(self, *factors):
        return reduce(mul, factors)

    def sqrt(self, a):
        return Row([exact_sqrt(v) for v in a.values]) if isinstance(a, Row) else exact_sqrt(a)

    def rsqrt(self, a):
        return inverse(self.sqrt(a))


def inverse(a):
    if isinstance(a, Row):
        return Row([inverse(v) for v in a.values])
    return reciprocal(Fraction(a) if isinstance(a, int) else a)


class Row:
    """A row of exact numbers that broadcasts against scalars."""

    def __init__(self, values):
        self.values = values

    def _with(self, other, operation):
        others = other.values if isinstance(other, Row) else [other] * len(self.values)
        return Row([operation(a, b) for a, b in zip(self.values, others, strict=True)])

    def __add__(self, other):
        return self._with(other, lambda a, b: a + b)

    def __sub__(self, other):
        return self._with(other, lambda a, b: a - b)

    def __rsub__(self, other):
        return self._with(other, lambda a, b: b - a)

    def __mul__(self, other):
        return self._with(other, lambda a, b: a * b)

    def __truediv__(self, other):
        return self * inverse(other)

    def __rtruediv__(self, other):
        return inverse(self) * other

    def __neg__(self):
        return self * -1

    __radd__ = __add__
    __rmul__ = __mul__
