"""Every law has been seen to fail: each fault breaks the laws that it should, whatever the seed, on a small case."""

from collections.abc import Mapping
from functools import cache

import pytest

from normspec.implementations.faulty import FAULTS
from normspec.implementations.targets import resolve
from normspec.properties.check import check
from normspec.properties.hunt import Settings
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Counterexample, Result

SEEDS = (0, 1, 2)

# The laws that a fault breaks by what it is. It may break others, which follow from these.
BROKEN: Mapping[str, tuple[str, ...]] = {
    "cancellation": ("training-output",),
    "low-precision-accumulation": ("training-output", "running-mean"),
    "unbiased-variance-in-output": ("training-output", "second-moment"),
    "padding-in-statistics": ("training-output", "shift-invariance"),
    "tail-dropped": ("training-output", "zero-mean"),
    "unequal-shards": ("training-output", "permutation-equivariance"),
    "index-overflow": ("training-output",),
    "nan-swallowed": ("nan-confined",),
    "eps-outside-sqrt": ("training-output", "inference-output", "second-moment"),
    "eps-ignored": ("training-output", "inference-output", "scale-covariance"),
    "eps-doubled": ("training-output", "identity-recovery"),
    "eps-in-half-precision": ("training-output",),
    "mean-not-subtracted": ("training-output", "zero-mean", "shift-invariance"),
    "rstd-in-half-precision": ("zero-crossing",),
    "mean-recomputed": ("shared-statistics",),
    "momentum-flipped": ("running-mean", "running-variance"),
    "momentum-none-as-zero": ("running-mean", "running-variance"),
    "running-var-biased": ("running-variance",),
    "bessel-misapplied": ("running-variance",),
    "running-in-half-precision": ("running-mean", "running-variance"),
    "running-var-reset": ("inference-output",),
    "running-from-stale": ("running-mean", "running-variance"),
    "running-in-training": ("training-output", "running-independence"),
    "mode-ignored": ("inference-output", "inference-keeps-state"),
    "inference-moves-running": ("inference-keeps-state",),
    "running-swapped": ("running-mean", "running-variance"),
    "affine-ignored": ("training-output", "identity-recovery"),
    "affine-swapped": ("training-output", "identity-recovery"),
    "affine-channels-reversed": ("training-output",),
    "affine-flag-crossed": ("training-output",),
    "absent-gamma-as-zero": ("training-output", "second-moment"),
    "gamma-offset": ("training-output", "identity-recovery"),
    "gamma-twice-in-dx": ("dx", "inference-gradients"),
    "gamma-missing-in-dx": ("dx", "inference-gradients"),
    "parameter-length-ignored": ("refusals",),
    "mean-detached": ("dx", "gradient-sum"),
    "variance-detached": ("dx", "gradient-projection"),
    "statistics-detached": ("dx", "gradient-sum", "gradient-projection"),
    "std-for-rstd": ("dx",),
    "cotangent-clipped": ("dx", "cotangent-linearity"),
    "dgamma-low-precision": ("dgamma",),
    "dbeta-severed": ("dbeta",),
    "dgamma-without-rstd": ("dgamma",),
    "inference-backward-as-training": ("inference-gradients",),
    "live-running-variance": ("saved-values",),
    "backward-of-last": ("saved-values",),
    "backward-accumulates": ("backward-again",),
    "garbage-without-dx": ("wanted-subsets",),
    "rank-two-backward": ("dx", "rank-equivalence"),
    "strides-ignored": ("training-output", "layout-invariance"),
    "cotangent-strides-ignored": ("dx", "layout-invariance"),
    "channels-last-mispaired": ("dx", "layout-invariance"),
    "input-mutated": ("inputs-untouched",),
    "cotangent-overwritten": ("inputs-untouched",),
    "single-element-nan": ("single-element",),
    "single-element-accepted": ("single-element",),
    "silent-overflow": ("loud-overflow",),
    "empty-batch-nan": ("empty-batch",),
    "empty-batch-counted": ("empty-batch",),
    "squeezed": ("answers",),
    "negative-epsilon-accepted": ("refusals",),
    "wrong-dtype": ("answers",),
    "float64-in-float32": ("training-output", "running-mean", "dx"),
    "not-deterministic": ("determinism",),
    "leftover-mean": ("training-output",),
    "mean-across-channels": ("training-output", "group-independence"),
    "zeros": ("training-output", "inference-output", "dx", "dgamma", "dbeta"),
    "crashes-on-rank-3": ("answers",),
    "crashes-on-odd-width": ("answers",),
    "refuses-rank-5": ("answers",),
    "dbeta-forgotten": ("answers",),
}

# The members of a group that a fault needs before it shows, where two are not enough; the suite asks for at most this.
MEMBERS: Mapping[str, int] = {
    "tail-dropped": 65,
    "index-overflow": 1025,
    "channels-last-mispaired": 9,
    "mean-recomputed": 24,
}
USUAL_MEMBERS = 4
DTYPE: Mapping[str, str] = {"float64-in-float32": "float64", "rstd-in-half-precision": "bfloat16"}


@cache
def results(name: str, seed: int) -> Mapping[str, Result]:
    (implementation,) = resolve(f"faulty:{name}")
    settings = Settings(seed=seed, dtypes=(DTYPE.get(name, "float32"),))
    laws = tuple(LAWS[law] for law in BROKEN[name])
    return {event.law: event for event in check(implementation, laws, settings) if isinstance(event, Result)}


def members(counterexample: Counterexample) -> int:
    forwards = [step.input for step in counterexample.case.script if step.verb != "backward"]
    return max(x.size // x.shape[1] for x in forwards)


def test_every_fault_is_in_the_table_and_every_law_catches_one() -> None:
    assert set(BROKEN) == set(FAULTS)
    assert {law for laws in BROKEN.values() for law in laws} == set(LAWS)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_breaks_the_laws_that_it_should(name: str, seed: int) -> None:
    assert {law for law, result in results(name, seed).items() if result.failed} == set(BROKEN[name])


@pytest.mark.parametrize("name", BROKEN)
def test_the_smallest_case_of_a_fault_is_small(name: str) -> None:
    sizes = [members(result.counterexample) for result in results(name, 0).values() if result.counterexample]
    assert min(sizes) <= MEMBERS.get(name, USUAL_MEMBERS)
