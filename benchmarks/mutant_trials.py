"""Mutants tried: the layers are put together anew from a changed module, and asked what the correct ones are asked."""

import importlib
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any
from unittest import mock

from mutant_cases import MODULES, PACKAGE, Asked, digest, layers_of
from mutations import Mutant, function_of

from normspec.implementations.ask import ask
from normspec.implementations.contract import Implementation
from normspec.properties import trial
from normspec.properties.judge import judge
from normspec.properties.verdict import Broken
from normspec.spec.case import Case
from normspec.spec.outcome import Outcome

SECONDS = 5.0


class UnbuildableError(Exception):
    """A mutant cannot be put together: the kind of what it raised."""


class TooLongError(BaseException):
    """A mutant does not end."""


@contextmanager
def rebuilt(mutant: Mutant) -> Iterator[Mapping[tuple[str, str], Implementation]]:
    """Give the NumPy layers, put together from a changed module. Raises UnbuildableError."""
    names = [f"{PACKAGE}.{each}" for each in (*MODULES, "family")]
    before = {name: sys.modules.pop(name, None) for name in names}
    changed = ModuleType(f"{PACKAGE}.{mutant.module}")
    changed.__file__ = f"<mutant of {mutant.module}>"
    try:
        sys.modules[changed.__name__] = changed
        try:
            exec(compile(mutant.code, changed.__file__, "exec"), changed.__dict__)
            family = importlib.import_module(f"{PACKAGE}.family")
            layers = {(each.name, each.operation): each for each in layers_of(family)}
        except Exception as error:
            raise UnbuildableError(type(error).__name__) from error
        yield layers
    finally:
        for name, kept in before.items():
            sys.modules.pop(name, None)
            if kept is not None:
                sys.modules[name] = kept


def interrupt(number: int, frame: Any) -> None:
    """End what runs, at a signal."""
    raise TooLongError


def limited(implementation: Implementation, case: Case) -> Outcome:
    """Return what comes of a case within SECONDS of processor time. Raises TooLongError."""
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        found = ask(implementation, case)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    if "TooLongError" in getattr(found, "message", ""):
        raise TooLongError
    return found


def verdict(mutant: Mutant, everything: list[Asked]) -> tuple[str, int]:
    """Return by what a mutant is rejected, or nothing; and how many cases it answered differently until then."""
    where, differs = function_of(mutant), 0
    try:
        with rebuilt(mutant) as layers, mock.patch.object(trial, "ask", limited):
            for asked in everything:
                if where is not None and where not in asked.ran:
                    continue
                layer = layers[asked.of]
                if all(digest(limited(layer, case)) == answer for case, answer in asked.answers):
                    continue
                differs += 1
                own = trial.Trial(layer, asked.case)
                for law in asked.laws:
                    if isinstance(judge(law, own), Broken):
                        return f"{law.name} of {' in '.join(asked.of)}, {asked.kind}", differs
    except TooLongError:
        return f"does not end within {SECONDS:g} s of processor time", differs
    except UnbuildableError as error:
        return f"{error} while it is put together", differs
    return "", differs
