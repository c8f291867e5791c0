"""Expectations worked out once in a run, though several implementations are asked the same cases.

Nothing is remembered outside `recollecting`. What is remembered is a function of its key, so that no verdict depends on
whether it was.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from normspec.spec.expectation import Expected
from normspec.spec.formats import Array

Expectations = Mapping[str, Expected]

MOST = 128 << 20
"""Bytes of arrays that are kept: about those of one operation in all dtypes."""


@dataclass
class _Recollection:
    held: int = 0
    kept: dict[bytes, tuple[int, Expectations]] = field(default_factory=dict)

    def of(self, key: bytes, work_out: Callable[[], Expectations]) -> Expectations:
        if key in self.kept:
            return self.kept[key][1]
        found = work_out()
        size = sum(each.nbytes for expected in found.values() for each in _arrays(expected))
        self.kept[key] = size, found
        self.held += size
        while self.held > MOST:
            self.held -= self.kept.pop(next(iter(self.kept)))[0]
        return found


_RECOLLECTION: ContextVar[_Recollection | None] = ContextVar("recollection", default=None)


@contextmanager
def recollecting() -> Iterator[None]:
    """Remember what is worked out from here to the end, the oldest dropped first."""
    token = _RECOLLECTION.set(_Recollection())
    try:
        yield
    finally:
        _RECOLLECTION.reset(token)


def recollected(key: bytes, work_out: Callable[[], Expectations]) -> Expectations:
    """Return what belongs to a key: as remembered, where it is, or worked out. Nobody may change its arrays."""
    recollection = _RECOLLECTION.get()
    return work_out() if recollection is None else recollection.of(key, work_out)


def _arrays(expected: Expected) -> Iterator[Array]:
    for each in (expected.high, expected.low, expected.radius, expected.tolerance, expected.bound, expected.own):
        if each is not None:
            yield each
