"""Every claim is verified, findable, unambiguous and readable."""

import ast
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from sympy import Tuple, sympify

from normspec.derivations import catalogue, quantities
from normspec.derivations.corroboration import compare_somewhere
from normspec.derivations.evidence import NotProvedError
from normspec.derivations.language import Definition, Index, substitute
from normspec.derivations.proof import Bound, Equation, Induction, Witness
from normspec.derivations.prover import prove
from normspec.derivations.readback import closed, collected
from normspec.derivations.rendering import render_catalogue, render_claim
from normspec.derivations.rewriting import names_in

NAMES = [name for names in catalogue.CLAIMS.values() for name in names]


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_is_verified(name):
    """Each step is proved for all sizes and corroborated by the second checker."""
    found = catalogue.claim(name)
    assert len(found.verify()) == len(found.steps) > 0
    assert re.search(r"\w.*\.$", found.statement)
    assert all(step.reason for step in found.steps)


@pytest.mark.parametrize("chapter", catalogue.CHAPTERS)
def test_the_catalogue_lists_what_the_chapter_states(chapter):
    """The static table and the chapters agree, name by name and in order."""
    loaded = catalogue.load(chapter)
    assert (loaded.name, tuple(c.name for c in loaded.claims)) == (chapter, catalogue.CLAIMS[chapter])


def test_names_are_unique_and_in_one_style():
    """A name finds one claim."""
    assert len(set(NAMES)) == len(NAMES) >= 100
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-zA-Z0-9]+)*", name) for name in NAMES)


def test_an_unknown_name_is_told_what_is_close():
    """One clear line, with the names that come close."""
    with pytest.raises(catalogue.UnknownNameError, match=r"no claim is named 'besel'; did you mean 'bessel'\?"):
        catalogue.claim("besel")
    with pytest.raises(
        catalogue.UnknownNameError, match=r"no chapter is named 'qqq'; `normspec derive` lists them all"
    ):
        catalogue.load("qqq")


def test_the_catalogue_imports_no_sympy():
    """Names can be checked without SymPy."""
    code = "import sys, normspec.derivations.catalogue as c; c.chapter_of('dx'); sys.exit('sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def equations():
    for name in NAMES:
        for number, step in enumerate(catalogue.claim(name).steps):
            if isinstance(step, Equation):
                yield pytest.param(step, id=f"{name}-{number}")


@pytest.mark.parametrize("step", list(equations()))
def test_no_equation_survives_a_change(step):
    """Both checkers are seen to fail on every equation: one added to a side is neither proved nor corroborated."""
    wrong = sympify(step.right) + 1
    rules = [lemma.rule for lemma in step.given]
    assert not prove(step.left, wrong, step.distinct, step.positives, rules)
    sizes = step.sizes[0] if step.sizes else dict.fromkeys(("m", "n", "N", "K", "C", "F", "t", "p"), 3)
    with pytest.raises(NotProvedError, match=" is "):
        compare_somewhere(step.left, wrong, 0, sizes, step.distinct)


CLOSED_FORMS = ("family", "orders", "double_backward", "lp_norm", "cosine", "scaling", "renormalize", "weight_norm")


def with_a_sign_changed(expr):
    """Yield an expression with the sign of one term of its outermost sum changed."""
    if expr.is_Add:
        yield from (expr - 2 * term for term in expr.args)
    if expr.is_Mul:
        for factor in expr.args:
            yield from (expr / factor * changed for changed in with_a_sign_changed(factor))


def gradients():
    for chapter in CLOSED_FORMS:
        for name in catalogue.CLAIMS[chapter]:
            for number, step in enumerate(catalogue.claim(name).steps):
                if isinstance(step, Equation) and any(with_a_sign_changed(sympify(step.right))):
                    yield pytest.param(step, id=f"{name}-{number}")


@pytest.mark.parametrize("step", list(gradients()))
def test_no_closed_form_survives_a_wrong_sign(step):
    """Each term is needed as it is: with another sign nothing is proved, and an exact counterexample is found."""
    sizes = [{**size, "m": max(3, size.get("m", 3))} for size in step.sizes[-1:]]
    for wrong in with_a_sign_changed(sympify(step.right)):
        assert not prove(step.left, wrong, step.distinct, step.positives, [lemma.rule for lemma in step.given])
        with pytest.raises(NotProvedError, match=" is "):
            compare_somewhere(step.left, wrong, 0, sizes[0] if sizes else {"m": 3, "n": 3}, step.distinct)


REFUTED = {
    "scale-covariance": "epsilon not rescaled",
    "chan-squares": "without the term in δ²",
    "affine-sharing": "channels of two places: layer norm may scale them differently",
    "batch-gradient": "the derivative of mean (γ x̂)²/2 with respect to γ, at γ = 1",
    "not-idempotent": "standardized twice",
}


@pytest.mark.parametrize("name", REFUTED)
def test_what_does_not_hold_is_stated_with_an_exact_witness(name):
    """The five that are often believed: each has two different exact values at one example."""
    (witness,) = [s for s in catalogue.claim(name).steps if isinstance(s, Witness)]
    assert (witness.reason, witness.relation) == (REFUTED[name], "≠")
    assert re.fullmatch(r"\S.* against \S.* at .*", witness.verify().exact.partition("; ")[2] or witness.verify().exact)


def test_a_witness_that_shows_nothing_is_refused():
    """Equal sides are no counterexample."""
    with pytest.raises(NotProvedError, match="no witness"):
        Witness(sympify(1), sympify(1), "", {}, {}).verify()


def test_a_wrong_induction_is_refused():
    """A closed form that fails at the base, or in the step, is not proved."""
    (right,) = [s for s in catalogue.claim("cumulative-average").steps if isinstance(s, Induction)]
    t = right.variable
    base = Induction(right.left, lambda t: right.formula(t) + 1 / t, right.first, right.next, t, "", start=1)
    step = Induction(right.left, lambda t: right.formula(t) + t - 1, right.first, right.next, t, "", start=1)
    for wrong in (base, step):
        with pytest.raises(NotProvedError, match="not proved"):
            wrong.verify()


def test_a_bound_with_a_gap_of_unknown_sign_is_refused():
    """A gap must be a sum of squares by its form, and equal to the difference."""
    (right,) = [s for s in catalogue.claim("cosine-range").steps if isinstance(s, Bound)]
    with pytest.raises(NotProvedError, match="not manifestly nonnegative"):
        Bound(right.right, right.left, "", -right.gap).verify()
    with pytest.raises(NotProvedError, match="not proved"):
        Bound(right.left, right.right, "", 2 * right.gap).verify()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "min-max-range"])  # y at its own two ends
def test_a_name_has_one_meaning_in_a_claim(name):
    """Two definitions under one name would make the printed page a lie."""
    meanings = {}
    for step in catalogue.claim(name).steps:
        sides = step.rule if isinstance(step, Induction) else (step.left, step.right)
        for defined in all_names(Tuple(*map(sympify, sides))):
            if len(set(defined.index)) < len(defined.index):
                continue
            places = {at: Index(f"place{k}", 1) for k, at in enumerate(defined.index)}
            meaning = canonical(substitute(defined.body, places))
            assert meanings.setdefault((defined.name, len(defined.index)), meaning) == meaning, defined.name


def all_names(expr):
    found = [expr] if hasattr(expr, "body") and hasattr(expr, "name") else []
    return found + [name for argument in expr.args for name in all_names(argument)]


def canonical(expr):
    """Rename binders by their depth."""
    if not expr.args:
        return expr
    if type(expr).__name__ == "Total":
        index = Index("bound", expr.index.size)
        return ("Total", canonical(substitute(expr.body, {expr.index: index})), expr.index.size)
    return (expr.func.__name__, frozenset_of(map(canonical, expr.args)))


def frozenset_of(items):
    counted = {}
    for item in items:
        counted[item] = counted.get(item, 0) + 1
    return frozenset(counted.items())


@pytest.mark.parametrize("name", NAMES)
def test_a_page_fits_a_terminal_and_leaks_nothing(name):
    """At most 80 columns, no internal names, balanced parentheses."""
    page = render_claim(catalogue.claim(name), "text")
    for line in page.splitlines():
        assert sum(not unicodedata.combining(c) for c in line) <= 80, line
    assert not re.search(r"#|\$|Index|Entry|Total|Defined|\s_|[{}]", page), page
    assert page.count("(") == page.count(")")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("format", ["latex", "markdown"])
def test_latex_is_balanced_and_plain(name, format):
    """Braces and left-right pairs match, and only macros that MathJax knows are used."""
    page = render_claim(catalogue.claim(name), format)
    assert page.count("{") == page.count("}")
    assert page.count(r"\left") - page.count(r"\left[") == page.count(r"\right") - page.count(r"\right]") - (
        page.count(r"\left[") - page.count(r"\right]")
    )
    mathematics = re.findall(r"\$\$(.*?)\$\$|\\\[(.*?)\\\]", page)
    for display in ("".join(found) for found in mathematics):
        assert set(re.findall(r"\\([a-zA-Z]+)", display)) <= MACROS, display
        assert display.isascii(), display
        assert not re.search(r"'(_\{[^}]*\})?\^", display), "a prime and an exponent are two superscripts"


MACROS = set(
    re.findall(
        r"\w+",
        "alpha beta gamma delta epsilon varepsilon eta theta mu rho sigma pi hat bar mathrm mathbb frac sqrt sum left "
        "right partial neq le Delta Theta kappa omega phi tau lambda",
    )
)


@pytest.mark.parametrize("name", NAMES)
def test_the_prose_of_latex_has_nothing_that_only_mathematics_may_have(name):
    """Letters, subscripts and signs of prose are set as mathematics; comments are not read."""
    lines = [line for line in render_claim(catalogue.claim(name), "latex").splitlines() if line[:1] != "%"]
    prose = re.sub(r"\$[^$]*\$|^\\\[.*\\\]$|\\%", "", "\n".join(lines), flags=re.MULTILINE)
    assert prose.isascii()
    assert not set(prose) & set("_^&#~$"), prose


@pytest.mark.parametrize("format", ["text", "markdown", "latex"])
def test_the_catalogue_lists_every_claim(format):
    """Each name and statement is there."""
    page = render_catalogue(format)
    assert all(name in page for name in NAMES)


def test_an_unknown_format_is_refused():
    """The formats are named."""
    with pytest.raises(ValueError, match=r"format='html' is not one of text, markdown, latex"):
        render_catalogue("html")


FAMOUS = {
    "dx": "(ĝⱼ − (1/m) Σᵢ ĝᵢ − (1/m) x̂ⱼ Σᵢ ĝᵢ x̂ᵢ)/σ",
    "jacobian": "∂x̂ᵢ/∂xⱼ = (m δᵢⱼ − 1 − x̂ᵢ x̂ⱼ)/(m σ)",
    "dgamma": "Σₑ₌₁ⁿ [b(e) = c] gₑ x̂ₑ",
    "second-moment": "v/(v + ε)",
    "bessel": "E[m v/(m − 1)] = m E[v]/(m − 1)",
    "identity-recovery": "σ x̂ⱼ + μ = xⱼ",
    "y": "yⱼ = γⱼ x̂ⱼ + βⱼ",
    "running-steps": "rₜ = qᵗ r₀ + (1 − q) Σₖ₌₁ᵗ q^(t−k) Mₖ",
    "rms-dx": "(ĝⱼ − (1/m) x̂ⱼ Σᵢ ĝᵢ x̂ᵢ)/σ",
    "weight-norm-dv": "(G/r) (gⱼ − eⱼ Σᵢ eᵢ gᵢ)",
    "dsigma": "∂σ/∂xⱼ = x̂ⱼ/m",
}


@pytest.mark.parametrize("name", FAMOUS)
def test_famous_formulas_stand_in_their_famous_form(name):
    """As the papers write them, up to the names of indices."""
    page = unicodedata.normalize("NFC", render_claim(catalogue.claim(name), "text"))
    assert unicodedata.normalize("NFC", FAMOUS[name]) in page


def test_names_in_come_before_what_rests_on_them():
    """A page defines a name before it uses it."""
    shown = [d.name for d in names_in(Tuple(catalogue.claim("dx").steps[0].left))]
    assert shown == ["mu", "v", "sigma", "xhat", "y", "L"]


def test_the_mathematics_knows_nothing_of_the_rest():
    """Derivations import SymPy, the standard library and themselves."""
    folder = Path(catalogue.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            imported = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            imported += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for module in imported:
                root = module.split(".")[0]
                assert root in {"sympy", *sys.stdlib_module_names} or module.startswith("normspec.derivations"), path


def test_no_chapter_is_longer_than_a_reader_can_hold():
    """Content in at most 250 lines a chapter."""
    for chapter in catalogue.CHAPTERS:
        path = Path(catalogue.__file__).parent / f"{chapter}.py"
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 250


def test_a_name_that_is_also_a_coordinate_is_refused():
    """Two meanings under one name would give a wrong closed form."""
    taken = Definition("sigma", quantities.g[quantities.i], quantities.i)
    with pytest.raises(ValueError, match="a coordinate of the chart has a kept name: sigma"):
        closed(taken[quantities.j], quantities.standard, [taken])


def test_what_is_not_linear_has_no_coefficients():
    """A square of what is collected by is refused."""
    x, j = quantities.x, quantities.j
    with pytest.raises(ValueError, match="not linear in"):
        collected(x[j] ** 2, [x[j]])
