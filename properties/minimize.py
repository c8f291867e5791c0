"""From the failures of a law to the smallest case that shows it."""

from itertools import count

from normspec.implementations.contract import Implementation
from normspec.properties.cases import recast
from normspec.properties.hunt import Hunt
from normspec.properties.judge import judge
from normspec.properties.reduce import reduce
from normspec.properties.search import complexity, remember, shrink
from normspec.properties.tally import Failure, Tally
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Counterexample
from normspec.spec.case import Case

STEPS = 1000
"""In how many steps a case is made smaller at the most, of an implementation that is tried with a part of the cases."""


def minimize(hunt: Hunt, tally: Tally, failure: Failure) -> Counterexample:
    """Return the smallest case on which the law fails, not on record: one that broke another law, if it will do.

    What is tried with a part of the usual cases alone, for each takes seconds, is made smaller in so many fewer steps.
    """
    share, tries = hunt.implementation.share, count()

    def fails(case: Case) -> Broken | None:
        if share < 1 and next(tries) >= STEPS * share:
            return None
        found = judge(tally.law, Trial(hunt.implementation, case))
        if not isinstance(found, Broken) or found.verdict != failure.broken.verdict:
            return None
        return found if hunt.on_record(tally.law, case) is None else None

    for earlier in hunt.smallest:
        case = recast(earlier.case, hunt.dtype)
        if earlier.suits(tally.law) and (again := fails(case)):
            _remember(hunt, failure)
            return _counterexample(hunt.implementation, case, again)
    least = tally.least or failure
    if failure.drawn:
        drawn = failure.drawn
        first = (failure.case, failure.broken)
        shrunk = shrink(drawn.strategy, drawn.seed, drawn.size, fails, first, hunt.shelf(drawn))
        least = min(least, Failure(drawn, *shrunk), key=lambda each: complexity(each.case))
    case, found = reduce(least.case, least.broken, hunt.implementation.claims, fails)
    hunt.smallest.append(Failure(least.drawn, case, found))
    return _counterexample(hunt.implementation, case, found)


def _remember(hunt: Hunt, failure: Failure) -> None:
    drawn = failure.drawn
    shelf = hunt.shelf(drawn) if drawn else None
    if drawn and shelf is not None:
        remember(drawn.strategy, drawn.seed, drawn.size, failure.case, shelf)


def _counterexample(implementation: Implementation, case: Case, broken: Broken) -> Counterexample:
    facts = broken.facts if broken.shown is None else ()  # those of a variant are not about the case
    return Counterexample(case, broken.message, implementation.snippet(broken.shown or case, broken.facts), facts)
