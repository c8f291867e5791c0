"""Which epsilon a layer uses that takes none: each value is excluded, or not, and the edges are found by bisection."""

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from types import MappingProxyType
from typing import Protocol

import numpy as np

from normspec.implementations.contract import Implementation
from normspec.properties.identification.cases import asked, built, extent_of, level_rows, plain_dtype
from normspec.properties.identification.findings import Evidence, Finding, concluded
from normspec.properties.trial import Trial
from normspec.spec.comparison import compare
from normspec.spec.expectation import Expected
from normspec.spec.outcome import GivenUpError, Returned

KNOWN: Mapping[float, str] = MappingProxyType(
    {
        0.0: "none at all",
        1e-12: "normalize in PyTorch",
        1e-8: "Lua and older code",
        1e-6: "Flax, Llama",
        2.0**-23: "the machine epsilon of float32: RMS norm in PyTorch",
        1e-5: "PyTorch, ONNX",
        1e-3: "Keras",
    }
)
SPREADS = (1.0, 2.0**-5, 2.0**-10, 2.0**-20, 2.0**-40)  # the smaller the deviation, the smaller an epsilon still shows
HALVINGS = 30


class Demanded(Protocol):
    """What y of a trial's first step may be for an epsilon, by all else that is known; nothing where that is little."""

    def __call__(self, trial: Trial, *, epsilon: float) -> tuple[Expected, ...]:
        """Return the demands, any one of which may hold."""
        ...


def epsilon_used(implementation: Implementation, demanded: Demanded) -> tuple[Finding, ...]:
    """Return the finding about the epsilon of a layer that takes none; nothing for one that is given it."""
    declared = implementation.claims.fixed.get("epsilon")
    trials = tuple(_trials(implementation)) if declared is not None else ()
    if declared is None or not trials:
        return ()
    values = sorted({*KNOWN, float(declared)})
    denials = {value: found for value in values if (found := _denial(trials, demanded, value)) is not None}
    left = [value for value in values if value not in denials]
    note = _edges(left[0], lambda value: _denial(trials, demanded, value) is not None) if len(left) == 1 else ""
    variants = {f"{value:.9g}": KNOWN.get(value, "as it is declared") for value in values}
    statement = "Which epsilon is used where none is taken."
    names = tuple(f"{value:.9g}" for value in left)
    excluded = {f"{value:.9g}": evidence for value, evidence in denials.items()}
    axis = ("epsilon_value", statement)
    return (concluded(axis, variants, names, excluded, declared=f"{declared:.9g}", note=note),)


def _trials(implementation: Implementation) -> Iterator[Trial]:
    extent = extent_of(implementation, plain_dtype(implementation))
    first = tuple(asked(extent, even=True))[:1]
    for spread, geometry in product(SPREADS, first):
        groups = extent.operation.groups(geometry.shape, geometry.attributes)
        case = built(extent, geometry, groups.join(level_rows(extent, groups, spread)))
        trial = None if case is None else Trial(implementation, case.but(script=case.script[:1]))
        try:
            if trial is not None and isinstance(trial.outcome, Returned):
                yield trial
        except GivenUpError:
            return


def _denial(trials: tuple[Trial, ...], demanded: Demanded, epsilon: float) -> Evidence | None:
    """Return what denies a value: one trial in which every combination left with it does."""
    for trial in trials:
        with np.errstate(all="ignore"):
            found = [compare(trial.steps[0]["y"], each) for each in demanded(trial, epsilon=epsilon)]
        if found and all(each.verdict == "broken" for each in found):
            worst = found[0]
            words = f"y is {worst.observed:.9g}; this demands {worst.exact:.9g} within {worst.tolerance:.2g}"
            return Evidence(words, trial.case)
    return None


def _edges(value: float, denied: Callable[[float], bool]) -> str:
    """Return between which values epsilon lies, found between one that fits and one that is denied on each side."""
    low, high = _edge(value, 0.0, denied), _edge(value, max(2 * value, 2.0**-60), denied)
    if high is None:
        return "" if low is None else f"above {low:.8g}"
    return f"below {high:.8g}" if low is None else f"between {low:.8g} and {high:.8g}"


def _edge(fits: float, beyond: float, denied: Callable[[float], bool]) -> float | None:
    """Return a denied value as near to the one that fits as HALVINGS find it."""
    if not denied(beyond):
        return None
    for _ in range(HALVINGS):
        middle = (fits + beyond) / 2
        fits, beyond = (fits, middle) if denied(middle) else (middle, beyond)
    return beyond
