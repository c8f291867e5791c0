"""How torch is called for each operation, as data: what runs and what a program says are made of the same.

A call names a function or a class of torch. Its arguments are literals, or names of the case's arrays.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from normspec.spec.case import Case
from normspec.spec.partition import Shape


@dataclass(frozen=True)
class Named:
    """An array of the case as an argument: x, a parameter or a running statistic, in a shape where one is given."""

    name: str
    shape: Shape | None = None


@dataclass(frozen=True)
class Call:
    """A function or class by its dotted name in torch, and what it is called with.

    function is the function itself where torch has none, and the name is its own.
    """

    name: str
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any] = field(default_factory=dict)
    function: Callable[..., Any] | None = None


Function = Callable[[Case, Shape, bool], Call]
"""The call of a function for a case, the shape of x, and whether the layer trains."""

Module = Callable[[Case, Shape], Call]
"""The call that builds a module for a case and the shape of x."""

X, GAMMA, BETA = Named("x"), Named("gamma"), Named("beta")
RANKED = {2: "1d", 3: "1d", 4: "2d", 5: "3d"}


def normalized_shape(case: Case, shape: Shape) -> Shape:
    """Return the lengths of the last axes, over which layer norm and RMS norm normalize."""
    return shape[len(shape) - case.attributes["axes"] :]


def _batch_norm(case: Case, shape: Shape, training: bool) -> Call:
    running = (Named("running_mean"), Named("running_var"))
    momentum = case.attributes["momentum"]
    return Call("nn.functional.batch_norm", (X, *running, GAMMA, BETA, training, momentum, case.attributes["epsilon"]))


def _layer_norm(case: Case, shape: Shape, training: bool) -> Call:
    arguments = (X, normalized_shape(case, shape), GAMMA, BETA, case.attributes["epsilon"])
    return Call("nn.functional.layer_norm", arguments)


def _group_norm(case: Case, shape: Shape, training: bool) -> Call:
    arguments = (X, case.attributes["groups"], GAMMA, BETA, case.attributes["epsilon"])
    return Call("nn.functional.group_norm", arguments)


def _instance_norm(case: Case, shape: Shape, training: bool) -> Call:
    running = (Named("running_mean"), Named("running_var"))
    own = training or not case.state
    momentum = case.attributes["momentum"]
    return Call("nn.functional.instance_norm", (X, *running, GAMMA, BETA, own, momentum, case.attributes["epsilon"]))


def _rms_norm(case: Case, shape: Shape, training: bool) -> Call:
    return Call("nn.functional.rms_norm", (X, normalized_shape(case, shape), GAMMA, case.attributes["epsilon"]))


def _weight_norm(case: Case, shape: Shape, training: bool) -> Call:
    axis = case.attributes["axis"]
    column = tuple(size if index == axis else 1 for index, size in enumerate(shape))
    return Call("_weight_norm", (X, Named("gamma", column), axis))


def _cosine_similarity(case: Case, shape: Shape, training: bool) -> Call:
    arguments = (X, Named("w"), case.attributes["axis"], case.attributes["epsilon"])
    return Call("nn.functional.cosine_similarity", arguments)


def _normalize(p: float) -> Function:
    def call(case: Case, shape: Shape, training: bool) -> Call:
        return Call("nn.functional.normalize", (X, p, case.attributes["axis"], case.attributes["epsilon"]))

    return call


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "batch_norm": _batch_norm,
        "layer_norm": _layer_norm,
        "group_norm": _group_norm,
        "instance_norm": _instance_norm,
        "rms_norm": _rms_norm,
        "weight_norm": _weight_norm,
        "cosine_similarity": _cosine_similarity,
        "l1_normalize": _normalize(1.0),
        "l2_normalize": _normalize(2.0),
        "max_normalize": _normalize(float("inf")),
    }
)


def _ranked(kind: str, shape: Shape) -> str:
    return f"nn.{kind}{RANKED[len(shape)]}"


def _tracked(case: Case) -> dict[str, Any]:
    return {
        "eps": case.attributes["epsilon"],
        "momentum": case.attributes["momentum"],
        "affine": bool(case.parameters),
        "track_running_stats": bool(case.state),
    }


def _batch_norm_module(case: Case, shape: Shape) -> Call:
    return Call(_ranked("BatchNorm", shape), (shape[1],), _tracked(case))


def _sync_batch_norm_module(case: Case, shape: Shape) -> Call:
    return Call("nn.SyncBatchNorm", (shape[1],), _tracked(case))


def _layer_norm_module(case: Case, shape: Shape) -> Call:
    affine = {"elementwise_affine": bool(case.parameters), "bias": "beta" in case.parameters}
    return Call("nn.LayerNorm", (normalized_shape(case, shape),), {"eps": case.attributes["epsilon"], **affine})


def _group_norm_module(case: Case, shape: Shape) -> Call:
    keywords = {"eps": case.attributes["epsilon"], "affine": bool(case.parameters)}
    return Call("nn.GroupNorm", (case.attributes["groups"], shape[1]), keywords)


def _instance_norm_module(case: Case, shape: Shape) -> Call:
    return Call(_ranked("InstanceNorm", shape), (shape[1],), _tracked(case))


def _rms_norm_module(case: Case, shape: Shape) -> Call:
    keywords = {"eps": case.attributes["epsilon"], "elementwise_affine": bool(case.parameters)}
    return Call("nn.RMSNorm", (normalized_shape(case, shape),), keywords)


MODULES: Mapping[str, Module] = MappingProxyType(
    {
        "batch_norm": _batch_norm_module,
        "layer_norm": _layer_norm_module,
        "group_norm": _group_norm_module,
        "instance_norm": _instance_norm_module,
        "rms_norm": _rms_norm_module,
    }
)

SYNCHRONIZED: Mapping[str, Module] = MappingProxyType({"batch_norm": _sync_batch_norm_module})
