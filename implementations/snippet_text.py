"""What programs without normspec have in common: arrays as expressions, and lines that show what came."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from normspec.implementations.contract import Fact
from normspec.implementations.layouts import bits
from normspec.spec.case import Case
from normspec.spec.formats import Array

SHORT = 24  # more elements than this are written as a repeated pattern, where they are one


def period_of(flat: Array) -> int:
    """Return the length of the shortest pattern whose repetition, cut at the end, is the array."""
    own = bits(np.ascontiguousarray(flat))
    for period in range(1, min(flat.size, 4096)):
        if bool((own[period:] == own[:-period]).all()):
            return period
    return int(flat.size)


def number(element: Any) -> str:
    """Return the shortest literal that gives the element back, to the bit, by way of a Python float."""
    value = float(element)
    if not np.isfinite(value):
        return f'float("{value!r}")'
    short = repr(float(str(element)))
    return short if type(element)(float(short)) == element else repr(value)


def array(values: Array) -> str:
    """Return an array as an expression of NumPy, each number with all its bits."""
    flat = values.reshape(-1)
    period = period_of(flat) if flat.size > SHORT else flat.size
    listed = f"[{', '.join(map(number, flat[:period]))}]"
    kind = "ml_dtypes.bfloat16" if values.dtype.name == "bfloat16" else repr(values.dtype.name)
    if period == flat.size:
        return f"np.array({listed}, dtype={kind}).reshape{values.shape}"
    return f"np.resize(np.array({listed}, dtype={kind}), {values.shape})"


def imports(case: Case, *lines: str) -> list[str]:
    """Return the import lines of a program, with that of bfloat16 where the case needs it."""
    return [*(("import ml_dtypes",) if case.dtype == "bfloat16" else ()), "import numpy as np", *lines, ""]


def shown(case: Case, facts: Sequence[Fact]) -> list[str]:
    """Return lines that print each fact beside what came, or all that came where there is no fact.

    What came of step i stands under its name with _i behind it, as an array of NumPy.
    """
    return [line for fact in facts for line in _fact(fact)] or [
        f'print("{name} of step {index}:", {name}_{index}.tolist())'
        for index, step in enumerate(case.script)
        for name in (step.wanted if step.x is None else ("y", *case.state))
    ]


def _fact(fact: Fact) -> Iterator[str]:
    yield f"got = float({fact.output}_{fact.step}.reshape(-1)[{fact.index}])"
    limit = f"{fact.expected!r} +- {fact.tolerance!r}"
    yield f'print(f"{fact.output}[{fact.index}] of step {fact.step}: got {{got!r}}, expected {limit}")'


def until(case: Case, facts: Sequence[Fact]) -> Case:
    """Return the case without the steps after the last fact."""
    last = max((fact.step for fact in facts), default=len(case.script) - 1)
    return case.but(script=case.script[: last + 1])
