"""A Keras layer class as an implementation, on the back-end that Keras runs on in this process: torch or jax."""

from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from types import MappingProxyType
from typing import Any

from normspec.implementations.contract import Implementation
from normspec.implementations.errors import TargetError, label_of, signature_of
from normspec.implementations.keras.choice import choose
from normspec.spec.case import Case
from normspec.spec.claims import claims_for
from normspec.spec.operations import OPERATIONS
from normspec.spec.partition import Shape

choose()

import keras as keras  # noqa: E402  # Keras reads the choice when it is imported

Factory = Callable[..., Any]
NAMES: Mapping[str, str] = MappingProxyType(
    {
        "gamma": "gamma",
        "scale": "gamma",
        "beta": "beta",
        "moving_mean": "running_mean",
        "moving_variance": "running_var",
    }
)
"""Keras's names of variables, and the specification's."""

CONVENTIONS: Mapping[str, str] = MappingProxyType(
    {
        "momentum": "weighs_old",
        "running_variance": "biased",
        "single_element": "zero",
        "negative_epsilon": "accept",
    }
)
"""What Keras chooses; a layer that chooses otherwise says so."""

AXES: Mapping[str, Callable[[Case, Shape], Any]] = MappingProxyType(
    {
        "batch_norm": lambda case, shape: 1,
        "group_norm": lambda case, shape: 1,
        "instance_norm": lambda case, shape: 1,
        "layer_norm": lambda case, shape: list(range(len(shape) - case.attributes["axes"], len(shape))),
        "rms_norm": lambda case, shape: list(range(len(shape) - case.attributes["axes"], len(shape))),
        "l2_normalize": lambda case, shape: case.attributes["axis"],
    }
)
"""What axis means to the layers of each operation."""


def keras_layer(factory: Factory, operation: str, *, name: str = "", **declared: Any) -> Implementation:
    """Return an implementation from a layer class, or a function that builds a layer.

    epsilon, momentum, axis, groups, center and scale are passed where the factory has them; the layer's variables are
    gamma (or scale), beta, moving_mean and moving_variance. declared holds conventions that differ from Keras's, and
    fields of Claims. Raises TargetError for an operation that no layer can be, or a back-end that has no gradients.
    """
    label = name or label_of(factory)
    if operation not in AXES:
        raise TargetError(f"operation={operation!r} is none that a Keras layer can be: choose from {', '.join(AXES)}")
    spec = OPERATIONS[operation]
    names = signature(factory).parameters
    if spec.has_epsilon and "epsilon" not in (*names, *declared.get("fixed", {})):
        raise TargetError(
            f"{label}{signature_of(factory)} is no implementation: it must take epsilon, or name it fixed"
        )
    conventions = {key: declared.pop(key) for key in tuple(declared) if key in spec.conventions}
    defaults = {key: variant for key, variant in CONVENTIONS.items() if key in spec.conventions}
    tracked = operation == "batch_norm"
    switches = {"gamma": "scale", "beta": "center"}
    extent: dict[str, Any] = {
        "optional": tuple(each for each in spec.parameters if switches.get(each) in names),
        "state": spec.state if tracked else (),
        "conventions": {**defaults, **conventions},
    }
    return Implementation(
        name=label,
        operation=operation,
        create=_creator(partial(built, factory)),
        claims=claims_for(spec, **{**extent, **declared}),
        refusals=(ValueError, TypeError, NotImplementedError),
        statement=f"{label}: {operation} as a layer of Keras {keras.__version__} on {keras.backend.backend()}",
    )


def keywords_of(factory: Factory, case: Case, shape: Shape) -> dict[str, Any]:
    """Return the keywords by which a factory builds the layer for a case and the shape of x."""
    available = {
        **case.attributes,
        "axis": AXES[case.operation](case, shape),
        "scale": "gamma" in case.parameters,
        "center": "beta" in case.parameters,
        **({"groups": -1} if case.operation == "instance_norm" else {}),
    }
    names = signature(factory).parameters
    return {**{name: value for name, value in available.items() if name in names}, "dtype": case.dtype}


def built(factory: Factory, case: Case, shape: Shape) -> Any:
    """Return the layer that a factory builds for a case and the shape of x."""
    layer = factory(**keywords_of(factory, case, shape))
    layer.build(shape)
    return layer


def _creator(build: Callable[[Case, Shape], Any]) -> Callable[[Case], Any]:
    backend = keras.backend.backend()
    if backend == "jax":
        from normspec.implementations.jax.layer import JaxLayer

        return partial(JaxLayer, apply=partial(_stateless, build))
    if backend == "torch":
        from normspec.implementations.keras.on_torch import module_layer

        return partial(module_layer, build=build)
    raise TargetError(f"backend={backend!r} of Keras has no adapter: set KERAS_BACKEND to torch or jax")


def mode_of(case: Case, training: bool) -> dict[str, bool]:
    """Return the keyword of a call that tells a layer with running statistics its mode."""
    return {"training": training} if case.state else {}


def _stateless(
    build: Callable[[Case, Shape], Any],
    case: Case,
    leaves: Mapping[str, Any],
    running: Mapping[str, Any],
    training: bool,
) -> tuple[Any, Mapping[str, Any]]:
    layer = build(case, leaves["x"].shape)
    own = [leaves[NAMES[each.name]] for each in layer.trainable_variables]
    kept = [NAMES[each.name] for each in layer.non_trainable_variables]
    given = [running[name] for name in kept]
    y, moved = layer.stateless_call(own, given, leaves["x"], **mode_of(case, training))
    return y, dict(zip(kept, moved, strict=True))
