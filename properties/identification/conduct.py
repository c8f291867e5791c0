"""The axes of convention that conduct shows: what is refused, what comes back at the edges, what moves when."""

from types import MappingProxyType

from normspec.implementations.contract import Implementation
from normspec.properties.identification.cases import extent_of, plain_dtype
from normspec.properties.identification.denials import Demanded, Tried
from normspec.properties.identification.findings import Evidence, Finding, concluded
from normspec.properties.identification.habit import Habit
from normspec.properties.identification.habits import HABITS
from normspec.properties.trial import Trial
from normspec.spec.operations import OPERATIONS
from normspec.spec.outcome import GivenUpError

MOST_CASES = 6


def conduct(implementation: Implementation, demanded: Demanded) -> tuple[Finding, ...]:
    """Return a finding for each habit that the implementation's claims let one ask about."""
    found = (_asked(implementation, demanded, habit) for habit in HABITS)
    return tuple(finding for finding in found if finding is not None)


def _asked(implementation: Implementation, demanded: Demanded, habit: Habit) -> Finding | None:
    dtype = habit.dtype or plain_dtype(implementation)
    if dtype not in implementation.claims.dtypes or (habit.in_process and implementation.answer is not None):
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
