"""A plain function of jax as an implementation: claims by its parameters' names, gradients by jax.vjp."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from normspec.implementations.contract import Implementation
from normspec.implementations.jax.layer import REFUSALS, Arrays, JaxLayer
from normspec.implementations.plug_in import FunctionLayer, from_function
from normspec.spec.case import Case


def jax_function(function: Callable[..., Any], operation: str, *, name: str = "", **declared: Any) -> Implementation:
    """Return an implementation from a function of jax arrays, differentiated by jax.vjp.

    The function's parameters and what it returns are those of normspec.implementation; declared holds the same
    conventions, claims and fixed attributes. Raises TargetError for what cannot be understood.
    """
    plain = from_function(function, operation=operation, name=name, **declared)
    own = plain.claims
    claims = replace(
        own, verbs=(*own.verbs, "backward"), gradients=("dx", *(f"d{parameter}" for parameter in own.parameters))
    )
    create = partial(JaxLayer, apply=partial(_apply, function))
    return replace(plain, create=create, claims=claims, refusals=REFUSALS)


def _apply(
    function: Callable[..., Any], case: Case, leaves: Arrays, running: Arrays, training: bool
) -> tuple[Any, Arrays]:
    parameters = {name: values for name, values in leaves.items() if name != "x"}
    layer = FunctionLayer(case.but(parameters=parameters, state=running), function, None)
    return layer.forward(leaves["x"], training=training), layer.state()
