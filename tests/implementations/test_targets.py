"""Targets: every way to name an implementation, and one line for every way to fail."""

import subprocess
import sys
from pathlib import Path

import pytest

from normspec.implementations.contract import Implementation
from normspec.implementations.errors import TargetError
from normspec.implementations.faulty import FAULTS
from normspec.implementations.targets import REGISTERED, list_names, resolve
from normspec.spec.operations import OPERATIONS

FUNCTION = "def norm(x, gamma, beta, *, epsilon):\n    return x\n"
BY_HAND = """
from dataclasses import replace
from normspec.implementations.numpy.batch_norm import TWO_PASS, WELFORD
from normspec.spec.claims import Claims
one, both, nothing = TWO_PASS, [TWO_PASS, WELFORD], ()
no_operation = replace(TWO_PASS, operation="batchnorm")
no_layout = replace(TWO_PASS, claims=Claims(layouts=("spiral",)))
no_convention = replace(TWO_PASS, claims=Claims(conventions={"momentum": "old"}))
"""


def told(target: str, operation: str | None = None) -> str:
    with pytest.raises(TargetError) as caught:
        resolve(target, operation)
    message = str(caught.value)
    assert message.startswith(f"target={target!r}")
    assert message.isprintable()
    return message


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to an empty directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_numpy_names_all_numpy_implementations() -> None:
    assert [each.name for each in resolve("numpy", "batch_norm")] == [
        "numpy-two-pass",
        "numpy-welford",
        "numpy-sharded",
    ]
    assert {each.operation for each in resolve("numpy")} == set(OPERATIONS)


@pytest.mark.parametrize("name", REGISTERED)
def test_every_registered_name_resolves(name: str) -> None:
    try:
        found = resolve(name)
    except TargetError as error:
        if "is not installed; pip install 'normspec[" in str(error):
            pytest.skip(str(error))
        raise
    assert found
    assert all(isinstance(each, Implementation) for each in found)
    assert len({(each.name, each.operation) for each in found}) == len(found)


def test_every_fault_resolves_under_its_name() -> None:
    for name, fault in FAULTS.items():
        (found,) = resolve(f"faulty:{name}")
        assert (found.name, found.operation) == (f"faulty:{name}", fault.operations[0])
        assert [resolve(f"faulty:{name}", each)[0].operation for each in fault.operations] == list(fault.operations)


def test_names_are_listed_without_importing_a_framework() -> None:
    program = (
        "import sys\nfrom normspec.implementations.targets import list_names\nlist_names()\n"
        "print([name for name in ('torch', 'jax', 'sympy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_list_has_a_line_for_each_name() -> None:
    names = list_names()
    assert {"numpy", "torch", "torch-module", "faulty:eps-ignored"} <= set(names)
    assert all(line and "\n" not in line for line in names.values())


def test_a_function_in_a_file_is_named_by_its_target(here: Path) -> None:
    (here / "mine.py").write_text(FUNCTION)
    (found,) = resolve("mine.py:norm", "batch_norm")
    assert (found.name, found.operation, found.claims.parameters) == ("mine.py:norm", "batch_norm", ("gamma", "beta"))


def test_a_function_in_a_module_of_the_current_directory_is_found(here: Path) -> None:
    (here / "a_module_of_mine.py").write_text(FUNCTION)
    assert resolve("a_module_of_mine:norm", "layer_norm")[0].name == "a_module_of_mine:norm"


def test_a_file_can_import_its_neighbour(here: Path) -> None:
    (here / "a_neighbour.py").write_text(FUNCTION)
    (here / "first.py").write_text("from a_neighbour import norm\n")
    assert resolve("first.py:norm", "layer_norm")[0].operation == "layer_norm"


def test_implementations_made_by_hand_keep_their_names(here: Path) -> None:
    (here / "hand.py").write_text(BY_HAND)
    assert [each.name for each in resolve("hand.py:one")] == ["numpy-two-pass"]
    assert [each.name for each in resolve("hand.py:both")] == ["numpy-two-pass", "numpy-welford"]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nump", "is unknown: did you mean numpy? 'normspec list implementations' shows the names"),
        ("faulty:eps-ignore", "is unknown: did you mean faulty:eps-ignored or "),
        ("mine.py", "is unknown: name what to test in the file, as mine.py:ATTRIBUTE"),
        ("mine.py:", "is incomplete: write MODULE:ATTRIBUTE or FILE.py:ATTRIBUTE"),
        ("absent.py:norm", "there is no file absent.py; paths start in"),
        ("no_such_module:norm", "there is no module no_such_module; install its package"),
        ("math:pi", "is a float, no implementation"),
        ("json:dump_", "there is no attribute dump_; did you mean dump"),
        ("json:zzz", "there is no attribute zzz; there are JSONDecodeError, "),
        ("json:loads", "is no implementation: it lacks x; the names are x, gamma"),
        ("math:hypot", "its signature cannot be read; wrap it in a function with named parameters"),
    ],
)
def test_a_wrong_target_is_told_what_to_do(here: Path, target: str, message: str) -> None:
    assert message in told(target)


STRANGE = """
class Norm:
    def __init__(self, gamma, beta, epsilon=1e-5): pass
    def __call__(self, x): return x
class Rude:
    def __repr__(self): raise RuntimeError("no words")
    def __call__(self, x): return x
class NoClass:
    @property
    def __class__(self): raise RuntimeError("no class")
class Numbered(Rude):
    __name__ = 5
class Closed(type):
    def __getattribute__(cls, name): raise OSError("no attributes")
class Sealed(metaclass=Closed): pass
rude, no_class, numbered = Rude(), NoClass(), Numbered()
def layer_norm(x, weight, bias, eps=1e-5): return x
def rms_norm(x, weight=None, *, epsilon): return x
def no_epsilon(x, gamma): return x
def __getattr__(name):
    raise AttributeError(name) if name != "hidden" else KeyError(name)
"""


@pytest.mark.parametrize(
    ("attribute", "operation", "message"),
    [
        ("Norm", "layer_norm", "it lacks x; it is a class: name a function of x that builds one and calls it"),
        ("layer_norm", None, "it lacks epsilon; call weight gamma; call bias beta; call eps epsilon; the names are x,"),
        ("rms_norm", None, "nothing is known as weight; call weight gamma; the names are x, gamma"),
        ("no_epsilon", "rms_norm", "it lacks epsilon; where it has one of its own, declare it, as epsilon=1e-5"),
        ("rude", None, "a Rude(x) does not show which operation it is: give --operation, one of batch_norm"),
        ("numbered", "rms_norm", "it lacks epsilon"),
        ("no_class", None, "looking at it raised RuntimeError: no class"),
        ("Sealed", None, "looking at it raised OSError: no attributes"),
        ("hidden", None, "looking at it raised KeyError: 'hidden'"),
    ],
)
def test_a_strange_thing_is_refused_at_the_door(
    here: Path, attribute: str, operation: str | None, message: str
) -> None:
    (here / "strange.py").write_text(STRANGE)
    assert message in told(f"strange.py:{attribute}", operation)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", "importing bad.py raised ZeroDivisionError: division by zero"),
        ("def norm(:", "importing bad.py raised SyntaxError: "),
        ("raise SystemExit(3)", "importing bad.py raised SystemExit: 3"),
        ("import a_package_that_is_not", "importing bad.py needs the module a_package_that_is_not, which is not inst"),
        (
            "raise ModuleNotFoundError('x', name='tensorflow')",
            "where Keras asks for it, set KERAS_BACKEND to torch or jax",
        ),
        ("raise ModuleNotFoundError('x', name='torch')", "torch is not installed; pip install 'normspec[torch]'"),
    ],
)
def test_a_file_that_cannot_be_imported_is_told_why(here: Path, text: str, message: str) -> None:
    (here / "bad.py").write_text(text)
    assert message in told("bad.py:norm")


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [each for each in sys.modules if each.startswith("normspec.implementations.torch.")]:
        monkeypatch.delitem(sys.modules, name)
    assert told("torch") == "target='torch': torch is not installed; pip install 'normspec[torch]'"


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("no_operation", "operation='batchnorm' does not exist: choose from batch_norm"),
        ("no_layout", "claims.layouts has 'spiral': choose from contiguous, "),
        ("no_convention", "momentum='old' is no variant of this convention"),
        ("nothing", "is a tuple, no implementation"),
    ],
)
def test_an_implementation_that_cannot_be_asked_is_told_why(here: Path, attribute: str, message: str) -> None:
    (here / "hand.py").write_text(BY_HAND)
    assert message in told(f"hand.py:{attribute}")


@pytest.mark.parametrize(
    ("head", "operation"),
    [
        ("my_layer_norm(x, gamma, beta, *, epsilon)", "layer_norm"),
        ("FusedRMSNorm(x, gamma, *, epsilon)", "rms_norm"),
        ("norm(x, gamma, beta, *, epsilon, groups)", "group_norm"),
        ("norm(x, running_mean, running_var, *, epsilon)", "batch_norm"),
    ],
)
def test_an_operation_is_recognized_from_the_signature(here: Path, head: str, operation: str) -> None:
    (here / "mine.py").write_text(f"def {head}:\n    return x\n")
    assert resolve(f"mine.py:{head.partition('(')[0]}")[0].operation == operation


def test_an_operation_that_nothing_shows_is_asked_for(here: Path) -> None:
    (here / "mine.py").write_text(FUNCTION)
    assert "does not show which operation it is: give --operation, one of batch_norm, " in told("mine.py:norm")


def test_an_operation_that_a_target_lacks_is_named() -> None:
    pytest.importorskip("torch")
    message = told("torch-module", "cosine")
    assert message == (
        "target='torch-module' has nothing for operation='cosine': it implements "
        "batch_norm, group_norm, instance_norm, layer_norm, rms_norm"
    )


def test_a_package_ships_its_adapter_by_an_entry_point(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "theirs.py").write_text("from normspec.implementations.numpy.family import NUMPY as MINE\n")
    described = here / "their_package-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: their-package\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text("[normspec.implementations]\ntheir-norms = theirs:MINE\n")
    monkeypatch.syspath_prepend(str(here))
    assert list_names()["their-norms"] == "shipped by their-package"
    assert "theirs" not in sys.modules
    assert {each.operation for each in resolve("their-norms")} == set(OPERATIONS)


def test_a_shipped_adapter_that_cannot_be_imported_is_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described = here / "broken_package-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-package\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text("[normspec.implementations]\nbroken-norms = nowhere_at_all:MINE\n")
    monkeypatch.syspath_prepend(str(here))
    with pytest.raises(TargetError, match="there is no module nowhere_at_all"):
        resolve("broken-norms")
