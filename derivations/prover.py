"""The prover: equality for all sizes, in every way in which free indices can coincide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sympy import sympify

from normspec.derivations.laurent import UndecidedError, is_zero
from normspec.derivations.nodes import Index, free_indices
from normspec.derivations.normal import Normalizer


def prove(
    left: Any,
    right: Any,
    distinct: tuple[Index, ...] = (),
    positives: Iterable[Any] = (),
    rules: Sequence[tuple[Any, Any]] = (),
) -> bool:
    """Decide left = right by normal forms, in every way in which the free indices can coincide.

    True is a proof for all sizes; False means "not proved", not "false".
    """
    difference = sympify(left) - sympify(right)
    try:
        return all(
            is_zero(Normalizer(case, rules, positives)(difference))
            for case in coincidences(sorted(free_indices(difference), key=str), distinct)
        )
    except UndecidedError:
        return False


def coincidences(free: Sequence[Index], distinct: tuple[Index, ...] = ()) -> Iterator[dict[Index, Index]]:
    """Yield every way in which indices of the same range can coincide, as a map to representatives."""
    if not free:
        yield {}
        return
    *earlier, last = free
    for case in coincidences(earlier, distinct):
        yield {**case, last: last}
        for other in sorted(set(case.values()), key=str):
            members = {k for k, v in case.items() if v == other}
            if other.size == last.size and not (last in distinct and members & set(distinct)):
                yield {**case, last: other}
