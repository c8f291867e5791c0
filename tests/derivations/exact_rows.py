"""A number system of rows of rationals and surds: generated code run without any rounding."""

from fractions import Fraction
from functools import reduce
from operator import mul

from normspec.derivations.exact import exact_sqrt, reciprocal


class Exact:
    """Rows of rationals and surds, in which one group is also one block of parameters."""

    def total(self, a):
        return Row([sum(a.values, Fraction(0))])

    block_total = total

    def product(self, *factors):
        return reduce(mul, factors)

    def sqrt(self, a):
        return Row([exact_sqrt(v) for v in a.values])

    def rsqrt(self, a):
        return inverse(self.sqrt(a))


def inverse(a):
    return Row([reciprocal(v) for v in lifted(a).values])


def lifted(a):
    return a if isinstance(a, Row) else Row([Fraction(a)])


class Row:
    """A row of exact numbers; a row of one is a scalar, and broadcasts."""

    def __init__(self, values):
        self.values = list(values)

    def _with(self, other, operation):
        a, b = self.values, lifted(other).values
        size = max(len(a), len(b))
        a, b = (values * size if len(values) == 1 else values for values in (a, b))
        return Row([operation(x, y) for x, y in zip(a, b, strict=True)])

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
