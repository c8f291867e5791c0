"""The laws of a run: in words, how often each was tried, and how often it could not have failed, by dtype."""

from collections.abc import Sequence
from dataclasses import dataclass

from normspec.html.stories import Law, law_of
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result
from normspec.spec.formats import FORMATS


@dataclass(frozen=True)
class Tried:
    """One law: its checks, and those undecided by dtype, in the order of the dtypes of the run."""

    law: Law
    checks: int
    undecided: tuple[int, ...]


@dataclass(frozen=True)
class Laws:
    """The laws of a run, and its dtypes."""

    dtypes: tuple[str, ...]
    tried: tuple[Tried, ...]


def laws_of(results: Sequence[Result]) -> Laws:
    """Return the laws that were asked for, in the specification's order."""
    names = {result.law for result in results}
    dtypes = tuple(dtype for dtype in FORMATS if any(result.dtype == dtype and result.examples for result in results))
    ordered = [name for name in (*LAWS, *sorted(names - set(LAWS))) if name in names]
    return Laws(dtypes, tuple(_tried(name, [r for r in results if r.law == name], dtypes) for name in ordered))


def _tried(name: str, results: Sequence[Result], dtypes: Sequence[str]) -> Tried:
    undecided = tuple(sum(result.undecided for result in results if result.dtype == dtype) for dtype in dtypes)
    return Tried(law_of(name), sum(result.examples for result in results), undecided)
