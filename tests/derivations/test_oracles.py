"""Every function of the generated oracles, run on exact numbers, computes what the second checker computes.

What is expected is the definition, and its derivative by nilpotents: never the closed form that was printed.
"""

import ast
import inspect
import math
from contextlib import suppress
from fractions import Fraction
from functools import cache
from importlib import import_module

import pytest
from exact_rows import Exact, Row
from oracle_definitions import CONSTANT_GAMMA, DEFINITIONS, GIVEN, PREPARED, SMALLEST

from normspec.derivations import generate
from normspec.derivations.concrete import World, evaluate
from normspec.derivations.rewriting import free_indices

FUNCTIONS = [
    pytest.param(oracle, name, m, id=f"{oracle}.{name}-{m}")
    for oracle in DEFINITIONS
    for name, _ in inspect.getmembers(import_module(f"normspec.spec.oracles.{oracle}"), inspect.isfunction)
    for m in (1, 2, 3, 5)
    if m >= max(SMALLEST.get(name, 1), SMALLEST.get(oracle, 1))
]


def world_of(oracle, m, name, arguments):
    """Draw a world in which gamma is constant where a function takes it to be, and d is m where it does not ask."""
    world = World(m, {"m": m, "n": 2 + m % 3, "F": 3})
    if name in CONSTANT_GAMMA:
        world.values.update({("gamma", k): Fraction(5, 3) for k in range(1, m + 1)})
    if "d" not in arguments:
        world.values["d"] = Fraction(m)
    if oracle in PREPARED:
        PREPARED[oracle](world, name, m)
    return world


def value(expr, world):
    """Evaluate a scalar, or a row over the one free index."""
    free = sorted(free_indices(expr), key=str)
    if not free:
        return Row([evaluate(expr, world)])
    (index,) = free
    out = []
    for k in range(1, int(evaluate(index.size, world)) + 1):
        with world.binding(index, k):
            out.append(evaluate(expr, world))
    return Row(out)


def counted(name, number):
    """A count is a Python integer, where it is one."""
    return int(number.values[0]) if name in ("m", "n") else number


@pytest.mark.parametrize("oracle", sorted({name.removesuffix(".py") for name in generate.FILES} - {"rounding"}))
def test_every_oracle_has_definitions(oracle):
    """No file of formulas goes untested; the bounds of rounding have a test of their own."""
    assert oracle in DEFINITIONS


@cache
def asked(oracle, name, m):
    """The arguments of a function in an exact world, and a way to its outputs there by definition."""
    function = getattr(import_module(f"normspec.spec.oracles.{oracle}"), name)
    arguments = tuple(inspect.signature(function).parameters)
    world = world_of(oracle, m, name, arguments)
    given, wanted = GIVEN[oracle], DEFINITIONS[oracle](name)
    inputs = [Exact() if a == "S" else counted(a, value(given[a], world)) for a in arguments]
    return inputs, cache(lambda output: value(wanted[output], world).values)


def disagreements(oracle, name, function, m):
    """The outputs of a function that are not what the definitions say."""
    inputs, expected = asked(oracle, name, m)
    found = function(*inputs)
    assert found
    return [output for output, number in found.items() if number.values != expected(output)]


@pytest.mark.parametrize(("oracle", "name", "m"), FUNCTIONS)
def test_a_printed_function_computes_its_definition(oracle, name, m):
    """Outputs agree exactly with definitions and derivatives by nilpotents."""
    function = getattr(import_module(f"normspec.spec.oracles.{oracle}"), name)
    assert not disagreements(oracle, name, function, m)


SWAPPED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult}


def mutants(function):
    """Yield copies of a function, each with one operator swapped, and what that makes of it."""
    tree = ast.parse(inspect.getsource(function))
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and type(node.op) in SWAPPED:
            before, node.op = node.op, SWAPPED[type(node.op)]()
            names = dict(inspect.getmodule(function).__dict__)
            exec(compile(tree, "<mutant>", "exec"), names)
            yield names[function.__name__], ast.unparse(node)
            node.op = before


@pytest.mark.parametrize(("oracle", "name"), sorted({p.values[:2] for p in FUNCTIONS}))
def test_every_operator_of_a_printed_function_matters(oracle, name):
    """The test above is seen to fail: no function with one operator swapped passes it."""
    function = getattr(import_module(f"normspec.spec.oracles.{oracle}"), name)
    survivors = []
    for mutant, changed in mutants(function):
        with suppress(ZeroDivisionError, ValueError, ArithmeticError):
            survivors += [] if disagreements(oracle, name, mutant, 3) else [changed]
    assert not survivors


def test_inference_blend_and_unbias():
    """The small functions, on numbers chosen by hand."""
    oracle, one = import_module("normspec.spec.oracles.normalize"), Row([1])
    x, gamma, beta, three = (Row([Fraction(n)]) for n in (5, 3, 7, 3))
    given = (x, gamma, beta, one, three, one)
    for variant in (oracle.inference, oracle.inference_folded, oracle.inference_apart):
        assert variant(Exact(), *given)["y"].values == [13]  # 3 (5 - 1) / 2 + 7
    backward = (x, Row([Fraction(2)]), gamma, one, three, one)
    assert oracle.inference_backward_apart(Exact(), *backward)["dgamma"].values == [4]
    back = oracle.inference_backward(Exact(), *backward)
    assert [back[name].values for name in ("dx", "dgamma", "dbeta")] == [[3], [4], [2]]
    assert oracle.blend(Fraction(1), Fraction(3), Fraction(1, 4))["running"] == Fraction(3, 2)
    shares = (Fraction(3, 4), Fraction(1, 4))
    assert oracle.blend_weighted(Fraction(1), Fraction(3), *shares)["running"] == Fraction(3, 2)
    assert oracle.unbias(Fraction(3), 4)["unbiased"] == 4
    assert math.isclose(oracle.unbias(0.75, 4)["unbiased"], 1.0)
