"""The generated oracles are what the derivations print, and compute what the second checker computes."""

import ast
import math
from collections.abc import Iterator
from fractions import Fraction
from functools import reduce
from importlib import import_module
from operator import mul

import pytest

from normspec.derivations import generate, quantities
from normspec.derivations.concrete import World, evaluate
from normspec.derivations.exact import exact_sqrt, reciprocal
from normspec.derivations.language import partial
from normspec.derivations.printing import check_names
from normspec.spec import forms

FILES = sorted(generate.FILES)


class Exact:
    """A number system of lists of rationals and surds, in which one group is also one block."""

    def total(self, a):
        return sum(a.values, Fraction(0)) if isinstance(a, Row) else a * self.m

    block_total = total

    def product(self, *factors):
        return reduce(mul, factors)

    def sqrt(self, a):
        return Row([self.sqrt(v) for v in a.values]) if isinstance(a, Row) else exact_sqrt(a)

    def rsqrt(self, a):
        return reciprocal(self.sqrt(a))


class Row:
    """A row of exact numbers that broadcasts against scalars."""

    def __init__(self, values):
        self.values = values

    def _with(self, other, operation):
        others = other.values if isinstance(other, Row) else [other] * len(self.values)
        return Row([operation(a, b) for a, b in zip(self.values, others, strict=True)])

    def __add__(self, other):
        return self._with(other, lambda a, b: a + b)

    def __sub__(self, other):
        return self._with(other, lambda a, b: a - b)

    def __rsub__(self, other):
        return self._with(other, lambda a, b: b - a)

    def __mul__(self, other):
        return self._with(other, lambda a, b: a * b)

    def __truediv__(self, other):
        return self._with(other, lambda a, b: a * reciprocal(Fraction(b) if isinstance(b, int) else b))

    __radd__ = __add__
    __rmul__ = __mul__


@pytest.mark.parametrize("name", FILES)
def test_the_file_is_what_the_derivations_print(name):
    """A generated file that was edited, or not regenerated, is noticed."""
    assert (generate.ORACLES / name).read_text(encoding="utf-8") == generate.printed(name)


def test_check_reports_a_file_that_differs(tmp_path, monkeypatch, capsys):
    """The comparison is seen to fail, and to say where."""
    monkeypatch.setattr(generate, "ORACLES", tmp_path)
    assert generate.main(["--check"]) == 1
    generate.main()
    assert generate.main(["--check"]) == 0
    path = tmp_path / FILES[0]
    path.write_text(path.read_text(encoding="utf-8").replace("epsilon", "eps"), encoding="utf-8")
    assert generate.main(["--check"]) == 1
    assert "eps)" in capsys.readouterr().out


@pytest.mark.parametrize("name", FILES)
def test_the_code_uses_the_four_operations_sums_and_roots_only(name):
    """No power, no call but S.total, S.block_total, S.product, S.sqrt, S.rsqrt, S.abs; no name that leaks."""
    code = generate.printed(name)
    check_names(code)
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.BitOr):
            assert isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div))
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) in {"S.total", "S.block_total", "S.product", "S.sqrt", "S.rsqrt", "S.abs"}


def test_a_leaking_name_is_refused():
    """The check of names is seen to fail."""
    with pytest.raises(ValueError, match="names leak into generated code: r7"):
        check_names("def f(x):\n    return x + r7\n")


def cases() -> Iterator[tuple[World, list[Fraction], list[Fraction], list[Fraction]]]:
    for m in (1, 2, 3, 5):
        world = World(m, {"m": m})
        rows = [[world.draw((n, k), quantities.x.head) for k in range(1, m + 1)] for n in ("x", "g", "gamma", "beta")]
        yield world, *rows


def at(expr, world, index, m):
    out = []
    for k in range(1, m + 1):
        with world.binding(index, k):
            out.append(evaluate(expr, world))
    return out


@pytest.mark.parametrize("variant", ["forward", "forward_apart", "forward_folded", "forward_one_pass"])
def test_every_forward_computes_y(variant):
    """The printed forward, run on exact numbers, gives the derivation's y."""
    oracle = import_module("normspec.spec.oracles.normalize")
    q = quantities
    for world, x, _g, gamma, beta in cases():
        epsilon = world.draw("epsilon", q.epsilon)
        out = getattr(oracle, variant)(Exact(), Row(x), Row(gamma), Row(beta), epsilon, len(x))
        assert out["y"].values == at(q.y[q.j], world, q.j, len(x))
        for name, value in {"mean": q.mu, "variance": q.v}.items():
            assert name not in out or out[name] == evaluate(value, world)


@pytest.mark.parametrize(
    "variant", ["backward", "backward_projected", "backward_gathered", "backward_folded", "backward_apart"]
)
def test_every_backward_computes_the_derivative_of_the_loss(variant):
    """The printed backward, run on exact numbers, gives the derivatives that nilpotents give."""
    oracle = import_module("normspec.spec.oracles.normalize")
    q = quantities
    for world, x, g, gamma, _beta in cases():
        if variant in forms.ALIGNED:
            gamma = gamma[:1] * len(x)
            world.values.update({("gamma", k): gamma[0] for k in range(1, len(x) + 1)})
        epsilon = world.draw("epsilon", q.epsilon)
        out = getattr(oracle, variant)(Exact(), Row(x), Row(g), Row(gamma), epsilon, len(x))
        xhat = at(q.xhat[q.j], world, q.j, len(x))
        gradients = {"dbeta": sum(g), "dgamma": sum((a * b for a, b in zip(g, xhat, strict=True)), Fraction(0))}
        for name, value in out.items():
            if name == "dx":
                assert value.values == at(partial(q.loss, q.x[q.j]), world, q.j, len(x))
            else:
                assert value == gradients[name]


def test_rms_norm_forward_and_backward():
    """RMS norm's printed code against its definition and nilpotents."""
    oracle = import_module("normspec.spec.oracles.rescale")
    family = import_module("normspec.derivations.family")
    q = quantities
    for world, x, g, gamma, beta in cases():
        epsilon = world.draw("epsilon", q.epsilon)
        out = oracle.forward(Exact(), Row(x), Row(gamma), Row(beta), epsilon, len(x))
        assert out["y"].values == at(q.gamma[q.j] * family.rms.xhat[q.j] + q.beta[q.j], world, q.j, len(x))
        back = oracle.backward(Exact(), Row(x), Row(g), Row(gamma), epsilon, len(x))
        assert back["dx"].values == at(partial(family.loss(family.rms), q.x[q.j]), world, q.j, len(x))


def test_inference_blend_and_unbias():
    """The small functions, on numbers chosen by hand."""
    oracle = import_module("normspec.spec.oracles.normalize")
    x, gamma, beta = Row([Fraction(5)]), Row([Fraction(3)]), Row([Fraction(7)])
    given = (x, gamma, beta, Fraction(1), Fraction(3), Fraction(1))
    assert oracle.inference(Exact(), *given)["y"].values == [13]  # 3 (5 - 1) / 2 + 7
    assert oracle.inference_folded(Exact(), *given)["y"].values == [13]
    assert oracle.inference_apart(Exact(), *given)["y"].values == [13]
    backward = (x, Row([Fraction(2)]), gamma, Fraction(1), Fraction(3), Fraction(1))
    assert oracle.inference_backward_apart(Exact(), *backward) == {"dgamma": 4}
    back = oracle.inference_backward(Exact(), x, Row([Fraction(2)]), gamma, Fraction(1), Fraction(3), Fraction(1))
    assert (back["dx"].values, back["dgamma"], back["dbeta"]) == ([3], 4, 2)
    assert oracle.blend(Fraction(1), Fraction(3), Fraction(1, 4))["running"] == Fraction(3, 2)
    shares = (Fraction(3, 4), Fraction(1, 4))
    assert oracle.blend_weighted(Fraction(1), Fraction(3), *shares)["running"] == Fraction(3, 2)
    assert oracle.unbias(Fraction(3), 4)["unbiased"] == 4
    assert math.isclose(oracle.unbias(0.75, 4)["unbiased"], 1.0)
