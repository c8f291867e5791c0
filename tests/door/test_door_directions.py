"""Imports run one way, and nothing heavy is imported at the door."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOOR = ROOT / "src" / "normspec"
LAYERS = ("derivations", "spec", "properties", "implementations")

# What may be imported, as beginnings of module names. The door may import everything.
VALUES = tuple(
    f"normspec.spec.{name}"
    for name in (
        *(
            "case",
            "claims",
            "contracts",
            "conventions",
            "environment",
            "formats",
            "node",
            "operations",
            "outcome",
            "partition",
        ),
        "plain",
    )
)
ALLOWED = {
    "derivations": ("normspec.derivations",),
    "spec": ("normspec.spec",),
    "implementations": ("normspec.implementations", *VALUES),
    "properties": ("normspec.properties", "normspec.spec", "normspec.implementations"),
}
FORBIDDEN_LIBRARIES = {"derivations": ("numpy", "torch", "hypothesis"), "spec": ("sympy", "torch", "hypothesis")}

# The number system that holds autograd against the derived gradients. Only the tests use it.
LEAF = "normspec.spec.numbers.autograd"


def sources() -> dict[str, Path]:
    """Every module of the project by its name."""
    found = {}
    for base in (*(ROOT / layer for layer in LAYERS), DOOR):
        for path in sorted(base.rglob("*.py")):
            parts = path.relative_to(ROOT if base != DOOR else DOOR).with_suffix("").parts
            if base != DOOR or parts[0] not in LAYERS:
                found[".".join(("normspec", *parts)).removesuffix(".__init__")] = path
    return found


SOURCES = sources()


@cache
def imports(module: str, *, at_import: bool = False) -> tuple[str, ...]:
    """The modules that one imports; at_import leaves out those inside functions and those for type checkers."""
    found: list[str] = []
    todo: list[ast.AST] = [ast.parse(SOURCES[module].read_text(encoding="utf-8"))]
    while todo:
        node = todo.pop()
        if at_import and (isinstance(node, ast.FunctionDef) or _for_type_checkers(node)):
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [name if name in SOURCES else str(node.module) for name in inner]
        todo += ast.iter_child_nodes(node)
    return tuple(found)


def _for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _begins(name: str, beginnings: tuple[str, ...]) -> bool:
    return any(name == start or name.startswith(f"{start}.") for start in beginnings)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_what_lies_below_it(layer):
    modules = [name for name in SOURCES if _begins(name, (f"normspec.{layer}",))]
    ours = {(name, used) for name in modules for used in imports(name) if _begins(used, ("normspec",))}
    assert modules
    assert not {(name, used) for name, used in ours if not _begins(used, ALLOWED[layer])}


@pytest.mark.parametrize("layer", FORBIDDEN_LIBRARIES)
def test_a_layer_keeps_out_the_libraries_that_are_not_its_business(layer):
    modules = [name for name in SOURCES if _begins(name, (f"normspec.{layer}",)) and name != LEAF]
    assert not {(n, used) for n in modules for used in imports(n) if _begins(used, FORBIDDEN_LIBRARIES[layer])}


def test_nothing_needs_torch_for_its_own_numbers():
    assert not [name for name in SOURCES if LEAF in imports(name)]


def test_no_import_cycle():
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, f"cycle: {' -> '.join((*way, name))}"
        if name not in done:
            for used in imports(name, at_import=True):
                if used in SOURCES and used != name:
                    visit(used, (*way, name))
            done.add(name)

    for name in SOURCES:
        visit(name, ())
    assert done == set(SOURCES)


LIGHT = {
    "import normspec": ("sympy", "torch", "numpy", "rich", "hypothesis", "click"),
    "from normspec.command import main; main(['--help'])": ("sympy", "torch", "numpy", "rich", "hypothesis"),
    "from normspec.command import main; main(['list', 'implementations'])": ("sympy", "torch"),
    "import normspec; normspec.check": ("sympy", "torch"),
    (
        "import normspec\nran = normspec.check('numpy', operations=['rms_norm'], laws=['dx'], dtypes=['float32'], "
        "max_examples=3)\nassert ran.summary.executed"
    ): ("sympy", "torch"),
}


@pytest.mark.parametrize("program", LIGHT)
def test_nothing_heavy_is_imported_before_it_is_needed(program):
    shown = f"{program}\nimport sys; print('LOADED', *sys.modules)"
    run = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.rpartition("LOADED")[2].split())
    assert "normspec" in loaded
    assert not loaded & set(LIGHT[program])
