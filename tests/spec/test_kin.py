"""Members of the family are equal just where their partitions are; every operation's signature is consistent."""

from collections.abc import Iterator, Mapping
from inspect import signature
from math import prod
from typing import Any

import numpy as np
import pytest

from normspec.spec import reference
from normspec.spec.branches import branches
from normspec.spec.case import Case, Step
from normspec.spec.contracts import contract_of
from normspec.spec.expectation import Expected, expect, expect_statistics
from normspec.spec.functions import oracle_function
from normspec.spec.numbers.plain import PLAIN
from normspec.spec.operations import OPERATIONS, Operation
from normspec.spec.operations.kin import kindred
from normspec.spec.operations.operation import Attributes
from normspec.spec.partition import Partition
from normspec.spec.question import Question

SHAPES = ((2, 4), (1, 3), (3, 4, 2), (1, 2, 5), (2, 1, 3), (2, 4, 3, 2), (1, 6, 2, 3), (2, 2, 2, 1, 3), (1, 3, 2, 2, 2))
LAYERS = [
    pytest.param(operation, shape, attributes, id=f"{operation.name}-{'x'.join(map(str, shape))}-{attributes}")
    for operation in OPERATIONS.values()
    for shape in SHAPES
    if len(shape) in operation.ranks
    for attributes in operation.choices(shape)
]
every_layer = pytest.mark.parametrize(("operation", "shape", "attributes"), LAYERS)


def numbers(shape: tuple[int, ...], seed: int) -> Any:
    """Return float32 numbers about 3, none of which is special; no two are equal."""
    return (np.random.default_rng(seed).normal(size=shape) + 3).astype(np.float32)


def asked(operation: Operation, shape: tuple[int, ...], attributes: Attributes, *given: str) -> Case:
    """Return a case that trains and goes back, with the parameters that are named."""
    whole = {**attributes, "momentum": 0.25} | ({"epsilon": 0.125} if operation.has_epsilon else {})
    backward = "dx" in operation.requirements
    y = operation.shape_of("y", shape, whole)
    script = (Step("train", numbers(shape, 0)), Step("backward", None, numbers(y, 1), 0, ("dx",)))
    held = {name: numbers(operation.shape_of(name, shape, whole), 2 + at) for at, name in enumerate(given)}
    names = operation.state if operation.needs_state else ()
    state = {name: numbers(operation.shape_of(name, shape, whole), 9) for name in names}
    return Case(operation.name, "float32", whole, script if backward else script[:1], held, state)


def expected(case: Case, index: int = 0) -> Mapping[str, Expected]:
    operation = OPERATIONS[case.operation]
    return expect(operation, case, index, case.state, operation.settled({}))


def overlap(a: Expected, b: Expected) -> Any:
    return np.abs((a.high - b.high) + (a.low - b.low)) <= a.radius + b.radius


# kinship


def kinships() -> Iterator[tuple[Case, Case]]:
    for operation in OPERATIONS.values():
        for shape in SHAPES:
            for kin in kindred(operation, shape) if len(shape) in operation.ranks else ():
                theirs = OPERATIONS[kin.operation]
                yield asked(operation, shape, kin.mine), asked(theirs, shape, kin.theirs)


@pytest.mark.parametrize("pair", [pytest.param(pair, id=f"{pair[0]}-{pair[1].operation}") for pair in kinships()])
def test_kin_are_expected_to_give_the_same(pair: tuple[Case, Case]) -> None:
    for index, name in enumerate(("y", "dx")):
        mine, theirs = (expected(case, index)[name] for case in pair)
        assert np.all(overlap(mine, theirs))
        np.testing.assert_array_equal(mine.tolerance, theirs.tolerance)
        assert np.isfinite(mine.tolerance).all() == (pair[0].script[0].input.size > 0)


def test_every_kinship_of_the_family_is_tried_in_every_rank() -> None:
    tried = {(mine.operation, theirs.operation, mine.script[0].input.ndim) for mine, theirs in kinships()}
    assert {("group_norm", "layer_norm", rank) for rank in (2, 3, 4, 5)} <= tried
    for pair in (("group_norm", "instance_norm"), ("instance_norm", "group_norm"), ("batch_norm", "instance_norm")):
        assert {(*pair, rank) for rank in (3, 4, 5)} <= tried


@pytest.mark.parametrize(
    ("mine", "theirs", "shape"),
    [
        (("group_norm", {"groups": 2}), ("layer_norm", {"axes": 2}), (2, 4, 3)),
        (("group_norm", {"groups": 2}), ("instance_norm", {}), (2, 4, 3)),
        (("group_norm", {"groups": 1}), ("layer_norm", {"axes": 1}), (2, 4, 3)),
        (("batch_norm", {}), ("instance_norm", {}), (2, 4, 3)),
    ],
)
def test_others_are_not_kin(mine: tuple[str, Any], theirs: tuple[str, Any], shape: tuple[int, ...]) -> None:
    first, second = (expected(asked(OPERATIONS[name], shape, attributes))["y"] for name, attributes in (mine, theirs))
    assert not overlap(first, second).any()


def scaled(name: str, attributes: Attributes, gamma: Any) -> Expected:
    case = asked(OPERATIONS[name], (1, 2, 2), attributes)
    return expected(case.but(parameters={"gamma": np.array(gamma, np.float32)}))["y"]


def test_layer_norm_and_group_norm_of_one_group_are_not_the_same_with_their_own_parameters() -> None:
    """Claim affine-sharing: a gamma for each channel is a gamma for each element, and not the other way round."""
    of_channels = scaled("group_norm", {"groups": 1}, [1, 2])
    assert np.all(overlap(of_channels, scaled("layer_norm", {"axes": 2}, [[1, 1], [2, 2]])))
    of_elements = scaled("layer_norm", {"axes": 2}, [[1, 2], [2, 2]])
    for gamma in (1, 2):  # the first element needs one of them, the second the other
        assert not np.all(overlap(scaled("group_norm", {"groups": 1}, [gamma, 2]), of_elements))
    shapes = [OPERATIONS[name].shape_of("gamma", (1, 2, 2), {"axes": 2}) for name in ("group_norm", "layer_norm")]
    assert shapes == [(2,), (2, 2)]


# the plain reference


def question_of(case: Case) -> Question:
    operation = OPERATIONS[case.operation]
    conventions = operation.settled({})
    return Question(operation, case, 0, case.state, conventions, contract_of("B1", case.dtype, conventions))


def plainly(question: Question) -> Mapping[str, Any]:
    """Return what the generated formulas give in float64, each group by its own branch."""
    rows, found = question.arrays, dict[str, Any]()
    if "residual" in rows:
        rows = {**rows, "x": rows["x"] + rows["residual"]}
    for branch in branches(question):
        function = oracle_function(branch.oracle, ("fold" if branch.oracle == "folding" else "forward") + branch.suffix)
        own = {name: values[branch.groups] if len(values) > 1 else values for name, values in rows.items()}
        fixed = {"gamma": 1, "beta": 0, "bias": 0, "epsilon": question.epsilon, "m": question.rows.members}
        fixed |= {"d": question.divisor, "n": rows["style"].shape[1] if "style" in rows else 0}
        names = {"x": "weight", "running_mean": "mean", "running_var": "variance"}
        known = {**fixed, **own, **{names[name]: own[name] for name in names if name in own}, **branch.constants}
        with np.errstate(all="ignore"):  # a group without a spread
            outputs = function(PLAIN, *(known[name] for name in list(signature(function).parameters)[1:]))
        y = outputs["weight" if branch.oracle == "folding" else "y"]
        whole = found.setdefault("y", np.full((len(rows["x"]), y.shape[1]), np.nan))
        whole[branch.groups] = y
    return found


def given(operation: Operation) -> tuple[str, ...]:
    return tuple(operation.parameters)


@pytest.mark.parametrize(("operation", "shape", "attributes"), [each for each in LAYERS if not each.values[0].pooled])
def test_the_formulas_in_plain_floating_point_agree_with_what_is_expected(
    operation: Operation, shape: tuple[int, ...], attributes: Attributes
) -> None:
    case = asked(operation, shape, attributes, *given(operation))
    question = question_of(case)
    each = expected(case)["y"]
    y = question.rows.back("y", plainly(question)["y"])
    demanded = np.isfinite(each.tolerance)
    decided = any(branch.groups.any() for branch in branches(question))
    assert demanded.any() or prod(shape) < 2 * question.rows.groups.parts or not decided
    np.testing.assert_allclose(y[demanded], each.high[demanded], rtol=1e-9, atol=1e-12)


REFERRED = [
    layer
    for layer in LAYERS
    if {"gradient-projection", "identity-recovery"} & set(layer.values[0].requirements)  # their laws take it for exact
]


@pytest.mark.parametrize(("operation", "shape", "attributes"), REFERRED)
def test_the_reference_agrees_with_what_is_expected(
    operation: Operation, shape: tuple[int, ...], attributes: Attributes
) -> None:
    case = asked(operation, shape, attributes)
    question, rows = question_of(case), operation.groups(shape, attributes).split(numbers(shape, 0).astype(float))
    each = expected(case)["y"]
    demanded = np.isfinite(each.tolerance)
    y = question.rows.back("y", reference.normalized(operation, rows, case.attributes))
    np.testing.assert_allclose(y[demanded], each.high[demanded], rtol=1e-9, atol=1e-12)
    mean, square = reference.moments(operation, rows, case.attributes)
    statistics = expect_statistics(operation, case, 0, question.conventions)
    assert "variance" in statistics or operation.oracle != "normalize"
    for name, values in (("mean", mean), ("variance", square)):
        if name in statistics:
            np.testing.assert_allclose(question.rows.back(name, values), statistics[name].high, rtol=1e-9, atol=1e-12)


# partitions


def parts_of(operation: Operation, shape: tuple[int, ...], attributes: Attributes) -> tuple[Partition, Partition]:
    return operation.groups(shape, attributes), operation.blocks(shape, attributes)


@every_layer
def test_splitting_and_joining_are_inverse(
    operation: Operation, shape: tuple[int, ...], attributes: Attributes
) -> None:
    array = np.arange(prod(shape)).reshape(shape)
    for part in parts_of(operation, shape, attributes):
        rows = part.split(array)
        assert rows.shape == (part.parts, part.members)
        assert sorted(rows.reshape(-1)) == list(range(array.size))
        np.testing.assert_array_equal(part.join(rows), array)
        other = np.arange(array.size).reshape(rows.shape)
        np.testing.assert_array_equal(part.split(part.join(other)), other)


@every_layer
def test_spreading_and_collecting_are_inverse(
    operation: Operation, shape: tuple[int, ...], attributes: Attributes
) -> None:
    for part in parts_of(operation, shape, attributes):
        values = np.arange(part.parts).reshape(part.parts_shape)
        spread = part.spread_over(values)
        assert spread.shape == shape
        assert np.all(np.unique(spread, return_counts=True)[1] == part.members)
        np.testing.assert_array_equal(part.collected(spread), values)
        np.testing.assert_array_equal(
            part.split(spread), np.broadcast_to(part.spread(values), part.split(spread).shape)
        )


# signatures


@every_layer
def test_roles_and_shapes_are_those_of_the_partitions(
    operation: Operation, shape: tuple[int, ...], attributes: Attributes
) -> None:
    groups, blocks = parts_of(operation, shape, attributes)
    shapes = {"elements": shape, "style": shape, "groups": groups.parts_shape, "blocks": blocks.parts_shape}
    for name in ("x", "y", *operation.parameters, *operation.state, *operation.further):
        assert operation.shape_of(name, shape, attributes) == shapes[operation.role(name)]
    for gradient, of in zip(operation.gradients, ("x", *operation.parameters), strict=True):
        assert operation.role(gradient) == operation.role(of)
    with pytest.raises(KeyError):
        operation.role("nothing")


@every_layer
def test_what_is_expected_has_the_shape_of_its_name(
    operation: Operation, shape: tuple[int, ...], attributes: Attributes
) -> None:
    case = asked(operation, shape, attributes, *given(operation))
    for index, _ in enumerate(case.script):
        with np.errstate(all="ignore"):  # a group without a spread
            found = expected(case, index)
        for name, each in found.items():
            assert each.high.shape == each.tolerance.shape == operation.shape_of(name, shape, attributes), name


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_every_choice_is_of_the_open_attributes_and_another_one(operation: Operation) -> None:
    for shape in SHAPES:
        if len(shape) in operation.ranks:
            choices = operation.choices(shape)
            assert len({tuple(sorted(each.items())) for each in choices}) == len(choices) > 0
            extra = {"epsilon"} if operation.has_epsilon else set()
            extra |= {"momentum"} if operation.averages else set()
            assert {frozenset(each) | extra for each in choices} == {frozenset(operation.open_attributes)}


BY_HAND = {
    ("batch_norm", "gamma"): {(): (6,)},
    ("instance_norm", "beta"): {(): (6,)},
    ("group_norm", "gamma"): {1: (6,), 2: (6,), 3: (6,), 6: (6,)},
    ("group_norm", "mean"): {1: (4, 1), 2: (4, 2), 3: (4, 3), 6: (4, 6)},
    ("layer_norm", "gamma"): {1: (3,), 2: (2, 3), 3: (6, 2, 3)},
    ("layer_norm", "mean"): {1: (4, 6, 2), 2: (4, 6), 3: (4,)},
    ("weight_norm", "gamma"): {0: (4,), 1: (6,), 2: (2,), 3: (3,)},
    ("cosine_similarity", "y"): {0: (6, 2, 3), 1: (4, 2, 3), 2: (4, 6, 3), 3: (4, 6, 2)},
    ("fold_batch_norm", "new_bias"): {(): (4,)},
    ("add_layer_norm", "residual"): dict.fromkeys((1, 2, 3), (4, 6, 2, 3)),
}


@pytest.mark.parametrize(("operation", "name"), BY_HAND)
def test_shapes_are_those_that_the_literature_gives(operation: str, name: str) -> None:
    shape, spec = (4, 6, 2, 3), OPERATIONS[operation]
    found = {next(iter(each.values()), ()): spec.shape_of(name, shape, each) for each in spec.choices(shape)}
    assert found == BY_HAND[operation, name]
