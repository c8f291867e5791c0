"""Every function of the generated oracles, run on exact numbers, computes what the second checker computes.

What is expected is the definition, and its derivative by nilpotents: never the closed form that was printed.
"""

import inspect
import math
import re
from fractions import Fraction
from functools import cache
from importlib import import_module

import pytest
from exact_rows import Exact, Row
from oracle_definitions import CONSTANT_GAMMA, DEFINITIONS, GIVEN, GIVEN_TO, PREPARED, SMALLEST
from oracle_mutants import mutants

from normspec.derivations import generate
from normspec.derivations.concrete import World, evaluate
from normspec.derivations.nodes import free_indices

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
    given, wanted = {**GIVEN[oracle], **GIVEN_TO.get(name, {})}, DEFINITIONS[oracle](name)
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


EQUIVALENT = {
    r"(style_|batch_)?variance = S\.total\((x|style) \* (style_)?centred\) / [dmn]": "Σ x (x - μ) = Σ (x - μ)²",
    r"(style_|batch_)?variance = S\.total\((style_)?centred \* (x|style)\) / [dmn]": "Σ (x - μ) x = Σ (x - μ)²",
    r"(style_)?centred = (style_|batch_)?mean - (x|style)": "only the square of x - μ is used here",
}
"""Lines of mutants that are the same function, each with the reason."""


class Weighted(Exact):
    """Sums over a block of parameters are told from sums over a group by a factor."""

    def block_total(self, a):
        return self.total(a) * 7


def differences(oracle, name, function, m):
    """The outputs of a function that are not what the definitions say, where a block is not a group."""
    inputs, expected = asked(oracle, name, m)
    gathered = 1 if name in CONSTANT_GAMMA else 7
    system = Exact() if name in CONSTANT_GAMMA else Weighted()
    found = function(*(system if isinstance(each, Exact) else each for each in inputs))
    weights = {"dgamma": gathered, "dbeta": gathered}
    return [
        output
        for output, number in found.items()
        if number.values != [weights.get(output, 1) * value for value in expected(output)]
    ]


def caught(oracle, name, mutant, sizes):
    """Whether some size tells a mutant from the function that it was made of, or it does not even run."""
    try:
        return any(differences(oracle, name, mutant, m) for m in sizes)
    except (ZeroDivisionError, ValueError, ArithmeticError, TypeError, AttributeError, KeyError, IndexError):
        return True


@pytest.mark.parametrize(("oracle", "name"), sorted({p.values[:2] for p in FUNCTIONS}))
def test_every_place_of_a_printed_function_matters(oracle, name):
    """The test above is seen to fail: no function that is changed in one place passes it, unless it is the same one."""
    function = getattr(import_module(f"normspec.spec.oracles.{oracle}"), name)
    sizes = sorted((p.values[2] for p in FUNCTIONS if p.values[:2] == (oracle, name)), reverse=True)
    assert not any(differences(oracle, name, function, m) for m in sizes)
    every = list(mutants(function, swap_sums=name not in CONSTANT_GAMMA))
    survivors = {changed for mutant, changed in every if not caught(oracle, name, mutant, sizes)}
    assert len(every) > len(survivors)
    assert not [line for line in survivors if not any(re.fullmatch(same, line) for same in EQUIVALENT)]


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
