"""What explains all failures of an implementation at once: one other convention, or one known fault.

Nothing is guessed. A convention explains them if, once it is declared, every failing case is kept and no other case
breaks. A fault explains them if the correct NumPy layer with that fault breaks the same laws on the same cases by the
same elements, breaks no law there that is kept, and gives the same results on all cases, within the sum of both
tolerances.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from normspec.implementations.contract import Implementation
from normspec.implementations.faulty import FAULTS, Fault
from normspec.implementations.faulty.fault import CORRECT, FAMILY, declaring
from normspec.properties.cases import STREAMS
from normspec.properties.cases.shapes import Extent
from normspec.properties.hunt import claims_all
from normspec.properties.identification.axes import IN_HALVES
from normspec.properties.identification.halves import impossible, no_statistics
from normspec.properties.judge import judge
from normspec.properties.law import Law
from normspec.properties.laws import LAWS, agreement
from normspec.properties.likeness import accounts_for, alike
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Judgement
from normspec.spec.case import Case
from normspec.spec.conventions import CONVENTIONS
from normspec.spec.operations import OPERATIONS
from normspec.spec.outcome import GivenUpError

MOST_FAILING = 12  # cases that fail, one a law: an explanation that holds for so many holds
MOST_OTHERS = 40
INVALID = "invalid"  # the stream of cases that have no result
CLEARLY = 2.0  # what is over the tolerance by less may be rounding: another layer with the same fault may be within
TURNS = 2
MOST_NAMED = 3  # more candidates than these are no diagnosis

REPEATING = LAWS["determinism"]

Failing = tuple[Law, Case]


@dataclass(eq=False)
class Evidence:
    """What is to be explained: the failing laws with a case each, and trials of the pinned cases of each stream."""

    implementation: Implementation
    failing: Sequence[Failing]
    others: Sequence[tuple[str, Trial]]
    found: dict[tuple[str, int], Judgement] = field(default_factory=dict)

    def judged(self, law: Law, trial: Trial) -> Judgement:
        """Return what a law says of a trial of one of the failing cases, found once."""
        place = law.name, id(trial.case)
        if place not in self.found:
            self.found[place] = judge(law, trial)
        return self.found[place]

    @property
    def shown(self) -> Iterator[Case]:
        """Yield the variants of failing cases on which the failures show."""
        found = (self.judged(law, Trial(self.implementation, case)) for law, case in self.failing)
        return (each.shown for each in found if isinstance(each, Broken) and each.shown is not None)

    @property
    def by_chance(self) -> bool:
        """Return whether the implementation breaks determinism: what it did once need not come again."""
        return any(law is REPEATING for law, _ in self.failing)


def diagnose(implementation: Implementation, dtype: str, failing: Sequence[Failing]) -> str:
    """Return in words what explains all failures in a dtype; nothing where nothing known does."""
    try:
        evidence = Evidence(implementation, tuple(failing)[:MOST_FAILING], tuple(_others(implementation, dtype)))
        return _in_words(evidence)
    except GivenUpError:
        return ""


def _in_words(evidence: Evidence) -> str:
    conventions = list(_conventions(evidence))
    if conventions:
        return _conventions_in_words(conventions) if len(conventions) <= MOST_NAMED else ""
    faults = [f"{fault.statement} ({fault.bug_class})" for fault in _faults(evidence)]
    return f"behaves like: {_either(faults)}" if 0 < len(faults) <= MOST_NAMED else ""


def _conventions_in_words(found: Sequence[tuple[str, str]]) -> str:
    """Return which conventions explain it; of one, what it means. What only allows more is not said to match."""
    matches = "is allowed by" if all(name in IN_HALVES for name, _ in found) else "matches exactly with"
    meaning = f": {CONVENTIONS[found[0][0]].variants[found[0][1]]}" if len(found) == 1 else ""
    return f"{matches} {_either([f'{name}={variant!r}' for name, variant in found])}{meaning}"


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
    """Return whether under another declaration nothing that failed fails, nothing else does, and no y denies it."""
    failing = [(law, Trial(declaring_other, case)) for law, case in evidence.failing]
    if any(isinstance(judge(law, trial), Broken) for law, trial in failing):
        return False
    shown = [Trial(declaring_other, case) for case in evidence.shown]
    if any(_denied(trial) for trial in (*shown, *(trial for law, trial in failing if INVALID not in law.streams))):
        return False
    laws = dict.fromkeys((*(law for law, _ in evidence.failing), *_agreement(evidence)))
    trials = ((name, Trial(declaring_other, trial.case)) for name, trial in evidence.others)
    return not any(
        (name != INVALID and _denied(trial))
        or any(isinstance(judge(law, trial), Broken) for law in laws if name in law.streams)
        for name, trial in trials
    )


def _denied(trial: Trial) -> bool:
    """Return whether some y in half precision cannot come from what is declared, however near it is."""
    kept = trial.conventions.get("statistics_dtype")
    return any(
        impossible(trial, index, trial.conventions) or (kept == "input" and no_statistics(trial, index))
        for index in trial.normalizing
    )


def _agreement(evidence: Evidence) -> list[Law]:
    return [law for law in agreement.LAWS if evidence.implementation.operation in law.operations]


def _faults(evidence: Evidence) -> Iterator[Fault]:
    """Yield the faults any one of which explains everything: none where the layer without a fault fails as well."""
    sound = replace(_correct(evidence.implementation), claims=evidence.implementation.claims)
    if any(isinstance(judge(law, Trial(sound, case)), Broken) for law, case in evidence.failing):
        return
    for fault in FAULTS.values():
        if evidence.implementation.operation in fault.operations:
            wrong = _made(fault, evidence.implementation)
            if _explains(evidence, wrong):
                yield fault


def _explains(evidence: Evidence, wrong: Implementation) -> bool:
    """Return whether all that came could have come from this layer, and no law that is kept is broken by it."""
    return (
        all(_breaks_too(evidence, wrong, each) for each in evidence.failing)
        and all(_alike(evidence, trial, wrong, name != INVALID) for name, trial in evidence.others)
        and not any(_breaks_more(evidence, wrong, each) for each in evidence.failing)
    )


def _made(fault: Fault, implementation: Implementation) -> Implementation:
    """Return the layer with a fault."""
    return replace(fault.change(_correct(implementation)), claims=implementation.claims)


def _correct(implementation: Implementation) -> Implementation:
    """Return the layer without a fault, which follows what the implementation declares."""
    correct = CORRECT[implementation.operation]
    return declaring(correct, implementation.claims.conventions) if implementation.operation in FAMILY else correct


def _breaks_too(evidence: Evidence, wrong: Implementation, failing: Failing) -> bool:
    """Return whether a faulty layer breaks the same law on the same case, in the same way."""
    law, case = failing
    observed, trial = Trial(evidence.implementation, case), Trial(wrong, case)
    if evidence.by_chance and law is not REPEATING:
        return _alike(evidence, observed, wrong, INVALID not in law.streams)
    found, same = evidence.judged(law, observed), judge(law, trial)
    return (
        isinstance(found, Broken)
        and isinstance(same, Broken)
        and same.verdict == found.verdict
        and alike(observed, trial, INVALID not in law.streams)
        and accounts_for(found, observed, trial)
    )


def _alike(evidence: Evidence, observed: Trial, wrong: Implementation, valid: bool) -> bool:
    """Return whether a faulty layer can answer a case so: at once, or next time, where it is a matter of chance."""
    return any(alike(observed, Trial(wrong, observed.case), valid) for _ in range(TURNS if evidence.by_chance else 1))


def _breaks_more(evidence: Evidence, wrong: Implementation, failing: Failing) -> bool:
    """Return whether by variants of a case a faulty layer clearly breaks a law that the implementation keeps."""
    law, case = failing
    return any(
        _clearly_broken(judge(other, Trial(wrong, case)))
        and not isinstance(judge(other, Trial(evidence.implementation, case)), Broken)
        for other in _asking_again(law, wrong)
    )


def _asking_again(law: Law, implementation: Implementation) -> Iterator[Law]:
    """Yield the other laws that put variants of the cases that a law is tried on."""
    for other in LAWS.values():
        asked = implementation.operation in other.operations and claims_all(implementation, other)
        if asked and other.asks_again and other.name != law.name and set(other.streams) & set(law.streams):
            yield other


def _clearly_broken(found: Judgement) -> bool:
    return isinstance(found, Broken) and found.ratio > CLEARLY
