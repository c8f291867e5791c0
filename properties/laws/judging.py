"""How laws reach a judgement: compare what came with what is expected, and keep the worst of several findings."""

from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar

import numpy as np

from normspec.implementations.contract import Fact
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Inapplicable, Judgement, Kept, Undecided
from normspec.spec.comparison import compare
from normspec.spec.expectation import Expected
from normspec.spec.formats import Array

Transform = Callable[[Array], Array]
SLACK = 1 + 2.0**-40  # for the laws' own float64 arithmetic: at most some thousand operations
NEAR: ContextVar[float] = ContextVar("near", default=0.0)
"""How near to their bounds kept results have come already: of one that stays farther off nobody asks how near it is."""

NO_STEP = Inapplicable("the case has no step that this law is about")
NO_BOUND = Undecided("the tolerance of this case demands nothing")
COARSE = Undecided("the exact result is not enclosed closely enough to decide")


def worst(judgements: Iterable[Judgement]) -> Judgement:
    """Return the judgement that weighs most: broken, then the kept one nearest its bound, undecided, inapplicable."""
    found = list(judgements)
    for kind in (Broken, Kept):
        chosen = [judgement for judgement in found if isinstance(judgement, kind)]
        if chosen:
            return max(chosen, key=lambda judgement: judgement.ratio)
    return next((judgement for judgement in found if isinstance(judgement, Undecided)), NO_STEP)


def agreement(trial: Trial, indices: Iterable[int], outputs: tuple[str, ...]) -> Judgement:
    """Judge whether these outputs of these steps lie in their enclosures, widened by the tolerance."""
    return worst(_agrees(trial, i, name) for i in indices for name in outputs if name in trial.steps[i])


def quickly(trials: Sequence[Trial], index: int, judged: Callable[[bool], Judgement]) -> Judgement:
    """Judge a step by the tolerance of the first formula alone, and by that of all where this does not settle it.

    The others only widen it: what is within the first is kept, and what the first leaves open stays so. trials are
    those whose tolerances count.
    """
    if all(trial.settled(index) for trial in trials):
        return judged(False)
    first = judged(True)
    if isinstance(first, Broken) or first is COARSE:
        return judged(False)
    if not isinstance(first, Kept) or first.ratio <= NEAR.get():
        return first
    whole = judged(False)
    return whole if isinstance(whole, Kept) else Kept()


def _agrees(trial: Trial, index: int, output: str) -> Judgement:
    observed = trial.steps[index][output]
    if observed.size == 0:
        return Inapplicable("there is no element")
    return quickly((trial,), index, lambda alone: _compared(trial, index, output, alone=alone))


def _compared(trial: Trial, index: int, output: str, *, alone: bool) -> Judgement:
    observed = trial.steps[index][output]
    found = compare(observed, trial.expected(index, alone=alone)[output])
    if found.verdict == "kept":
        return Kept(found.ratio)
    if found.verdict == "vacuous":
        return COARSE if found.demanded else NO_BOUND
    flat = int(np.ravel_multi_index(found.index, observed.shape))
    fact = Fact(index, output, flat, found.exact, found.tolerance, found.observed)
    message = (
        f"step {index} ({trial.case.script[index].verb}): {output}{list(found.index)} is {found.observed:.9g}, "
        f"off by {abs(found.observed - found.exact):.2g} from {found.exact:.9g}; allowed are {found.tolerance:.2g}"
    )
    return Broken(message, ratio=found.ratio, facts=(fact,))


def within(what: str, difference: Array, bound: Array, facts: tuple[Fact, ...] = ()) -> Judgement:
    """Judge |difference| <= bound for every element; an infinite bound demands nothing, a NaN difference breaks it.

    Both are float64 arrays of one shape. Elements without a finite bound are passed over.
    """
    demands = np.isfinite(bound)
    if not demands.all():
        if not demands.any():
            return NO_BOUND
        difference, bound = difference[demands], bound[demands]
    if not bound.size:
        return NO_STEP
    size, limit = np.abs(difference).ravel(), (bound * SLACK).ravel()
    ratio = times(size, limit)
    at = int(np.argmax(ratio))
    if size[at] <= limit[at]:
        return Kept(float(ratio[at]))
    return Broken(
        f"{what}: off by {size[at]:.3g}, at most {limit[at]:.2g} allowed", ratio=float(ratio[at]), facts=facts
    )


def times(size: Array, limit: Array) -> Array:
    """Return how many times its limit each size is: 0 where both are 0, infinite what exceeds 0 or is not finite."""
    otherwise = np.where(size <= limit, 0.0, np.inf)
    return np.asarray(np.divide(size, limit, out=otherwise, where=(limit > 0) & np.isfinite(size)))


def same(trial: Trial, other: Trial, index: int, output: str, back: Transform, what: str) -> Judgement:
    """Judge whether an output of a variant, carried back, is the original's within both tolerances."""

    def bound(alone: bool) -> Array:
        mine, theirs = (reach(each.expected(index, alone=alone)[output]) for each in (trial, other))
        return np.asarray(mine + back(theirs))

    difference = apart(wide(trial.steps[index][output]), back(wide(other.steps[index][output])))
    return settled_within((trial, other), index, f"{output} {what}", difference, bound)


def alike(trial: Trial, other: Trial, index: int, output: str, back: Transform, what: str) -> Judgement:
    """Judge the same of a variant with the same numbers in each group, whose exact results and tolerances are alike."""
    mine, theirs, bound = trial.steps[index][output], back(other.steps[index][output]), twice(trial, index, output)
    if mine.tobytes() == theirs.tobytes():
        return quickly((trial,), index, lambda alone: _identical(bound(alone)))
    return settled_within((trial,), index, f"{output} {what}", apart(wide(mine), wide(theirs)), bound)


def _identical(bound: Array) -> Judgement:
    """Return what `within` says where there is no difference at all."""
    return Kept() if np.isfinite(bound).any() else NO_BOUND if bound.size else NO_STEP


def settled_within(
    trials: Sequence[Trial],
    index: int,
    what: str,
    difference: Array,
    bound: Callable[[bool], Array],
    part: Transform = np.asarray,
) -> Judgement:
    """Judge |difference| <= bound of a step, whose bound is that of the first formula alone where it is asked so."""
    return quickly(trials, index, lambda alone: within(f"step {index}: {what}", difference, part(bound(alone))))


def twice(trial: Trial, index: int, output: str) -> Callable[[bool], Array]:
    """Return the bound of what two right answers to the same question may be apart."""
    return lambda alone: 2 * reach(trial.expected(index, alone=alone)[output])


def apart(first: Array, second: Array) -> Array:
    """Return first - second, and 0 where both are the same infinity or both NaN."""
    with np.errstate(invalid="ignore"):
        difference = first - second
    if np.isfinite(difference).all():
        return difference
    equal = (first == second) | (np.isnan(first) & np.isnan(second))
    return np.where(equal, 0.0, difference)


def reach(expected: Expected) -> Array:
    """Return how far from the exact result a right answer may be computed to lie."""
    return np.asarray(expected.tolerance + 2 * expected.radius)


def wide(array: Array) -> Array:
    """Return an array in float64, which holds every format of the specification exactly."""
    return array.astype(np.float64)
