"""Are the tolerances tight? What a fourth of each would reject, and what four times each would let through.

    python benchmarks/tolerances.py [--json docs/data/tolerances.json] [--examples 20] [--climb 200] [--minutes N]

For each output, operation and format the largest error of a correct implementation is shown as a part of its tolerance:
above 1/4, a tolerance narrowed by 4 rejects it. Beside it stands the layer nearest to being right that is rejected all
the same: at most 4, a tolerance widened by 4 would let it through. Such layers have sums, roundings or variances worse
than the grade that they declare, or return all that they return some units in the last place too large. Where no case
that is asked brings a correct implementation above 1/4, the worst is changed step by step towards a larger error. A
tolerance that survives both is named as not tight.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from normspec.files import write_whole
from normspec.implementations import formulas
from normspec.implementations.contract import Implementation, Instance
from normspec.implementations.faulty.fault import Passing
from normspec.implementations.formulas import Formulas
from normspec.implementations.numpy_family import layer
from normspec.implementations.numpy_layer import NumpyLayer
from normspec.implementations.numpy_variants import KINDS, SUMS, VARIANTS, summed_by
from normspec.implementations.targets import resolve
from normspec.properties.cases import STREAMS
from normspec.properties.cases.conditioned import conditioned
from normspec.properties.cases.shapes import Extent
from normspec.properties.climb import climb
from normspec.properties.hunt import Hunt, Settings, claims_all
from normspec.properties.judge import judge
from normspec.properties.laws import LAWS, agreement
from normspec.properties.search import explore
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Kept
from normspec.spec.case import Case
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS

FACTOR = 4
STRETCHED = (2, 4, 8, 16, 64)  # units of roundoff
DTYPES = ("float32", "bfloat16", "float64", "float16")
OUTPUTS = tuple(law.name for law in agreement.LAWS)


class Truncating(NumpyLayer):
    """Cuts what it returns to the format of the arrays, instead of rounding it; in a format as wide it is 1 ulp off."""

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return y towards zero."""
        return _towards_zero(super().forward(x, training=training))

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Return the gradients towards zero."""
        found = super().backward(step, cotangent, wanted)
        return {name: _towards_zero(values) for name, values in found.items()}

    def state(self) -> Mapping[str, Array]:
        """Return the running statistics towards zero."""
        return {name: _towards_zero(values) for name, values in super().state().items()}


def _towards_zero(values: Array) -> Array:
    """Return each number's neighbour towards zero: at most one unit in the last place too small."""
    return np.nextafter(values, values.dtype.type(0))


def _rough(unit: float, own: Formulas) -> Formulas:
    """Return the formulas with rstd off by some roundings of the working format."""

    def rstd(variance: Array, epsilon: Array) -> Array:
        factor = 1 + unit * np.finfo(variance.dtype).epsneg
        found: Array = formulas.rstd(variance, epsilon) * variance.dtype.type(factor)
        return found

    return replace(own, rstd=rstd)


class Stretching(Passing):
    """Returns all that a correct layer returns some units of roundoff too large."""

    def __init__(self, case: Case, create: Callable[[Case], Instance], units: int) -> None:
        super().__init__(case, create(case))
        self.factor = 1 + units * case.format.unit_roundoff

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return y too large."""
        return self._stretched(super().forward(x, training=training))

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Return the gradients too large."""
        return {name: self._stretched(values) for name, values in super().backward(step, cotangent, wanted).items()}

    def state(self) -> Mapping[str, Array]:
        """Return the running statistics too large."""
        return {name: self._stretched(values) for name, values in super().state().items()}

    def _stretched(self, values: Array) -> Array:
        return np.asarray((values.astype(np.float64) * self.factor).astype(values.dtype))


def nearly_right(operation: str) -> Iterator[Implementation]:
    """Yield layers that are a little worse than the grade that they declare."""
    right = resolve("numpy", operation)[0]
    for units in STRETCHED:
        create = partial(Stretching, create=right.create, units=units)
        yield replace(right, name=f"{units} u too large", create=create)
    if operation in KINDS:
        yield from _worse_than_declared(operation, KINDS[operation])


def _worse_than_declared(operation: str, own: Formulas) -> Iterator[Implementation]:
    for grade in ("A", "B1"):
        for name in ("in-order", "lanes"):
            yield layer(f"{name} as {grade}", operation, summed_by(SUMS[name][1])(own), "worse than declared", grade)
    for unit in (4, 8, 16, 32):
        yield layer(f"rstd off by {unit} u", operation, _rough(unit, own), "worse than declared", "A")
    cut = layer("truncated", operation, own, "cut, not rounded", "A")
    yield replace(cut, create=partial(Truncating, formulas=own, declared={}))


def asked_of(implementation: Implementation, dtype: str, examples: int) -> list[Case]:
    """Return what is asked: pinned cases, conditioned ones in float32, and some that are drawn."""
    hunt = Hunt(implementation, dtype, Settings(max_examples=examples, dtypes=(dtype,)), ())
    streams = [STREAMS[name] for name in ("small", "large")]
    found = [case for stream in streams for case in stream.pinned(hunt.extent())]
    found += conditioned(Extent(OPERATIONS[implementation.operation], implementation.claims, dtype))
    for stream in streams:
        for batch in hunt.batches(stream) if examples else ():
            explore(batch.strategy, batch.seed, batch.size, found.append)
    return found


@dataclass(frozen=True, eq=False)
class Worst:
    """The largest error of an output as a part of its tolerance, and where it was seen."""

    ratio: float
    implementation: Implementation
    case: Case


def ratios(implementation: Implementation, dtype: str, examples: int) -> dict[str, Worst]:
    """Return the largest error of each output."""
    laws = [law.name for law in agreement.LAWS if implementation.operation in law.operations]
    laws = [name for name in laws if claims_all(implementation, LAWS[name])]
    worst: dict[str, Worst] = {}
    for case in asked_of(implementation, dtype, examples):
        trial = Trial(implementation, case)
        for name in laws:
            ratio = ratio_of(name, trial)
            if ratio is not None and (name not in worst or ratio > worst[name].ratio):
                worst[name] = Worst(ratio, implementation, case)
    return worst


def ratio_of(law: str, trial: Trial) -> float | None:
    """Return the largest error of a trial as a part of its tolerance; None where nothing is demanded."""
    found = judge(LAWS[law], trial)
    return found.ratio if isinstance(found, Kept | Broken) else None


def climbed(law: str, worst: Worst, steps: int) -> Worst:
    """Return the largest error on the way up from the worst case."""

    def height(case: Case) -> float:
        return ratio_of(law, Trial(worst.implementation, case)) or 0.0

    case = climb(worst.case, worst.ratio, height, steps, np.random.default_rng(0))
    return replace(worst, case=case, ratio=max(worst.ratio, height(case)))


def row(operation: str, dtype: str, examples: int, steps: int) -> list[dict[str, Any]]:
    """Return for each output what is nearest to its tolerance on either side."""
    right = [*resolve("numpy", operation), *(each for each in VARIANTS if each.operation == operation)]
    inside = [ratios(each, dtype, examples) for each in right]
    outside = [ratios(each, dtype, examples) for each in nearly_right(operation)]
    found = []
    for output in OUTPUTS:
        kept = [each[output] for each in inside if output in each]
        caught = [(each[output].ratio, each[output].implementation.name) for each in outside if output in each]
        caught = [each for each in caught if 1 < each[0] < float("inf")]  # what is exact has a tolerance of 0
        if kept:
            top = max(kept, key=lambda each: each.ratio)
            top = climbed(output, top, steps) if top.ratio <= 1 / FACTOR else top
            most, least = (top.ratio, top.implementation.name), min(caught, default=(float("inf"), ""))
            found.append(
                {
                    "operation": operation,
                    "output": output,
                    "dtype": dtype,
                    "largest kept": [round(most[0], 4), most[1]],
                    "least rejected": [round(least[0], 4), least[1]] if caught else None,
                    "narrowing rejects": most[0] > 1 / FACTOR,
                    "widening lets through": least[0] <= FACTOR,
                }
            )
    return found


def main() -> int:
    """Run what is asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--examples", type=int, default=0)
    parser.add_argument("--climb", type=int, default=200)
    parser.add_argument("--operation", action="append", choices=tuple(OPERATIONS))
    parser.add_argument("--dtype", action="append", choices=DTYPES)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    asked = parser.parse_args()
    start, rows = time.monotonic(), []
    operations = asked.operation or sorted(OPERATIONS, key=lambda name: name not in KINDS)
    for dtype, operation in track([(dtype, name) for dtype in asked.dtype or DTYPES for name in operations]):
        if time.monotonic() - start < asked.minutes * 60:
            rows += row(operation, dtype, asked.examples, asked.climb)
            if asked.json:
                write_whole(asked.json, json.dumps(rows, indent=1) + "\n")
    for each in rows:
        how = {(True, True): "tight", (True, False): "narrow side only", (False, True): "wide side only"}
        word = how.get((each["narrowing rejects"], each["widening lets through"]), "NOT TIGHT")
        print(f"{word:18} {each['operation']:24} {each['output']:20} {each['dtype']:9}", end=" ")
        print(f"{each['largest kept']} {each['least rejected']}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
