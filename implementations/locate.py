"""Finding the thing that package.module:attribute or path/to/file.py:attribute names. Every failure is one line."""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from normspec.implementations.ask import told
from normspec.implementations.errors import TargetError

EXTRAS = {
    "torch": "torch",
    "jax": "jax",
    "flax": "jax",
    "keras": "keras",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "sklearn": "sklearn",
}


def locate(target: str) -> Any:
    """Return the thing that MODULE:ATTRIBUTE or FILE.py:ATTRIBUTE names; attribute may have dots.

    Modules are looked for in the current directory too. Raises TargetError.
    """
    place, _, attribute = target.rpartition(":")
    if not place or not attribute:
        raise TargetError(f"target={target!r} is incomplete: write MODULE:ATTRIBUTE or FILE.py:ATTRIBUTE")
    load = _from_file if place.endswith(".py") else _from_name
    return _attribute(target, load(target, place), attribute)


def beside(target: str, attribute: str) -> Any:
    """Return another attribute of the module that a target was found in, or None where there is none."""
    place = target.rpartition(":")[0]
    module = sys.modules.get(_name_of(Path(place)) if place.endswith(".py") else place)
    return getattr(module, attribute, None)


def load_registered(target: str, place: str) -> Any:
    """Return what MODULE:ATTRIBUTE names, for a module of normspec itself that may need an extra."""
    module, _, attribute = place.partition(":")
    return getattr(_guarded(target, module, lambda: importlib.import_module(module)), attribute)


def _from_name(target: str, name: str) -> ModuleType:
    with _first_in_path(Path.cwd()):
        return _guarded(target, name, lambda: importlib.import_module(name))


def _from_file(target: str, name: str) -> ModuleType:
    path = Path(name)
    if not path.is_file():
        raise TargetError(f"target={target!r}: there is no file {name}; paths start in {Path.cwd()}")
    with _first_in_path(path.resolve().parent):
        return _guarded(target, name, lambda: _executed(path))


def _name_of(path: Path) -> str:
    return f"normspec_target_{path.stem}_{abs(hash(path.resolve())):x}"


def _executed(path: Path) -> ModuleType:
    name = _name_of(path)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded as a module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look a class's module up by name
    spec.loader.exec_module(module)
    return module


def _guarded(target: str, name: str, load: Callable[[], ModuleType]) -> ModuleType:
    """Return what load returns, with everything that can go wrong in somebody's module as a TargetError."""
    try:
        return load()
    except KeyboardInterrupt:
        raise
    except ModuleNotFoundError as error:
        raise TargetError(f"target={target!r}: {_not_found(name, error.name or '')}") from None
    except BaseException as error:
        raised = told(error)
        raise TargetError(f"target={target!r}: importing {name} raised {raised}") from None


def _not_found(name: str, missing: str) -> str:
    top = missing.partition(".")[0]
    if name == missing or name.startswith(f"{missing}."):
        return f"there is no module {missing}; install its package, or start in the directory that holds it"
    if top in EXTRAS:
        return f"{top} is not installed; pip install 'normspec[{EXTRAS[top]}]'"
    hint = "; where Keras asks for it, set KERAS_BACKEND to torch or jax" if top == "tensorflow" else ""
    return f"importing {name} needs the module {missing}, which is not installed{hint}"


def _attribute(target: str, module: ModuleType, attribute: str) -> Any:
    thing: Any = module
    for name in attribute.split("."):
        try:
            thing = getattr(thing, name)
        except AttributeError:
            public = [own for own in vars(thing) if not own.startswith("_")] if hasattr(thing, "__dict__") else []
            raise TargetError(f"target={target!r}: there is no attribute {name}; {_choices(name, public)}") from None
    return thing


def _choices(name: str, public: list[str]) -> str:
    close = get_close_matches(name, public, n=3)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"there are {', '.join(sorted(public)[:20])}" if public else "there are no public ones"


@contextmanager
def _first_in_path(directory: Path) -> Iterator[None]:
    sys.path.insert(0, str(directory))
    try:
        yield
    finally:
        if str(directory) in sys.path:
            sys.path.remove(str(directory))
