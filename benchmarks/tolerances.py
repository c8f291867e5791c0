"""Are the tolerances tight? What a fourth of each would reject, and what four times each would let through.

    python benchmarks/tolerances.py [--json docs/data/tolerances.json] [--examples 20] [--minutes N]

For each output, operation and format the largest error of a correct implementation is shown as a part of its tolerance:
above 1/4, a tolerance narrowed by 4 rejects it. Beside it stands the layer nearest to being right that is rejected all
the same: at most 4, a tolerance widened by 4 would let it through. Such layers have sums, roundings or variances worse
than the grade that they declare. A tolerance that survives both is named as not tight.
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from normspec.files import write_whole
from normspec.implementations import formulas
from normspec.implementations.contract import Implementation
from normspec.implementations.formulas import Formulas
from normspec.implementations.numpy_family import layer
from normspec.implementations.numpy_layer import NumpyLayer
from normspec.implementations.numpy_variants import KINDS, SUMS, VARIANTS, summed_by
from normspec.implementations.targets import resolve
from normspec.properties.cases import STREAMS
from normspec.properties.cases.conditioned import conditioned
from normspec.properties.cases.shapes import Extent
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


def nearly_right(operation: str) -> Iterator[Implementation]:
    """Yield layers that are a little worse than the grade that they declare."""
    own = KINDS[operation]
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


def ratios(implementation: Implementation, dtype: str, examples: int) -> dict[str, float]:
    """Return the largest error of each output as a part of its tolerance."""
    laws = [law for law in agreement.LAWS if implementation.operation in law.operations]
    laws = [law for law in laws if claims_all(implementation, law)]
    worst: dict[str, float] = {}
    for case in asked_of(implementation, dtype, examples):
        trial = Trial(implementation, case)
        for law in laws:
            found = judge(LAWS[law.name], trial)
            if isinstance(found, Kept | Broken):
                worst[law.name] = max(worst.get(law.name, 0.0), found.ratio)
    return worst


def row(operation: str, dtype: str, examples: int) -> list[dict[str, Any]]:
    """Return for each output what is nearest to its tolerance on either side."""
    right = [*resolve("numpy", operation), *(each for each in VARIANTS if each.operation == operation)]
    inside = {each.name: ratios(each, dtype, examples) for each in right}
    outside = {each.name: ratios(each, dtype, examples) for each in nearly_right(operation)}
    found = []
    for output in OUTPUTS:
        kept = [(each[output], name) for name, each in inside.items() if output in each]
        caught = [(each[output], name) for name, each in outside.items() if each.get(output, 0) > 1]
        if kept:
            most, least = max(kept), min(caught, default=(float("inf"), ""))
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
    parser.add_argument("--minutes", type=float, default=float("inf"))
    asked = parser.parse_args()
    start, rows = time.monotonic(), []
    for dtype, operation in track([(dtype, name) for dtype in ("float32", "bfloat16", "float64") for name in KINDS]):
        if time.monotonic() - start < asked.minutes * 60:
            rows += row(operation, dtype, asked.examples)
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
