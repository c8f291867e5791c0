"""What is expected of every operation is what its definition says, by an oracle that shares nothing with the first."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

import definitions
import mpmath
import numpy as np
import pytest
from drawn import questions

from normspec.spec.expectation import Expected, expect
from normspec.spec.formats import FORMATS
from normspec.spec.operations import OPERATIONS
from normspec.spec.operations.kin import kindred
from normspec.spec.question import Question

MOST = 32
"""Elements of a case whose difference quotients are taken one by one."""

SEEN = 2.0**-200
"""How exact the difference quotients are, relative to the largest of them."""


def missed(question: Question) -> tuple[int, list[str]]:
    """Return how many results of a step that something is demanded of were compared, and those out of enclosure."""
    with np.errstate(all="ignore"):
        expected = expect(question.operation, question.case, question.index, question.case.state, question.conventions)
    with mpmath.workprec(definitions.BITS):
        try:
            exact = definitions.outputs(question)
        except ZeroDivisionError:
            return 0, _demanded(expected) if question.rows.groups.parts == 1 else []
        counts = {name: _missed(expected[name], values) for name, values in exact.items() if name in expected}
    return sum(compared for compared, _ in counts.values()), [name for name, (_, outside) in counts.items() if outside]


def _demanded(expected: Mapping[str, Expected]) -> list[str]:
    """Return the results that are demanded though y has no value; the sum of dy and what is kept always may be."""
    free = ("dbeta", "running_count", "running_mean", "running_var", "running_min", "running_max")
    return [name for name, each in expected.items() if name not in free and np.isfinite(each.tolerance).any()]


def _missed(expected: Expected, exact: Any) -> tuple[int, int]:
    slack = max((abs(value) for value in exact.ravel()), default=0) * SEEN + mpmath.mpf(2) ** -1200
    compared = outside = 0
    for at in np.ndindex(expected.high.shape):
        if np.isfinite(expected.tolerance[at]):
            enclosed = mpmath.mpf(float(expected.high[at])) + mpmath.mpf(float(expected.low[at]))
            compared += 1
            outside += abs(exact[at] - enclosed) > mpmath.mpf(float(expected.radius[at])) + slack
    return compared, outside


def comparable(question: Question) -> bool:
    """Return whether a step has a definition here: no cumulative average, and not too many elements."""
    arrays = (question.forward.input, *question.case.parameters.values())
    return question.case.attributes.get("momentum", 0) is not None and sum(a.size for a in arrays) <= MOST


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_expected_is_what_the_definition_says(operation: str, dtype: str) -> None:
    compared = 0
    for question in questions(operation, dtype, list(FORMATS).index(dtype)):
        if comparable(question):
            count, outside = missed(question)
            compared += count
            assert not outside, f"{question.case} step {question.index}"
    assert compared > 20


WRONG = {
    "standardized": lambda x, axes, deviation, fewer=0: (
        (x - definitions.mean(x, axes)) / deviation(2 * definitions.mean((x - definitions.mean(x, axes)) ** 2, axes))
    ),
    "mean": lambda a, axes: np.sum(a, axis=axes, keepdims=True) / 3,
    "space": lambda x: tuple(range(1, x.ndim)),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_definition_that_says_something_else_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(definitions, name, WRONG[name])
    assert any(missed(question)[1] for question in questions("adain", "float32", 0) if comparable(question))


def kinships() -> Iterator[tuple[Question, Question]]:
    """Yield the same step of two operations that part its arrays into the same groups; parameters left out."""
    for name in ("batch_norm", "group_norm", "instance_norm", "layer_norm"):
        for question in chain.from_iterable(questions(name, "float32", seed) for seed in range(6)):
            case, shape = question.case, question.forward.input.shape
            trains = question.forward.verb == "train" and question.step.direction is None and not question.step.tangents
            for kin in kindred(question.operation, shape) if trains else ():
                mine, theirs = {**case.attributes, **kin.mine}, {**case.attributes, **kin.theirs}
                if mine != dict(case.attributes):
                    continue
                bare = case.but(parameters={}, state={})
                other = OPERATIONS[kin.operation]
                yield (
                    replace(question, case=bare, state={}),
                    replace(
                        question, operation=other, case=bare.but(operation=other.name, attributes=theirs), state={}
                    ),
                )


def test_operations_with_the_same_groups_are_expected_to_give_the_same() -> None:
    seen = set()
    with np.errstate(all="ignore"):
        for pair in kinships():
            mine, theirs = (expect(q.operation, q.case, q.index, {}, q.operation.settled({})) for q in pair)
            for name in ("y", "dx"):
                if name in mine and np.isfinite(mine[name].tolerance).all():
                    apart = np.abs((mine[name].high - theirs[name].high) + (mine[name].low - theirs[name].low))
                    assert np.all(apart <= mine[name].radius + theirs[name].radius)
                    np.testing.assert_array_equal(mine[name].tolerance, theirs[name].tolerance)
                    seen.add((pair[0].operation.name, pair[1].operation.name, name))
    kin = {("group_norm", "layer_norm"), ("group_norm", "instance_norm"), ("instance_norm", "group_norm")}
    assert {(*names, output) for names in kin for output in ("y", "dx")} <= seen
    assert {names[0] for names in seen} >= {"batch_norm", "layer_norm"}
