"""A second oracle that shares nothing with the first: a long integer as superaccumulator, rational numbers, roots."""

from fractions import Fraction
from math import isqrt
from typing import Any

Exact = list[Fraction]


def superaccumulate(values: Any) -> Fraction:
    """Return the exact sum of float64 numbers: each is an integer times 2^-1074."""
    return Fraction(sum(int(Fraction(float(value)) * 2**1074) for value in values), 2**1074)


def inverse_root(a: Fraction, bits: int = 400) -> Fraction:
    """Return 1/sqrt(a), good to about `bits` bits: an integer root of a scaled quotient."""
    shift = max(0, a.numerator.bit_length() - a.denominator.bit_length()) + bits
    return Fraction(isqrt((a.denominator << (2 * shift)) // a.numerator), 2**shift)


def layer(x: Any, dy: Any, gamma: float, beta: float, epsilon: float) -> dict[str, Exact]:
    """Return the outputs for one group, as rational numbers."""
    values, cotangents = [[Fraction(float(v)) for v in row] for row in (x, dy)]
    m, scale = len(values), Fraction(gamma)
    mean = superaccumulate(x) / m
    variance = sum((value - mean) ** 2 for value in values) / m
    rstd = inverse_root(variance + Fraction(epsilon))
    xhat = [(value - mean) * rstd for value in values]
    g = [scale * cotangent for cotangent in cotangents]
    along = sum(a * b for a, b in zip(g, xhat, strict=True)) / m
    return {
        "y": [scale * value + Fraction(beta) for value in xhat],
        "mean": [mean],
        "variance": [variance],
        "dx": [(a - sum(g) / m - b * along) * rstd for a, b in zip(g, xhat, strict=True)],
        "dgamma": [sum((a * b for a, b in zip(cotangents, xhat, strict=True)), Fraction(0))],
        "dbeta": [superaccumulate(dy)],
    }
