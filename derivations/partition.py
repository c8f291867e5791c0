"""Set partitions: every way in which the members of a sample can coincide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import factorial
from typing import TypeVar

T = TypeVar("T")
Partition = list[list[T]]


def set_partitions(items: Sequence[T]) -> Iterator[Partition[T]]:
    """Yield every partition of the items into blocks."""
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for smaller in set_partitions(rest):
        yield [[first], *smaller]
        for k, block in enumerate(smaller):
            yield [*smaller[:k], [first, *block], *smaller[k + 1 :]]


def moebius(partition: Partition[T]) -> int:
    """The Möbius function from the finest partition: it turns sums over distinct members into plain sums."""
    out = 1
    for block in partition:
        out *= (-1) ** (len(block) - 1) * factorial(len(block) - 1)
    return out
