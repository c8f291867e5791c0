"""Deriving: equations whose right side is computed from the left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sympy import Symbol

from normspec.derivations.nodes import Entry
from normspec.derivations.proof import Equation
from normspec.derivations.readback import Chart, arranged


def derived(
    left: Any,
    reason: str,
    chart: Chart | None = None,
    keep: Iterable[Any] = (),
    by: Sequence[Entry | Symbol] = (),
    **options: Any,
) -> Equation:
    """Compute a closed form in factors, or as a sum over what it is arranged by, and state that it is equal."""
    return Equation(left, arranged(left, by, chart, keep), reason, **options)
