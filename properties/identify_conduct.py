"""The axes of convention that conduct shows: what is refused, what comes back at the edges, what moves when."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from normspec.implementations.contract import Implementation
from normspec.properties.cases.shapes import Extent
from normspec.properties.identify_cases import extent_of, plain_dtype
from normspec.properties.identify_denials import (
    Demanded,
    Test,
    Tried,
    all_single,
    disagreeing,
    elsewhere_a_number,
    not_broadcast,
    not_in_backward,
    not_in_forward,
    not_left_out,
    not_nan,
    not_poisoned,
    other_alone,
    unlike,
    unmoved,
    unrefused,
)
from normspec.properties.identify_edges import (
    batches,
    empty,
    moving,
    negative,
    not_a_number,
    nothing,
    short,
    single,
    wide_enough,
)
from normspec.properties.identify_findings import Evidence, Finding, concluded
from normspec.properties.trial import Trial
from normspec.spec.case import Case
from normspec.spec.conventions import CONVENTIONS
from normspec.spec.operations import OPERATIONS
from normspec.spec.outcome import GivenUpError

MOST_CASES = 6


@dataclass(frozen=True)
class Habit:
    """One axis: the cases that show it, and for each variant its meaning and what denies it."""

    name: str
    statement: str
    cases: Callable[[Extent], Iterator[Case]]
    variants: Mapping[str, tuple[str, Test]]
    dtype: str = ""
    note: str = ""


def conduct(implementation: Implementation, demanded: Demanded) -> tuple[Finding, ...]:
    """Return a finding for each habit that the implementation's claims let one ask about."""
    found = (_asked(implementation, demanded, habit) for habit in HABITS)
    return tuple(finding for finding in found if finding is not None)


def _asked(implementation: Implementation, demanded: Demanded, habit: Habit) -> Finding | None:
    dtype = habit.dtype or plain_dtype(implementation)
    if dtype not in implementation.claims.dtypes:
        return None
    excluded: dict[str, Evidence] = {}
    trials = 0
    for case in habit.cases(extent_of(implementation, dtype)):
        trial = Trial(implementation, case)
        try:
            _ = trial.outcome
        except GivenUpError:
            continue
        trials += 1
        for variant, (_, denial) in habit.variants.items():
            if variant not in excluded and (why := denial(Tried(trial, demanded))):
                excluded[variant] = Evidence(why, case)
        if trials == MOST_CASES or len(excluded) == len(habit.variants):
            break
    if not trials:
        return None
    left = [variant for variant in habit.variants if variant not in excluded]
    declared = OPERATIONS[implementation.operation].settled(implementation.claims.conventions).get(habit.name)
    meanings = MappingProxyType({variant: meaning for variant, (meaning, _) in habit.variants.items()})
    note = habit.note.format(trials=trials) if len(left) > 1 else ""
    return concluded((habit.name, habit.statement), meanings, left, excluded, declared=declared, note=note)


def _of(name: str, **tests: Test) -> dict[str, tuple[str, Test]]:
    """Return variants with the meanings that the specification's convention gives them."""
    return {variant: (CONVENTIONS[name].variants[variant], test) for variant, test in tests.items()}


HABITS = (
    Habit(
        "single_element",
        CONVENTIONS["single_element"].statement,
        single,
        {
            **_of("single_element", refuse=unrefused, zero=disagreeing, nan=not_nan),
            "inf": ("y is infinite", unlike("y", lambda values: bool(np.isinf(values).all()), "not infinite")),
        },
    ),
    Habit(
        "empty_batch",
        CONVENTIONS["empty_batch"].statement,
        empty,
        _of("empty_batch", refuse=unrefused, keep=unmoved, nan=not_poisoned),
    ),
    Habit(
        "negative_epsilon",
        CONVENTIONS["negative_epsilon"].statement,
        negative,
        _of("negative_epsilon", refuse=unrefused, accept=disagreeing),
    ),
    Habit(
        "nan",
        CONVENTIONS["nan"].statement,
        not_a_number,
        _of("nan", propagate=elsewhere_a_number, ignore=not_left_out, refuse=unrefused),
    ),
    Habit(
        "short_parameters",
        "What happens to a gamma of one element where several are due.",
        short,
        {"refuse": ("refused", unrefused), "broadcast": ("it holds for all", not_broadcast)},
    ),
    Habit(
        "batch_invariance",
        "Whether a sample alone has the same bits as in a batch.",
        batches,
        {
            "bitwise": ("the same bits, whatever is beside it", other_alone),
            "differs": ("not always the same bits", lambda tried: ""),
        },
        note="the same bits in all {trials} cases, which proves it for no other",
    ),
    Habit(
        "statistics_move",
        "When the running statistics move.",
        moving,
        {"forward": ("in the forward", not_in_forward), "backward": ("in the backward", not_in_backward)},
    ),
    Habit(
        "zero_norm",
        "What becomes of a group without spread, or of norm 0, where no epsilon is added.",
        nothing,
        {
            "zero": ("y is 0", unlike("y", lambda values: bool((values == 0).all()), "not 0")),
            "nan": ("y is NaN", not_nan),
            "refuse": ("refused", unrefused),
        },
    ),
    Habit(
        "float64_arithmetic",
        "What float64 input is computed in.",
        wide_enough,
        {
            "float64": ("float64", disagreeing),
            "float32": ("float32, under the name of float64", unlike("y", all_single, "which float32 does not hold")),
        },
        dtype="float64",
    ),
)
