"""Are the tolerances tight? What a fourth of each would reject, and what four times each would let through.

    python benchmarks/tolerances.py [--json docs/data/tolerances.json] [--examples 20] [--climb 200] [--minutes N]
                                    [--operation NAME] [--dtype NAME] [--all]

For each output, operation and format the largest error of a correct implementation is shown as a part of its tolerance:
above 1/4, a tolerance narrowed by 4 rejects it. Beside it stands the layer nearest to being right that is rejected all
the same: at most 4, a tolerance widened by 4 would let it through. Such layers have sums, roundings or variances worse
than the grade that they declare, or return all that they return some units in the last place too large. Where no case
that is asked brings a correct implementation above 1/4, the worst is changed step by step towards a larger error. A
tolerance that survives both is named as not tight. Layers are tried until every output is settled; with --all, each of
them. Rows that the JSON file already holds of another operation or format stay.
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
from normspec.implementations.contract import Implementation, Instance
from normspec.implementations.faulty.fault import Passing
from normspec.implementations.numpy import formulas
from normspec.implementations.numpy.family import layer
from normspec.implementations.numpy.formulas import Formulas
from normspec.implementations.numpy.variants import KINDS, SUMS, VARIANTS, summed_by
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
from normspec.spec.formats import FORMATS, Array
from normspec.spec.operations import OPERATIONS

FACTOR = 4
STRETCHED = (2, 4, 8, 16, 64)  # units of roundoff
DTYPES = ("float32", "bfloat16", "float64", "float16")
Change = Callable[[Array], Array]
OUTPUTS = tuple(law.name for law in agreement.LAWS)


class Changing(Passing):
    """Returns what a correct layer returns, changed a little: either its running statistics or all the rest."""

    def __init__(self, case: Case, create: Callable[[Case], Instance], change: Change, which: str) -> None:
        super().__init__(case, create(case))
        self.change, self.which = change, which

    def forward(self, x: Array, *, training: bool) -> Any:
        """Return y, and what an operation returns beside it."""
        return self._changed(super().forward(x, training=training), "results")

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Any:
        """Return the gradients."""
        return self._changed(super().backward(step, cotangent, wanted), "results")

    def double_backward(self, step: int, cotangent: Array, direction: Array, wanted: tuple[str, ...]) -> Any:
        """Return the gradients of the gradient."""
        return self._changed(super().double_backward(step, cotangent, direction, wanted), "results")

    def jvp(self, step: int, tangents: Mapping[str, Array]) -> Any:
        """Return the tangent."""
        return self._changed(super().jvp(step, tangents), "results")

    def state(self) -> Any:
        """Return the running statistics."""
        return self._changed(super().state(), "state")

    def _changed(self, found: Any, which: str) -> Any:
        if which != self.which:
            return found
        return (
            {name: self.change(each) for name, each in found.items()} if isinstance(found, dict) else self.change(found)
        )


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


def _stretched(units: int, values: Array) -> Array:
    """Return the values some units of roundoff too large."""
    factor = 1 + units * FORMATS[values.dtype.name].unit_roundoff
    return np.asarray((values.astype(np.float64) * factor).astype(values.dtype))


def nearly_right(operation: str) -> Iterator[Implementation]:
    """Yield layers that are a little worse than the grade that they declare."""
    right = resolve("numpy", operation)[0]
    changes = {"a place too small": _towards_zero}
    changes |= {f"{units} u too large": partial(_stretched, units) for units in STRETCHED}
    for which in ("results", "state") if OPERATIONS[operation].state else ("results",):
        yield from (changed(right, f"{which} {name}", change, which) for name, change in changes.items())
    if operation in KINDS:
        yield from _worse_than_declared(operation, KINDS[operation])


def changed(right: Implementation, name: str, change: Change, which: str = "results") -> Implementation:
    """Return a correct layer of which the results or the running statistics are changed."""
    return replace(right, name=name, create=partial(Changing, create=right.create, change=change, which=which))


def _worse_than_declared(operation: str, own: Formulas) -> Iterator[Implementation]:
    for grade in ("A", "B1"):
        for name in ("in-order", "lanes"):
            yield layer(f"{name} as {grade}", operation, summed_by(SUMS[name][1])(own), "worse than declared", grade)
    for unit in (4, 8, 16, 32):
        yield layer(f"rstd off by {unit} u", operation, _rough(unit, own), "worse than declared", "A")
    cut = layer("truncated", operation, own, "cut, not rounded", "A")
    yield changed(cut, cut.name, _towards_zero)


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
    """Return the largest error of a trial as a part of its tolerance; None without one, or where it is 0."""
    found = judge(LAWS[law], trial)
    return found.ratio if isinstance(found, Kept | Broken) and np.isfinite(found.ratio) else None


def climbed(law: str, worst: Worst, steps: int) -> Worst:
    """Return the largest error on the way up from the worst case."""

    def height(case: Case) -> float:
        return ratio_of(law, Trial(worst.implementation, case)) or 0.0

    case = climb(worst.case, worst.ratio, height, steps, np.random.default_rng(0))
    return replace(worst, case=case, ratio=max(worst.ratio, height(case)))


@dataclass(frozen=True)
class Effort:
    """How hard to look: cases drawn, steps of climbing, and whether layers are tried that are not needed any more."""

    examples: int
    steps: int
    every: bool


def largest_kept(operation: str, dtype: str, effort: Effort) -> dict[str, Worst]:
    """Return by the output the correct layer that comes nearest to the tolerance from inside."""
    found: dict[str, Worst] = {}
    for layer_of in (*resolve("numpy", operation), *(each for each in VARIANTS if each.operation == operation)):
        for name, worst in ratios(layer_of, dtype, effort.examples).items():
            if name not in found or worst.ratio > found[name].ratio:
                found[name] = worst
        if not effort.every and all(worst.ratio > 1 / FACTOR for worst in found.values()):
            break
    return {
        name: climbed(name, worst, effort.steps) if worst.ratio <= 1 / FACTOR else worst
        for name, worst in found.items()
    }


def least_rejected(operation: str, dtype: str, effort: Effort) -> dict[str, Worst]:
    """Return by the output the wrong layer that comes nearest to the tolerance from outside, where one is rejected."""
    found: dict[str, Worst] = {}
    for layer_of in nearly_right(operation):
        seen = ratios(layer_of, dtype, effort.examples)
        for name, worst in seen.items():
            if worst.ratio > 1 and (name not in found or worst.ratio < found[name].ratio):
                found[name] = worst
        if not effort.every and all(name in found and found[name].ratio <= FACTOR for name in seen):
            break
    return found


def row(operation: str, dtype: str, effort: Effort) -> list[dict[str, Any]]:
    """Return for each output what is nearest to its tolerance on either side."""
    inside, outside = largest_kept(operation, dtype, effort), least_rejected(operation, dtype, effort)
    return [
        {
            "operation": operation,
            "output": output,
            "dtype": dtype,
            "largest kept": _shown(inside[output]),
            "least rejected": _shown(outside[output]) if output in outside else None,
            "narrowing rejects": inside[output].ratio > 1 / FACTOR,
            "widening lets through": output in outside and outside[output].ratio <= FACTOR,
        }
        for output in OUTPUTS
        if output in inside
    ]


def _shown(worst: Worst) -> list[Any]:
    return [round(worst.ratio, 4), worst.implementation.name]


def recorded(path: Path | None, asked: set[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return the rows on record of what is not asked."""
    rows = json.loads(path.read_text()) if path is not None and path.exists() else []
    return [each for each in rows if (each["dtype"], each["operation"]) not in asked]


def main() -> int:
    """Run what is asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--examples", type=int, default=0)
    parser.add_argument("--climb", type=int, default=200)
    parser.add_argument("--operation", action="append", choices=tuple(OPERATIONS))
    parser.add_argument("--dtype", action="append", choices=DTYPES)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--all", action="store_true")
    asked = parser.parse_args()
    start, effort = time.monotonic(), Effort(asked.examples, asked.climb, asked.all)
    operations = asked.operation or sorted(OPERATIONS, key=lambda name: name not in KINDS)
    rows: list[dict[str, Any]] = []
    for dtype, operation in track([(dtype, name) for dtype in asked.dtype or DTYPES for name in operations]):
        if time.monotonic() - start < asked.minutes * 60:
            new = row(operation, dtype, effort)
            rows += new
            if asked.json:
                kept = recorded(asked.json, {(dtype, operation)})
                write_whole(asked.json, json.dumps([*kept, *new], indent=1) + "\n")
    for each in rows:
        how = {(True, True): "tight", (True, False): "narrow side only", (False, True): "wide side only"}
        word = how.get((each["narrowing rejects"], each["widening lets through"]), "NOT TIGHT")
        print(f"{word:18} {each['operation']:24} {each['output']:20} {each['dtype']:9}", end=" ")
        print(f"{each['largest kept']} {each['least rejected']}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
