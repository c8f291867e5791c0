"""Searching with Hypothesis: draw cases and look at each, or find the smallest one that fails."""

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from typing import TypeVar
from unittest import SkipTest, mock

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis import strategies as st
from hypothesis.database import ExampleDatabase
from hypothesis.internal.conjecture import providers

from normspec.spec.case import Case, Step
from normspec.spec.formats import Array

Finding = TypeVar("Finding")

MOST_REPLAYED = 1000
SHRINKS = 100  # attempts at a smaller case: on the slowest stream a few seconds


class _FailingError(Exception):
    """The case that Hypothesis has just drawn fails."""


class _EnoughError(BaseException):
    """Shrinking has taken its share of time. No Exception, so that Hypothesis lets it through."""


def explore(cases: st.SearchStrategy[Case], seed: int, count: int, look: Callable[[Case], object]) -> None:
    """Draw `count` cases and look at each. The same seed draws the same cases."""
    _run(cases, seed, count, (Phase.generate,), look)


def replay(cases: st.SearchStrategy[Case], kept: ExampleDatabase, look: Callable[[Case], None]) -> None:
    """Look at the cases that a database holds, smallest first."""
    with contextlib.suppress(SkipTest):  # so Hypothesis says that there are none
        _run(cases, 0, MOST_REPLAYED, (Phase.reuse,), look, kept)


def remember(cases: st.SearchStrategy[Case], seed: int, count: int, failing: Case, kept: ExampleDatabase) -> None:
    """Put the failing case among the first `count` draws into a database."""
    wanted = fingerprint(failing)

    def look(case: Case) -> None:
        if fingerprint(case) == wanted:
            raise _FailingError

    with contextlib.suppress(_FailingError):
        _run(cases, seed, count, (Phase.generate,), look, kept)


def shrink(
    cases: st.SearchStrategy[Case],
    seed: int,
    count: int,
    fails: Callable[[Case], Finding | None],
    first: tuple[Case, Finding],
    kept: ExampleDatabase | None = None,
) -> tuple[Case, Finding]:
    """Return the smallest failing case that Hypothesis makes of the first one in `count` draws, with what is found.

    fails says what is wrong with a case, or None. kept is where failing cases are put. Where nothing smaller is found,
    the first failing case is returned.
    """
    seen: dict[bytes, Finding | None] = {}
    best, attempts = first, 0

    def look(case: Case) -> None:
        nonlocal best, attempts
        key = fingerprint(case)
        if key not in seen:
            seen[key] = fails(case)
            attempts += best is not first or seen[key] is not None
        found = seen[key]
        if found is not None and (best is first or complexity(case) <= complexity(best[0])):
            best = case, found
        if attempts > SHRINKS:
            raise _EnoughError
        if found is not None:
            raise _FailingError

    with contextlib.suppress(_FailingError, _EnoughError):
        _run(cases, seed, count, (Phase.generate, Phase.shrink), look, kept)
    return best


def complexity(case: Case) -> tuple[int, ...]:
    """Return how much a reader has to take in: elements, steps, arrays given, values that are neither zero nor one."""
    arrays = [array for step in case.script for array in _arrays_of(step) if array is not None]
    given = [*case.parameters.values(), *case.state.values()]
    odd = sum(int(((array != 0) & (array != 1)).sum()) for array in (*arrays, *given))
    return sum(array.size for array in arrays), len(case.script), len(given), odd


def _run(
    cases: st.SearchStrategy[Case],
    seed: int,
    count: int,
    phases: tuple[Phase, ...],
    look: Callable[[Case], object],
    kept: ExampleDatabase | None = None,
) -> None:
    @hypothesis.settings(  # outermost: a seed applied after it would take the database away
        max_examples=count,
        phases=phases,
        database=kept,
        deadline=None,
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.seed(seed)
    @hypothesis.given(cases)
    def run(case: Case) -> None:
        look(case)

    if cases.is_empty:
        return
    if cases.is_empty:
        return
    with _without_constants_of_modules():
        run()


@contextlib.contextmanager
def _without_constants_of_modules() -> Iterator[None]:
    """Keep Hypothesis from drawing literals of the user's modules: which are loaded differs from process to process.

    The seed alone would otherwise not decide what is drawn. Hypothesis has no setting for it.
    """
    if not hasattr(providers, "_get_local_constants"):  # an older Hypothesis draws none
        yield
        return
    none = type(providers.GLOBAL_CONSTANTS)()
    providers.CONSTANTS_CACHE.cache.clear()
    with mock.patch.object(providers, "_get_local_constants", return_value=none):
        yield
    providers.CONSTANTS_CACHE.cache.clear()


def fingerprint(case: Case) -> bytes:
    """Return a digest of everything in a case that an implementation can see."""
    digest = hashlib.blake2b(digest_size=16)
    for word in (case.operation, case.dtype, case.layout, sorted(case.attributes.items())):
        digest.update(repr(word).encode())
    for name, values in (*sorted(case.parameters.items()), *sorted(case.state.items())):
        digest.update(name.encode() + repr(values.shape).encode() + values.tobytes())
    for step in case.script:
        digest.update(repr((step.verb, step.of, step.wanted, sorted(step.tangents), step.on, step.value)).encode())
        for array in _arrays_of(step):
            digest.update(b"-" if array is None else repr(array.shape).encode() + array.tobytes())
    return digest.digest()


def _arrays_of(step: Step) -> tuple[Array | None, ...]:
    return step.x, step.cotangent, step.direction, *(values for _, values in sorted(step.tangents.items()))
