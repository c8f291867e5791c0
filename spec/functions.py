"""The generated functions of the oracles, by their names."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from inspect import signature
from typing import Any

NORMALIZE = "normalize"
"""The oracle of inference and of running statistics, whatever the operation."""


@cache
def found_function(oracle: str, name: str) -> Callable[..., dict[str, Any]] | None:
    """Return a generated function, or None where that oracle has none of this name."""
    return getattr(import_module(f"normspec.spec.oracles.{oracle}"), name, None)


def oracle_function(oracle: str, name: str) -> Callable[..., dict[str, Any]]:
    """Return a generated function. Raises ValueError for one that was never printed."""
    function = found_function(oracle, name)
    if function is None:
        raise ValueError(f"oracle {oracle!r} has no {name!r}: print it from the derivations")
    return function


@cache
def argument_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of what a generated function takes beside the number system."""
    return tuple(signature(function).parameters)[1:]
