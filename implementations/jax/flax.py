"""The layers of Flax, as linen and as nnx have them. Importing this file imports flax.

Flax puts channels last: where a layer knows no other place for them, the adapter moves the axis there and back.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import jax.numpy as jnp
from flax import linen, nnx
from flax.errors import FlaxError

from normspec.implementations.contract import Implementation
from normspec.implementations.jax.flax_snippet import flax_snippet
from normspec.implementations.jax.layer import REFUSALS, Apply, Arrays, JaxLayer
from normspec.spec.case import Case
from normspec.spec.claims import claims_for
from normspec.spec.operations import OPERATIONS
from normspec.spec.partition import Shape

NAMES: Mapping[str, str] = MappingProxyType(
    {"gamma": "scale", "beta": "bias", "running_mean": "mean", "running_var": "var"}
)
"""The specification's names, and Flax's."""

Setting = Callable[[Case, Shape], Mapping[str, Any]]
"""The keywords of a layer for a case and the shape of x, beside epsilon and which parameters there are."""


def _batch(case: Case, shape: Shape) -> Mapping[str, Any]:
    return {"axis": 1, "momentum": case.attributes["momentum"]}


def _trailing(case: Case, shape: Shape) -> Mapping[str, Any]:
    axes = tuple(range(len(shape) - case.attributes["axes"], len(shape)))
    return {"reduction_axes": axes, "feature_axes": axes}


def _groups(case: Case, shape: Shape) -> Mapping[str, Any]:
    return {"num_groups": case.attributes["groups"]}


def _nothing(case: Case, shape: Shape) -> Mapping[str, Any]:
    return {}


LAYERS: Mapping[str, tuple[str, Setting]] = MappingProxyType(
    {
        "batch_norm": ("BatchNorm", _batch),
        "layer_norm": ("LayerNorm", _trailing),
        "group_norm": ("GroupNorm", _groups),
        "instance_norm": ("InstanceNorm", _nothing),
        "rms_norm": ("RMSNorm", _trailing),
    }
)
"""The class, named alike in linen and nnx, and its keywords."""

CHANNELS_LAST = ("group_norm", "instance_norm")
CENTRED = tuple(name for name in LAYERS if name != "rms_norm")
CONVENTIONS: Mapping[str, str] = MappingProxyType(
    {
        "momentum": "weighs_old",
        "running_variance": "biased",
        "single_element": "zero",
        "negative_epsilon": "accept",
        "statistics_dtype": "input",
    }
)
EMPTY: Mapping[str, str] = MappingProxyType({"batch_norm": "nan"})
"""What becomes of the running statistics after an empty batch, whose mean is 0/0."""


def keywords(case: Case, shape: Shape, fast: bool) -> dict[str, Any]:
    """Return the keywords with which a case's layer is built."""
    found = {"epsilon": case.attributes["epsilon"], "use_scale": "gamma" in case.parameters}
    if "beta" in OPERATIONS[case.operation].parameters:
        found["use_bias"] = "beta" in case.parameters
    own = LAYERS[case.operation][1](case, shape)
    return {**found, **own, "use_fast_variance": fast, "dtype": case.dtype, "param_dtype": case.dtype}


def _held(case: Case, running: Arrays) -> Arrays:
    """Return running statistics as Flax holds them: in float32, whatever narrower format x has."""
    return {name: values.astype(jnp.promote_types(case.dtype, jnp.float32)) for name, values in running.items()}


def _features(case: Case, shape: Shape) -> int:
    return shape[-1] if case.operation in ("layer_norm", "rms_norm", *CHANNELS_LAST) else shape[1]


def _linen(fast: bool, case: Case, leaves: Arrays, running: Arrays, training: bool) -> tuple[Any, Arrays]:
    x = leaves["x"]
    layer = getattr(linen, LAYERS[case.operation][0])(**keywords(case, x.shape, fast))
    variables = {
        "params": {NAMES[name]: values for name, values in leaves.items() if name in NAMES},
        "batch_stats": {NAMES[name]: values for name, values in _held(case, running).items()},
    }
    mode = {"use_running_average": not training} if running else {}
    y, moved = layer.apply(variables, x, mutable=["batch_stats"], **mode)
    return y, {name: moved["batch_stats"][NAMES[name]] for name in running}


def _nnx(fast: bool, case: Case, leaves: Arrays, running: Arrays, training: bool) -> tuple[Any, Arrays]:
    x = leaves["x"]
    layer = getattr(nnx, LAYERS[case.operation][0])(
        _features(case, x.shape), **keywords(case, x.shape, fast), rngs=nnx.Rngs(0)
    )
    given = {**{name: values for name, values in leaves.items() if name in NAMES}, **_held(case, running)}
    for name, values in given.items():
        getattr(layer, NAMES[name])[...] = values
    mode = {"use_running_average": not training} if running else {}
    y = layer(x, **mode)
    return y, {name: getattr(layer, NAMES[name])[...] for name in running}


def _in_place(apply: Apply, case: Case, leaves: Arrays, running: Arrays, training: bool) -> tuple[Any, Arrays]:
    """Run a layer that has its channels last on an x that has them first."""
    if case.operation not in CHANNELS_LAST:
        return apply(case, leaves, running, training)
    moved = {**leaves, "x": jnp.moveaxis(leaves["x"], 1, -1)}
    y, found = apply(case, moved, running, training)
    return jnp.moveaxis(y, -1, 1), found


def _made(
    name: str, operation: str, run: Callable[..., Any], fast: bool, *, sharing: int = 1, **extent: Any
) -> Implementation:
    """Return a layer as an implementation; so many dtypes as sharing says share the pinned cases."""
    spec = OPERATIONS[operation]
    empty = {"empty_batch": EMPTY[operation]} if operation in EMPTY else {}
    declared = {key: variant for key, variant in {**CONVENTIONS, **empty}.items() if key in spec.conventions}
    tracked = operation == "batch_norm"
    state = {} if tracked else {"state": ()}
    optional = tuple(each for each in spec.parameters)
    apply: Apply = partial(run, fast)
    return Implementation(
        name=name,
        operation=operation,
        create=partial(JaxLayer, apply=partial(_in_place, apply)),
        claims=claims_for(
            spec,
            optional=optional,
            conventions=declared,
            grade="C" if fast and operation in CENTRED else "B1",
            **{**state, **extent},
        ),
        refusals=(*REFUSALS, FlaxError),
        snippet=partial(
            flax_snippet,
            kind=LAYERS[operation][0],
            keywords=partial(keywords, fast=fast),
            names=NAMES,
            last=operation in CHANNELS_LAST,
            features=_features if run is _nnx else None,
        ),
        share=1 / sharing,
        pinned_every=sharing,
        statement=f"{operation} in Flax, gradients by jax.vjp, variance {'in one pass' if fast else 'in two passes'}",
    )


NNX_EXTENT: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {"layer_norm": {"fixed": {"axes": 1}}, "rms_norm": {"fixed": {"axes": 1}}}
)
"""nnx has one number of features, so that one axis carries parameters."""

SHARING: Mapping[str, int] = MappingProxyType({"flax-linen-two-pass": 4, "flax-nnx": 2, "flax-nnx-two-pass": 4})
"""JAX compiles each step for each new shape, which takes most of a check; nnx computes by a copy of linen's code."""


def _all(name: str, run: Callable[..., Any], extents: Mapping[str, Mapping[str, Any]]) -> tuple[Implementation, ...]:
    kinds = (name, LAYERS, True), (f"{name}-two-pass", CENTRED, False)
    return tuple(
        _made(kind, each, run, fast, sharing=SHARING.get(kind, 1), **extents.get(each, {}))
        for kind, operations, fast in kinds
        for each in operations
    )


LINEN = _all("flax-linen", _linen, {})
NNX = _all("flax-nnx", _nnx, NNX_EXTENT)
