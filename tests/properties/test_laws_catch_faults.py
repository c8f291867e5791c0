"""Every law has been seen to fail: each fault breaks the laws that it should, whatever the seed, on a small case.

A part of the table that benchmarks/detection.py makes: each fault in two of the operations that it concerns. What a
pinned case catches is caught under every seed, and they are to catch every fault.
"""

from collections.abc import Mapping
from functools import cache
from zlib import crc32

import pytest

from normspec.implementations.contract import Implementation
from normspec.implementations.faulty import FAULTS
from normspec.implementations.faulty.precision import FEW
from normspec.properties.check import check
from normspec.properties.detection import Matrix, detect_pinned, matrix
from normspec.properties.hunt import Settings
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result
from normspec.spec.case import Case
from normspec.spec.formats import FORMATS
from normspec.spec.operations import OPERATIONS

# The laws that a fault of batch norm breaks by what it is. It may break others, which follow from these.
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
    "rstd-estimated": ("zero-crossing",),
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

# Other laws, with a fault that breaks them.
ELSEWHERE: Mapping[str, tuple[str, str]] = {
    "output": ("groups-interleaved", "group_norm"),
    "batch-invariance": ("batch-for-layer", "layer_norm"),
    "double-backward": ("double-backward-detached", "batch_norm"),
    "forward-mode": ("tangent-detached", "batch_norm"),
    "saving": ("saved-by-reference", "batch_norm"),
    "copying": ("copy-shares-buffers", "batch_norm"),
    "freezing": ("not-frozen", "batch_norm"),
    "momentum-change": ("momentum-kept", "batch_norm"),
    "several-layers": ("statistics-shared", "batch_norm"),
    "running-recurrence": ("momentum-flipped", "batch_norm"),
    "rounding-boundary": ("rstd-estimated", "weight_norm"),
    "kinship": ("layer-for-instance", "instance_norm"),
    "other-gradients": ("residual-severed", "add_layer_norm"),
    "running-count": ("parts-count-overwritten", "standard_scaler"),
    "running-range": ("parts-first-alone", "min_max_scaler"),
}

# The members of a group that a fault needs before it shows, where four are not enough; the suite asks for at most this.
MEMBERS: Mapping[str, int] = {
    "tail-dropped": 65,
    "index-overflow": 513,
    "count-in-half-precision": 2049,
    "low-precision-accumulation": 8,
    "channels-last-mispaired": 9,
    "row-index-overflow": 8,
    "mean-recomputed": FEW + 1,
}
USUAL_MEMBERS = 4


def sample() -> list[tuple[str, str]]:
    """Return each fault with the first operation that it concerns and with one more, which its name decides on."""
    pairs = []
    for name, fault in FAULTS.items():
        first, *others = fault.operations
        pairs += [(name, first), *([(name, others[crc32(name.encode()) % len(others)])] if others else [])]
    return pairs


SAMPLE = sample()


def faulty(name: str, operation: str) -> Implementation:
    return FAULTS[name].made_of(operation)


@cache
def of_pinned(name: str, operation: str) -> Matrix:
    """Return what breaks on pinned cases, in the first dtype that shows it."""
    return matrix(
        faulty(name, operation), Settings(max_examples=0, dtypes=("float32", "float16", "bfloat16", "float64"))
    )


def members(case: Case) -> int:
    groups = OPERATIONS[case.operation].groups
    return max(groups(step.input.shape, case.attributes).members for step in case.script if step.x is not None)


def test_every_law_is_broken_by_some_fault_of_the_table() -> None:
    assert {law for laws in BROKEN.values() for law in laws} | set(ELSEWHERE) == set(LAWS)
    assert {name for name, fault in FAULTS.items() if "batch_norm" in fault.operations} >= set(BROKEN)


@pytest.mark.parametrize(("name", "operation"), SAMPLE)
def test_a_fault_is_caught_by_a_pinned_case_and_so_under_every_seed(name: str, operation: str) -> None:
    wrong = faulty(name, operation)
    assert detect_pinned(wrong, ("float32",)) or detect_pinned(wrong, tuple(FORMATS))


@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_breaks_the_laws_that_it_should(name: str) -> None:
    assert set(of_pinned(name, "batch_norm").broken) >= set(BROKEN[name])


@pytest.mark.parametrize("law", ELSEWHERE)
def test_a_law_that_batch_norm_cannot_break_is_broken_elsewhere(law: str) -> None:
    assert law in of_pinned(*ELSEWHERE[law]).broken


@pytest.mark.parametrize("name", BROKEN)
def test_the_smallest_case_of_a_fault_is_small(name: str) -> None:
    sizes = [members(case) for case in of_pinned(name, "batch_norm").broken.values()]
    assert min(sizes) <= MEMBERS.get(name, USUAL_MEMBERS)


# A regime's own values are what each fault needs: shrinking must not leave them.
INSIDE: Mapping[str, tuple[str, str]] = {
    "eps-doubled": ("batch_norm", "second-moment"),
    "mean-not-subtracted": ("layer_norm", "zero-mean"),
    "mean-subtracted": ("rms_norm", "output"),
    "groups-interleaved": ("group_norm", "output"),
    "variance-across-channels": ("instance_norm", "output"),
}


@pytest.mark.parametrize("name", INSIDE)
def test_what_check_reports_is_small_and_of_a_named_regime(name: str) -> None:
    operation, law = INSIDE[name]
    (found,) = (
        each
        for each in check(faulty(name, operation), (LAWS[law],), Settings(max_examples=30, dtypes=("float32",)))
        if isinstance(each, Result)
    )
    assert found.counterexample is not None
    assert members(found.counterexample.case) <= 8
    assert found.counterexample.case.regime
