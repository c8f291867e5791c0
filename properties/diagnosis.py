"""What explains all failures of an implementation at once: one other convention, or one known fault.

Nothing is guessed. A convention explains them if, once it is declared, every failing case is kept and no other case
breaks. A fault explains them if the correct NumPy layer with that fault breaks the same laws on the same cases, and
gives the same results on all others, within the sum of both tolerances.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from normspec.implementations.contract import Implementation
from normspec.implementations.faulty import FAULTS, Fault
from normspec.implementations.faulty.fault import CORRECT, FAMILY, declaring
from normspec.properties.cases import STREAMS
from normspec.properties.cases.shapes import Extent
from normspec.properties.judge import judge
from normspec.properties.law import Law
from normspec.properties.laws import agreement
from normspec.properties.laws.judging import apart, reach, wide
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken
from normspec.spec.case import Case
from normspec.spec.conventions import CONVENTIONS
from normspec.spec.expectation import Expected
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS
from normspec.spec.outcome import GivenUpError, Returned

MOST_FAILING = 12  # cases that fail, one a law: an explanation that holds for so many holds
MOST_OTHERS = 40
INVALID = "invalid"  # the stream of cases that have no result
MOST_NAMED = 3  # more candidates than these are no diagnosis

Failing = tuple[Law, Case]


@dataclass(eq=False)
class Evidence:
    """What is to be explained: the failing laws with a case each, and trials of the pinned cases of each stream."""

    implementation: Implementation
    failing: Sequence[Failing]
    others: Sequence[tuple[str, Trial]]
    verdicts: dict[Failing, str] = field(default_factory=dict)


def diagnose(implementation: Implementation, dtype: str, failing: Sequence[Failing]) -> str:
    """Return in words what explains all failures in a dtype; nothing where nothing known does."""
    try:
        evidence = Evidence(implementation, tuple(failing)[:MOST_FAILING], tuple(_others(implementation, dtype)))
        return _in_words(evidence)
    except GivenUpError:
        return ""


def _in_words(evidence: Evidence) -> str:
    conventions = list(_conventions(evidence))
    if len(conventions) == 1:
        ((name, variant),) = conventions
        return f"matches exactly with {name}={variant!r}: {CONVENTIONS[name].variants[variant]}"
    if conventions:
        named = [f"{name}={variant!r}" for name, variant in conventions]
        return f"matches exactly with {_either(named)}" if len(named) <= MOST_NAMED else ""
    faults = [f"{fault.statement} ({fault.bug_class})" for fault in _faults(evidence)]
    return f"behaves like: {_either(faults)}" if 0 < len(faults) <= MOST_NAMED else ""


def _either(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"one of: {'; '.join(names)}"


def _others(implementation: Implementation, dtype: str) -> Iterator[tuple[str, Trial]]:
    """Yield trials of the pinned cases, at most so many, with the names of their streams."""
    extent = Extent(OPERATIONS[implementation.operation], implementation.claims, dtype)
    cases = [(name, case) for name in (INVALID, "degenerate", "small") for case in STREAMS[name].pinned(extent)]
    for name, case in cases[:MOST_OTHERS]:
        trial = Trial(implementation, case)
        _ = trial.outcome
        yield name, trial


def _conventions(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Yield each convention with the variant that, declared in the place of another, leaves no failure."""
    own, operation = evidence.implementation, OPERATIONS[evidence.implementation.operation]
    for name, variant in operation.settled(own.claims.conventions).items():
        for other in CONVENTIONS[name].variants:
            if other != variant and _fits(evidence, _declares(own, **{name: other})):
                yield name, other


def _declares(implementation: Implementation, **conventions: str) -> Implementation:
    claims = implementation.claims
    return replace(implementation, claims=replace(claims, conventions={**claims.conventions, **conventions}))


def _fits(evidence: Evidence, declaring_other: Implementation) -> bool:
    """Return whether under another declaration nothing that failed fails, and nothing else does."""
    if any(isinstance(judge(law, Trial(declaring_other, case)), Broken) for law, case in evidence.failing):
        return False
    laws = dict.fromkeys((*(law for law, _ in evidence.failing), *_agreement(evidence)))
    trials = ((name, Trial(declaring_other, trial.case)) for name, trial in evidence.others)
    return not any(
        isinstance(judge(law, trial), Broken) for name, trial in trials for law in laws if name in law.streams
    )


def _agreement(evidence: Evidence) -> list[Law]:
    return [law for law in agreement.LAWS if evidence.implementation.operation in law.operations]


def _faults(evidence: Evidence) -> Iterator[Fault]:
    """Yield the faults any one of which explains everything: none where the layer without a fault fails as well."""
    sound = replace(_correct(evidence.implementation), claims=evidence.implementation.claims)
    if any(_breaks_too(evidence, sound, each) for each in evidence.failing):
        return
    for fault in FAULTS.values():
        if evidence.implementation.operation in fault.operations:
            wrong = _made(fault, evidence.implementation)
            if all(_breaks_too(evidence, wrong, each) for each in evidence.failing) and all(
                _alike(name, trial, Trial(wrong, trial.case)) for name, trial in evidence.others
            ):
                yield fault


def _made(fault: Fault, implementation: Implementation) -> Implementation:
    """Return the layer with a fault."""
    return replace(fault.change(_correct(implementation)), claims=implementation.claims)


def _correct(implementation: Implementation) -> Implementation:
    """Return the layer without a fault, which follows what the implementation declares."""
    correct = CORRECT[implementation.operation]
    return declaring(correct, implementation.claims.conventions) if implementation.operation in FAMILY else correct


def _breaks_too(evidence: Evidence, wrong: Implementation, failing: Failing) -> bool:
    law, case = failing
    if failing not in evidence.verdicts:
        found = judge(law, Trial(evidence.implementation, case))
        evidence.verdicts[failing] = found.verdict if isinstance(found, Broken) else ""
    same = judge(law, Trial(wrong, case))
    return isinstance(same, Broken) and same.verdict == evidence.verdicts[failing]


def _alike(stream: str, observed: Trial, wrong: Trial) -> bool:
    """Return whether both answers to a case are of one kind, and their results as near as rounding lets them be."""
    mine, theirs = observed.outcome, wrong.outcome
    if stream == INVALID or not (isinstance(mine, Returned) and isinstance(theirs, Returned)):
        return type(mine) is type(theirs)
    return mine.mutated == theirs.mutated and all(
        _near(mine.steps[index], theirs.steps[index], observed.expected(index)) for index in range(len(mine.steps))
    )


def _near(mine: Mapping[str, Array], theirs: Mapping[str, Array], expected: Mapping[str, Expected]) -> bool:
    with np.errstate(all="ignore"):
        return all(_close(wide(mine[name]), wide(theirs[name]), expected[name]) for name in mine if name in expected)


def _close(mine: Array, theirs: Array, expected: Expected) -> bool:
    """Return whether results differ by no more than twice the tolerance, which grows with wrong results that do."""
    finite = np.isfinite(theirs)
    exact = np.max(np.abs(expected.high), initial=0.0)
    largest = np.max(np.abs(theirs), initial=0.0, where=finite)
    growth = max(1.0, largest / exact) if exact > 0 else 1.0
    return bool((np.abs(apart(mine, theirs)) <= 2 * growth * reach(expected)).all())
