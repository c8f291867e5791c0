"""What a check saw of accuracy besides its verdicts, counted in fixed bins: bounded, and counts of two runs add up.

Nothing here decides a verdict.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import floor, inf, isfinite, log2, log10

import numpy as np

from normspec.implementations.contract import Implementation
from normspec.properties.cases.shapes import Extent
from normspec.properties.followed import Seen, followed
from normspec.properties.measure import sizes
from normspec.properties.trial import Trial
from normspec.spec.question import Question


@dataclass(frozen=True)
class Bins:
    """Bins of equal ratio. Bin k begins at 2^k or 10^(k / decade); the first and last have all beyond them, too."""

    first: int
    last: int
    scale: Callable[[float], float]

    def of(self, value: float) -> int:
        """Return the bin of a value from 0 on."""
        if value == 0:
            return self.first
        return min(max(floor(self.scale(value)), self.first), self.last) if isfinite(value) else self.last


CONDITION = Bins(-4, 38, lambda value: 2 * log10(value))  # bin k from 10^(k/2) on
RATIO = Bins(-17, 12, lambda value: 4 * log10(value))  # bin k from 10^(k/4) on
ULP = Bins(-7, 20, log2)  # bin k from 2^k on


@dataclass(frozen=True)
class Observations:
    """What was seen of y in the steps of one implementation and dtype that normalize with their own statistics.

    cells counts steps by the bins of the condition number and of error over tolerance; ulps by that of the error in
    ulp of the largest element. traces has, by the name of a running statistic, one entry a training step.
    """

    target: str
    operation: str
    dtype: str
    cells: Mapping[tuple[int, int], int] = field(default_factory=dict)
    ulps: Mapping[int, int] = field(default_factory=dict)
    largest_ratio: float = 0.0
    largest_ulps: float = 0.0
    traces: Mapping[str, tuple[Seen, ...]] = field(default_factory=dict)

    def plus(self, other: "Observations") -> "Observations":
        """Return what two parts of one check saw: counts add up, and a trace stays as it is."""
        return replace(
            self,
            cells=Counter(self.cells) + Counter(other.cells),
            ulps=Counter(self.ulps) + Counter(other.ulps),
            largest_ratio=max(self.largest_ratio, other.largest_ratio),
            largest_ulps=max(self.largest_ulps, other.largest_ulps),
            traces={**other.traces, **self.traces},
        )


@dataclass(eq=False)
class Observer:
    """Gathers what is seen of one implementation in one dtype."""

    implementation: Implementation
    extent: Extent
    cells: Counter[tuple[int, int]] = field(default_factory=Counter)
    ulps: Counter[int] = field(default_factory=Counter)
    largest: dict[str, float] = field(default_factory=dict)

    def see(self, trial: Trial) -> None:
        """Take note of those steps of a trial of which a law asked what is exact: to find that out costs the most."""
        if not trial.case.lives:
            with np.errstate(all="ignore"):  # what is not finite is counted, not warned of
                for index in trial.indices("train", "infer"):
                    if trial.known(index):
                        self._see_step(trial, index)

    def _see_step(self, trial: Trial, index: int) -> None:
        question = trial.question(index)
        observed = trial.steps[index].get("y")
        if observed is None or not observed.size or not question.batch_statistics:
            return
        found = sizes(trial.case.format, observed, trial.expected(index)["y"])
        for name, (value, _) in found.items():
            self.largest[name] = max(value, self.largest.get(name, 0.0))
        if "of_bound" in found:
            self.cells[CONDITION.of(condition_of(question)), RATIO.of(found["of_bound"][0])] += 1
        if "ulps" in found:
            self.ulps[ULP.of(found["ulps"][0])] += 1

    def observations(self, *, follow: bool) -> Observations:
        """Return what was seen; follow says that a layer is trained for the trace of its running statistics."""
        return Observations(
            self.implementation.name,
            self.extent.operation.name,
            self.extent.dtype,
            dict(self.cells),
            dict(self.ulps),
            self.largest.get("of_bound", 0.0),
            self.largest.get("ulps", 0.0),
            followed(self.implementation, self.extent) if follow else {},
        )


def condition_of(question: Question) -> float:
    """Return the largest condition number of a group: its mean magnitude over the root of variance + epsilon."""
    rows = question.arrays["x"]
    spread = np.sqrt(np.var(rows, axis=1) + float(question.case.attributes.get("epsilon") or 0.0))
    found = np.mean(np.abs(rows), axis=1) / spread
    return float(np.max(np.where(np.isnan(found), inf, found), initial=0.0))
