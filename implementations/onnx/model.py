"""An ONNX file as an implementation: one normalization node in it says what it is, or the caller does."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import onnx
from onnx import helper

from normspec.implementations.ask import told
from normspec.implementations.contract import Implementation
from normspec.implementations.errors import TargetError
from normspec.implementations.onnx.layer import CONVENTIONS, ELEMENTS, REFUSALS, RUNTIMES, OnnxLayer
from normspec.spec.case import Case
from normspec.spec.claims import claims_for
from normspec.spec.operations import OPERATIONS
from normspec.spec.partition import Shape

BY_OPERATOR: Mapping[str, str] = MappingProxyType(
    {
        "BatchNormalization": "batch_norm",
        "LayerNormalization": "layer_norm",
        "GroupNormalization": "group_norm",
        "InstanceNormalization": "instance_norm",
        "RMSNormalization": "rms_norm",
    }
)
"""The operators whose inputs are x, gamma, beta and the running statistics, and what they are."""


def onnx_model(
    file: str | Path, operation: str = "", *, name: str = "", runtime: str = "onnxruntime", **fixed: Any
) -> Implementation:
    """Return an implementation from an ONNX file, forward only.

    Where one normalization node is in the graph, it tells the operation, the attributes and which initializers are
    gamma, beta and the running statistics; they become inputs. Any other graph needs the operation, the attributes that
    are fixed in it (epsilon=1e-5, axes=1), and inputs with the specification's names. The first output is y, others are
    the running statistics. runtime is onnxruntime or onnx-reference. Raises TargetError.
    """
    label = name or str(file)
    if runtime not in RUNTIMES:
        raise TargetError(f"runtime={runtime!r} does not exist: choose from {', '.join(RUNTIMES)}")
    model = _read(file)
    nodes = [node for node in model.graph.node if node.op_type in BY_OPERATOR]
    if not operation:
        if len(nodes) != 1:
            raise TargetError(
                f"{label} has {len(nodes)} normalization nodes: one tells what it is, else give operation"
            )
        operation = BY_OPERATOR[nodes[0].op_type]
    if operation not in OPERATIONS:
        raise TargetError(f"operation={operation!r} does not exist: choose from {', '.join(OPERATIONS)}")
    if len(nodes) == 1 and BY_OPERATOR[nodes[0].op_type] == operation:
        fixed = {**_attributes(nodes[0], operation, model), **fixed}
        _open(model, nodes[0], operation)
    return _implementation(label, operation, model, runtime, fixed)


def _read(file: str | Path) -> onnx.ModelProto:
    try:
        model = onnx.load(str(file))
        onnx.checker.check_model(model)
    except Exception as error:
        raise TargetError(f"{file} is no ONNX model: {told(error)}") from None
    return model


def _attributes(node: onnx.NodeProto, operation: str, model: onnx.ModelProto) -> dict[str, Any]:
    """Return the attributes that a node fixes, in the specification's names."""
    own = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    found: dict[str, Any] = {"epsilon": own.get("epsilon", 1e-5)}
    if operation == "batch_norm":
        found["momentum"] = own.get("momentum", 0.9)
    if operation == "group_norm":
        found["groups"] = own["num_groups"]
    if operation in ("layer_norm", "rms_norm"):
        axis = own.get("axis", -1)
        rank = len(model.graph.input[0].type.tensor_type.shape.dim)
        found["axes"] = -axis if axis < 0 else rank - axis
    return found


def _open(model: onnx.ModelProto, node: onnx.NodeProto, operation: str) -> None:
    """Make inputs of what a node takes beside x, and give them the specification's names."""
    spec, graph = OPERATIONS[operation], model.graph
    held = {each.name: each for each in graph.initializer}
    first = next(each.name for each in graph.input if each.name not in held)
    renamed = {first: "x", **dict(zip(node.input[1:], (*spec.parameters, *spec.state), strict=False))}
    for each in graph.node:
        each.input[:] = [renamed.get(name, name) for name in each.input]
    for each in graph.input:
        each.name = renamed.get(each.name, each.name)
    present = {each.name for each in graph.input}
    for old, new in renamed.items():
        if old in held:
            graph.initializer.remove(held[old])
            if new not in present:
                graph.input.append(helper.make_tensor_value_info(new, held[old].data_type, held[old].dims))


def _shape(value: onnx.ValueInfoProto) -> Shape | None:
    """Return the shape of an input where every axis but the first has a length."""
    dims = value.type.tensor_type.shape.dim
    return tuple(each.dim_value or 1 for each in dims) if all(each.dim_value for each in dims[1:]) else None


def _implementation(
    label: str, operation: str, model: onnx.ModelProto, runtime: str, fixed: Mapping[str, Any]
) -> Implementation:
    spec = OPERATIONS[operation]
    inputs = {each.name: each for each in model.graph.input}
    known = ("x", *spec.parameters, *spec.state)
    unknown = [each for each in inputs if each not in known]
    if "x" not in inputs or unknown:
        raise TargetError(f"{label} has the inputs {', '.join(inputs)}: give them names of {', '.join(known)}")
    missing = [each for each in spec.open_attributes if each not in (*fixed, "momentum")]
    if missing:
        raise TargetError(f"{label} does not tell {' and '.join(missing)}: give it to normspec.onnx_model")
    x = inputs["x"].type.tensor_type
    names = {element: dtype for dtype, element in ELEMENTS.items()}
    shape, rank = _shape(inputs["x"]), len(x.shape.dim)
    state = tuple(each for each in spec.state if each in inputs)
    moves = len(model.graph.output) > len(state) > 0
    return Implementation(
        name=label,
        operation=operation,
        create=partial(OnnxLayer, model=partial(_as_it_is, model), start=RUNTIMES[runtime]),
        claims=claims_for(
            spec,
            dtypes=(names[x.elem_type],),
            ranks=(rank,) if rank else spec.ranks,
            shapes=(shape,) if shape else (),
            verbs=("train", "infer") if not spec.state else ("train",) if moves or not state else ("infer",),
            gradients=(),
            parameters=tuple(each for each in spec.parameters if each in inputs),
            state=state,
            optional=(),
            fixed=dict(fixed),
            conventions={name: variant for name, variant in CONVENTIONS.items() if name in spec.conventions},
        ),
        refusals=REFUSALS,
        statement=f"{label}: {operation} by {runtime}, forward only",
    )


def _as_it_is(model: onnx.ModelProto, case: Case, shape: Shape, training: bool) -> onnx.ModelProto:
    return model
