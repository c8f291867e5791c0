"""Unevaluated sums of two float64 numbers: error-free transformations, and double-word arithmetic on them.

Each function states its relative error; u = 2^-53. Sources: Dekker (1971); Joldes, Muller, Popescu, ACM TOMS 44 (2017),
algorithms 6 (AccurateDWPlusDW) and 10 (DWTimesDW1); checked in Coq by Muller and Rideau, ACM TOMS 48 (2022).
"""

from normspec.spec.formats import Array

SPLITTER = 2.0**27 + 1

Pair = tuple[Array, Array]


def two_sum(a: Array, b: Array) -> Pair:
    """Return the rounded sum and its exact error."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def fast_two_sum(a: Array, b: Array) -> Pair:
    """Return the rounded sum and its exact error, where |a| >= |b| or a is 0."""
    s = a + b
    return s, b - (s - a)


def split(a: Array) -> Pair:
    """Return a as the sum of two numbers of 26 bits; it overflows above 2^996."""
    c = SPLITTER * a
    high = c - (c - a)
    return high, a - high


def two_product(a: Array, b: Array) -> Pair:
    """Return the rounded product and its exact error, barring underflow."""
    p = a * b
    ah, al = split(a)
    bh, bl = split(b)
    return p, ((ah * bh - p) + ah * bl + al * bh) + al * bl


def add(a: Pair, b: Pair) -> Pair:
    """Return the sum: relative error below 3 u^2 + 13 u^3."""
    sh, sl = two_sum(a[0], b[0])
    th, tl = two_sum(a[1], b[1])
    vh, vl = fast_two_sum(sh, sl + th)
    return fast_two_sum(vh, tl + vl)


def multiply(a: Pair, b: Pair) -> Pair:
    """Return the product: relative error below 5 u^2, the bound without fused operations."""
    ch, cl = two_product(a[0], b[0])
    return fast_two_sum(ch, cl + (a[0] * b[1] + a[1] * b[0]))
