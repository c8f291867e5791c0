"""The prover is sound: what it says holds at every size tried, and what is wrong it does not prove."""

import ast
from fractions import Fraction
from pathlib import Path

import pytest
from expressions import expression, i, j, m, rooted, source, value_of, world_at, x, y
from sympy import Symbol, sqrt

import normspec.derivations.gradients as gradients
import normspec.derivations.quantities as q
from normspec.derivations import concrete
from normspec.derivations.concrete import World, evaluate
from normspec.derivations.corroboration import compare_somewhere
from normspec.derivations.evidence import NotProvedError
from normspec.derivations.expect import expected
from normspec.derivations.language import (
    Delta,
    Index,
    indices,
    labelling,
    mean,
    natural,
    partial,
    permutation,
    positive,
    scalar,
    total,
)
from normspec.derivations.normal import Normalizer, UndecidedError
from normspec.derivations.prover import prove
from normspec.derivations.readback import closed
from normspec.derivations.schemes import Independent
from normspec.derivations.second_order import S

SECOND_X = closed(partial(S, q.x[q.k]), q.standard, [q.ghat], over=q.m * q.sigma**2)
EXPRESSIONS, PLACES = 7000, 6
ROOTED = 400


def places(size):
    """Places of the two free indices: apart twice, and coinciding once."""
    return [({}, {i: 1, j: size}), ({}, {i: size, j: 1}), ({j: i}, {i: 2, j: 2})]


def agreements(make, count):
    """Compare raw values with those of normal forms; return how many comparisons were made."""
    made = 0
    for seed in range(count):
        raw = make(source(seed))
        forms = {}
        for size in (2, 3):
            for representatives, at in places(size):
                key = bool(representatives)
                forms[key] = forms.get(key) or Normalizer(representatives)(raw)
                world = world_at(seed + size, size, at)
                assert evaluate(raw, world) == value_of(forms[key], world), f"seed={seed!r} size={size!r} at={at!r}"
                made += 1
    return made


def test_normal_forms_agree_with_raw_expressions():
    """At least 40,000 comparisons in exact arithmetic, with no mismatch."""
    assert agreements(expression, EXPRESSIONS) >= 40_000


def test_normal_forms_agree_with_raw_expressions_under_roots():
    """The same where square roots stand in numerators and denominators."""
    assert agreements(rooted, ROOTED) >= 2_000


def test_the_comparison_notices_a_wrong_normal_form():
    """One coefficient changed in a normal form is seen."""
    raw = total(x[i] * y[i], i) + q.x[j]
    wrong = {mono: coefficient + 1 for mono, coefficient in Normalizer()(raw).items()}
    world = world_at(0, 3, {i: 1, j: 2})
    assert evaluate(raw, world) != value_of(wrong, world)


# ---- wrong variants


def dx_variants():
    """Wrong gradients: a sign, a factor, m against m - 1, v against v + epsilon, a path cut."""
    k = q.j
    one, bar, dot = q.ghat[k], mean(q.ghat[q.i], q.i), q.xhat[k] * mean(q.ghat[q.i] * q.xhat[q.i], q.i)
    terms = (one, -bar, -dot)
    factors = (-1, 0, 2, Fraction(1, 2), m / (m - 1), (m - 1) / m, 1 + (m - 2) * (m - 3), q.sigma, q.v, 1 / m)
    for n, term in enumerate(terms):
        for factor in factors:
            changed = [*terms]
            changed[n] = term * (factor if not isinstance(factor, Fraction) else 1 / Symbol("two", positive=True))
            yield sum(changed) / q.sigma
    right = sum(terms)
    yield from (
        right / other for other in (sqrt(q.v), q.sigma**2, sqrt(q.v) + q.epsilon, sqrt(m * q.v / (m - 1) + q.epsilon))
    )
    yield from (right * q.gamma[k] / q.sigma, right, -right / q.sigma, right / q.sigma + q.xhat[k], q.sigma * right)
    yield (one - bar - (q.x[k] - q.mu) * mean(q.ghat[q.i] * q.xhat[q.i], q.i)) / q.sigma
    yield (one - bar - q.xhat[k] * mean(q.ghat[q.i] * q.x[q.i], q.i)) / q.sigma
    yield (one - bar - q.xhat[k] * mean(q.g[q.i] * q.xhat[q.i], q.i)) / q.sigma
    yield (q.g[k] - bar - dot) / q.sigma


def second_variants():
    """Wrong double backwards: each term changed by a sign, a factor, m against m - 1, or left out."""
    (inner,) = [f for f in SECOND_X.args if f.is_Add]
    rest = SECOND_X / inner
    for term in inner.args:
        for factor in (-1, 0, 2, (m - 1) / m, m / (m - 1), 1 + (m - 2) * (m - 3), q.sigma):
            yield rest * (inner - term + factor * term)
    yield from (SECOND_X * q.sigma, SECOND_X / q.sigma, SECOND_X * q.sigma**2 / q.v, -SECOND_X, SECOND_X * m / (m - 1))


def refuted(left, right):
    """Whether an exact counterexample is found."""
    for size in (2, 3, 5, 4, 7):
        try:
            compare_somewhere(left, right, size, {"m": size}, ())
        except NotProvedError:
            return True
    return False


@pytest.mark.parametrize(
    ("left", "variants", "least"),
    [
        (partial(q.loss, q.x[q.j]), list(dx_variants()), 40),
        (partial(S, q.x[q.k]), list(second_variants()), 50),
    ],
    ids=["dx", "double-backward"],
)
def test_no_wrong_gradient_is_proved(left, variants, least):
    """At least 90 wrong variants in all: none is proved, and each is refuted by an exact counterexample."""
    assert len(variants) >= least
    for wrong in variants:
        assert not prove(left, wrong), wrong
        assert refuted(left, wrong), wrong


def test_the_right_gradients_are_proved():
    """The variants fail for what was changed, not for their form."""
    assert prove(partial(q.loss, q.x[q.j]), gradients.DX)
    assert prove(partial(S, q.x[q.k]), SECOND_X)


# ---- random equations


def equations(count):
    """Random equations, true and false: each side a random expression, rewritten or disturbed."""
    for seed in range(count):
        draw = source(10_000 + seed)
        left = expression(draw, 3)
        right = [
            lambda left=left: left.expand(),
            lambda left=left, draw=draw: left + total(x[i] - mean(x[i], i), i) * expression(draw, 1),
            lambda left=left: left + m * (m - 2) * (m - 3) * (total(x[i] ** 2, i) - total(x[i], i) ** 2 / m),
            lambda left=left, draw=draw: left + expression(draw, 2),
            lambda left=left, draw=draw: left * (1 + leafless(draw)),
        ][seed % 5]()
        yield left, right


def leafless(draw):
    return total(expression(draw, 0, (Index("l", m),)), Index("l", m)) - total(y[i], i)


def test_every_random_equation_is_settled():
    """Of 600 equations, what is proved holds at every size tried, and what is not proved has a counterexample."""
    proved = refused = 0
    for left, right in equations(600):
        if prove(left, right):
            proved += 1
            assert not refuted(left, right), (left, right)
        else:
            refused += 1
            assert refuted(left, right), (left, right)
    assert (proved + refused, proved > 200, refused > 200) == (600, True, True)


# ---- roots


def test_a_root_is_not_split_unless_a_factor_is_declared_positive():
    """sqrt(p q) = sqrt(p) sqrt(q) is false for p = q = -1, also where sqrt(p) was seen before."""
    p, r, a = scalar("p"), scalar("r"), positive("a")
    normal = Normalizer()
    normal(sqrt(p) * sqrt(r))
    assert normal(sqrt(p * r)) != normal(sqrt(p) * sqrt(r))
    assert not prove(sqrt(p * r), sqrt(p) * sqrt(r))
    assert not prove(sqrt(p**2 * r), p * sqrt(r))
    assert not prove(sqrt((p + r) ** 2), p + r)
    assert prove(sqrt(a * r), sqrt(a) * sqrt(r))
    assert prove(sqrt(a**2 * r), a * sqrt(r))
    assert not prove(sqrt(p / r), sqrt(p) / sqrt(r))


def test_a_polynomial_leaves_a_root_only_when_declared_positive():
    """m - 1 is no positive symbol; declared positive, it may leave."""
    p, r = total(x[i], i) - 1, scalar("r")
    assert not prove(sqrt(p * r), sqrt(p) * sqrt(r))
    assert prove(sqrt(p * r), sqrt(p) * sqrt(r), positives=[p])
    assert not prove(sqrt(-p * r), sqrt(-p) * sqrt(r), positives=[p])


# ---- what is refused


def test_small_sizes_alone_are_no_evidence():
    """A term with the factor (m - 2)(m - 3) vanishes at 2 and 3; the prover is not deceived."""
    wrong = mean(q.xhat[q.i] ** 2, q.i) + (m - 2) * (m - 3)
    right = q.v / (q.v + q.epsilon)
    for size in (2, 3):
        compare_somewhere(wrong, right, size, {"m": size}, ())
    assert not prove(wrong, right)


def test_floats_are_refused_loudly():
    """A float is no exact number."""
    with pytest.raises(TypeError, match="exact"):
        Normalizer()(0.5 * x[i])


def test_the_expectation_of_a_random_denominator_is_refused():
    """E of xhat is not that of a polynomial."""
    sample = Independent(q.x.head, m)
    assert not prove(expected(mean(q.xhat[q.i] ** 2, q.i), sample), 1)
    with pytest.raises(UndecidedError, match="random"):
        Normalizer()(expected(q.v / (q.v + 1), sample))


def test_indices_of_different_ranges_are_not_compared():
    """A delta between them would pick entries that do not exist."""
    n = natural("n")
    k = indices("k", n + 1)
    with pytest.raises(UndecidedError, match="one range"):
        Normalizer()(total(Delta(Index("l", n), k) * x[Index("l", n)], Index("l", n)))


def test_free_indices_may_coincide():
    """An identity that holds only for distinct indices is not proved."""
    assert not prove(Delta(i, j), 0)
    assert prove(Delta(i, j), 0, distinct=(i, j))
    assert prove(Delta(i, j) * x[i], Delta(i, j) * x[j])


def test_only_a_permutation_reindexes_a_sum():
    """A labelling may send several elements to one place, and miss others."""
    label, pi = labelling("b", m), permutation("pi")
    assert prove(total(x[pi(i)] * y[pi(i)], i), total(x[i] * y[i], i))
    assert not prove(total(x[pi(i)] * y[i], i), total(x[i] * y[i], i))
    assert not prove(total(x[label(i)], i), total(x[i], i))


def test_a_vanishing_denominator_is_not_a_proof():
    """0/0 has no value, and no equation about it is proved."""
    with pytest.raises(ZeroDivisionError):
        prove(1 / total(x[i] - mean(x[i], i), i), 1)


def imported(name, known=()):
    """The modules of the derivations that a module rests on, and itself."""
    path = Path(concrete.__file__).with_name(f"{name}.py")
    found = {name, *known}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("normspec"):
            below = [node.module.rpartition(".")[2], *(a.name for a in node.names if node.module.endswith("tions"))]
            for module in below:
                if module not in found and path.with_name(f"{module}.py").exists():
                    found |= imported(module, found)
    return found


def test_the_second_checker_shares_no_code_with_the_first():
    """Both know what an expression is; beyond that neither rests on anything that the other does."""
    first, second = imported("prover"), imported("concrete")
    assert second == {"concrete", "exact", "nodes"}
    assert {"normal", "laurent", "sums", "roots", "rewriting"} < first
    assert first & second == {"nodes"}


def test_the_second_checker_notices_a_wrong_derivative():
    """Derivatives by nilpotents differ from a wrong closed form, at the first size tried."""
    world = World(2, {"m": 3})
    world.bound[q.j] = 1
    assert evaluate(partial(q.sigma, q.x[q.j]), world) == evaluate(q.xhat[q.j] / m, world)
    assert evaluate(partial(q.sigma, q.x[q.j]), world) != evaluate(q.xhat[q.j], world)
