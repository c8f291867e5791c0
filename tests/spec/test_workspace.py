"""A workspace changes what a question costs, and nothing of its answer; what it kept is let go with it."""

import gc
import weakref
from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
import pytest
from drawn import cases, conventions_of

from normspec.spec.case import Case, Step
from normspec.spec.contracts import contract_of
from normspec.spec.expectation import Expected, expect
from normspec.spec.operations import OPERATIONS
from normspec.spec.question import Question
from normspec.spec.workspace import KEPT, Workspace

GRADES = {"float32": "B1", "float64": "B3", "float16": "C"}


@pytest.mark.parametrize("dtype", GRADES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_a_workspace_has_seen_before_changes_no_bit(operation: str, dtype: str) -> None:
    compared = 0
    for seed, case in enumerate(cases(operation, dtype, 1)[::2]):
        shared = Workspace()
        for variant, index, alone in _asked(case):
            given = (OPERATIONS[operation], variant, index, variant.state, conventions_of(operation, seed))
            if Question(*given, contract_of("B1", dtype, {})).divisor < 1:
                continue
            with np.errstate(all="ignore"):
                mine = expect(*given, grade=GRADES[dtype], alone=alone, workspace=shared)
                own = expect(*given, grade=GRADES[dtype], alone=alone)
            assert mine.keys() == own.keys()
            compared += sum(_same(mine[name], own[name]) for name in own)
    assert compared > 20


def _asked(case: Case) -> Iterator[tuple[Case, int, bool]]:
    """Yield the steps of a case in turn and back, by the first formula and by all, and those of variants of it."""
    backwards = [step for step in case.script if step.cotangent is not None]
    negated = replace(case.script[0], x=None if case.script[0].x is None else -case.script[0].x)
    variants = [case, case.with_arrays(lambda x: x, np.flip) if backwards else case]
    variants += [case.but(script=(negated, *case.script[1:])), case.but(layout="reversed")]
    for variant in variants:
        yield from ((variant, index, True) for index in range(len(case.script)))
        yield from ((variant, index, False) for index in reversed(range(len(case.script))))


def _same(first: Expected, second: Expected) -> bool:
    for each in fields(Expected):
        one, other = getattr(first, each.name), getattr(second, each.name)
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(one, other)
    return True


def test_a_backward_step_takes_over_what_its_forward_step_found() -> None:
    shared, case = Workspace(), _layer(np.arange(12.0).reshape(3, 4))
    for index in range(2):
        expect(OPERATIONS["layer_norm"], case, index, {}, _conventions(), workspace=shared)
    assert len(shared.systems) == 1
    ((_, system),) = shared.systems.values()
    assert sum(key[0] == "rsqrt" for key in system.memory or {}) == 1


def test_other_rows_of_one_array_are_other_rows() -> None:
    shared, case = Workspace(), _layer(np.arange(12.0).reshape(3, 2, 2))
    for axes in (1, 2):
        given = (
            OPERATIONS["layer_norm"],
            case.but(attributes={"epsilon": 1e-3, "axes": axes}, parameters={}),
            0,
            {},
            _conventions(),
        )
        _same(expect(*given, workspace=shared)["y"], expect(*given)["y"])


@pytest.mark.parametrize("length", [4, KEPT])
def test_nothing_outlives_a_workspace_and_long_arrays_are_not_kept(length: int) -> None:
    case, contract = _layer(np.arange(2.0 * length).reshape(2, length)), contract_of("B1", "float32", {})
    question = Question(OPERATIONS["layer_norm"], case, 0, {}, _conventions(), contract)
    gc.disable()
    try:
        expect(question.operation, case, 0, {}, _conventions(), workspace=question.workspace)
        held = [weakref.ref(system) for _, system in question.workspace.systems.values()]
        assert len(held) == (length < KEPT)
        del question
        assert not any(system() for system in held)
    finally:
        gc.enable()


def _layer(x: np.ndarray) -> Case:
    x = x.astype(np.float32)
    gamma = np.ones(x.shape[1:], np.float32)
    script = (Step("train", x), Step("backward", None, x[::-1].copy(), 0, ("dx", "dgamma")))
    return Case("layer_norm", "float32", {"epsilon": 1e-3, "axes": x.ndim - 1}, script, {"gamma": gamma}, {})


def _conventions() -> dict[str, str]:
    return dict(OPERATIONS["layer_norm"].settled({}))
