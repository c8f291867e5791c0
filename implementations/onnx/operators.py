"""The normalization operators of ONNX, each as a graph of one node. Importing this file imports onnx, onnxruntime."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

import onnx
from onnx import helper

from normspec.implementations.contract import Implementation
from normspec.implementations.onnx.layer import CONVENTIONS, ELEMENTS, REFUSALS, RUNTIMES, OnnxLayer
from normspec.implementations.onnx.snippet import onnx_snippet
from normspec.spec.case import Case
from normspec.spec.claims import claims_for
from normspec.spec.operations import OPERATIONS
from normspec.spec.partition import Shape

OPSET, IR_VERSION = 23, 11
Attributes = Callable[[Case, Shape], Mapping[str, Any]]
"""The attributes of a node for a case and the shape of x, beside epsilon."""


def _momentum(case: Case, shape: Shape) -> Mapping[str, Any]:
    return {"momentum": case.attributes["momentum"]}


def _axis(case: Case, shape: Shape) -> Mapping[str, Any]:
    return {"axis": len(shape) - case.attributes["axes"]}


def _groups(case: Case, shape: Shape) -> Mapping[str, Any]:
    wide = "float64" if case.dtype == "float64" else "float32"  # else statistics are float32's, by definition
    return {"num_groups": case.attributes["groups"], "stash_type": ELEMENTS[wide]}


def _norm(p: int) -> Attributes:
    def attributes(case: Case, shape: Shape) -> Mapping[str, Any]:
        return {"axis": case.attributes["axis"], "p": p}

    return attributes


def _columns(case: Case, shape: Shape) -> Mapping[str, Any]:
    return {"axes": [0]}


def _nothing(case: Case, shape: Shape) -> Mapping[str, Any]:
    return {}


OPERATORS: Mapping[str, tuple[str, Attributes]] = MappingProxyType(
    {
        "batch_norm": ("BatchNormalization", _momentum),
        "layer_norm": ("LayerNormalization", _axis),
        "group_norm": ("GroupNormalization", _groups),
        "instance_norm": ("InstanceNormalization", _nothing),
        "rms_norm": ("RMSNormalization", _axis),
        "l1_normalize": ("LpNormalization", _norm(1)),
        "l2_normalize": ("LpNormalization", _norm(2)),
        "standardize": ("MeanVarianceNormalization", _columns),
    }
)
"""The operator, and its attributes."""

WITHOUT_EPSILON = ("l1_normalize", "l2_normalize", "standardize")
EXACT = {"epsilon": 2.0**-10, "momentum": 0.75}
"""Attributes are stored in float32: for float64 they are fixed to values that float32 holds."""

DTYPES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "onnxruntime": {
        "instance_norm": ("float32", "float16"),
        "standardize": ("float32", "float16"),
        "": ("float64", "float32", "float16"),
    },
    "onnx-reference": {"standardize": ("float32",), "": tuple(ELEMENTS)},
}
"""What each runtime has a kernel for, "" for the other operators. onnx writes the constants of MVN in float32."""

GRADES: Mapping[str, str] = {"layer_norm": "B1", "rms_norm": "B1", "standardize": "B1", "group_norm": "C"}
"""What sums are like: B2 (in one chain) for what is not named. ONNX itself defines group norm by E[x²] - E[x]²."""


def node_of(case: Case, shape: Shape, training: bool) -> tuple[str, list[str], list[str], Mapping[str, Any]]:
    """Return an operator, its inputs and outputs by the specification's names, and its attributes."""
    kind, attributes = OPERATORS[case.operation]
    moves = training and bool(case.state)
    inputs = ["x", *case.parameters, *case.state]
    outputs = ["y", *(f"new_{name}" for name in case.state if moves)]
    keywords = dict(attributes(case, shape))
    if case.operation not in WITHOUT_EPSILON:
        keywords["epsilon"] = case.attributes["epsilon"]
    if case.state:
        keywords["training_mode"] = int(training)
    return kind, inputs, outputs, keywords


def single_node(case: Case, shape: Shape, training: bool) -> onnx.ModelProto:
    """Return a model with one node, whose inputs and outputs have the specification's names."""
    kind, inputs, outputs, keywords = node_of(case, shape, training)
    node = helper.make_node(kind, inputs, outputs, **keywords)
    element = ELEMENTS[case.dtype]
    given, made = (
        [helper.make_tensor_value_info(name, element, None) for name in names] for names in (inputs, outputs)
    )
    graph = helper.make_graph([node], kind, given, made)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


EMPTY: Mapping[str, str] = {"batch_norm": "nan", "group_norm": "refuse"}
"""What becomes of an empty batch: its mean is 0/0, and the zero in a shape is read as a length to be worked out."""


def _conventions(runtime: str, operation: str, dtypes: tuple[str, ...]) -> dict[str, str]:
    """Return what an operator chooses; the reference evaluator keeps what it finds in the format of the input."""
    inside = {"statistics_dtype": "input"} if runtime == "onnx-reference" and "float16" in dtypes else {}
    empty = {"empty_batch": EMPTY[operation]} if operation in EMPTY else {}
    known = OPERATIONS[operation].conventions
    return {name: variant for name, variant in {**CONVENTIONS, **inside, **empty}.items() if name in known}


def _operator(runtime: str, operation: str, dtypes: tuple[str, ...], fixed: Mapping[str, Any]) -> Implementation:
    spec, kind = OPERATIONS[operation], OPERATORS[operation][0]
    tracked = operation == "batch_norm"
    return Implementation(
        name=runtime,
        operation=operation,
        create=partial(OnnxLayer, model=single_node, start=RUNTIMES[runtime]),
        claims=claims_for(
            spec,
            dtypes=dtypes,
            verbs=("train", "infer"),
            gradients=(),
            state=spec.state if tracked else (),
            optional=("beta",) if operation == "layer_norm" else (),
            fixed=fixed,
            grade=GRADES.get(operation, "B2"),
            conventions=_conventions(runtime, operation, dtypes),
        ),
        refusals=REFUSALS,
        snippet=partial(onnx_snippet, node=node_of, runtime=runtime, opset=OPSET, ir_version=IR_VERSION),
        statement=f"the operator {kind} of ONNX {OPSET} by {runtime}, forward only",
    )


def _operators(runtime: str) -> tuple[Implementation, ...]:
    found = []
    for operation in OPERATORS:
        dtypes = DTYPES[runtime].get(operation, DTYPES[runtime][""])
        if operation in WITHOUT_EPSILON:
            fixed = {"epsilon": 0.0} if OPERATIONS[operation].has_epsilon else {}
            found.append(_operator(runtime, operation, dtypes, fixed))
            continue
        exact = {name: EXACT[name] for name in OPERATIONS[operation].open_attributes if name in EXACT}
        narrow = tuple(each for each in dtypes if each != "float64")
        found.append(_operator(runtime, operation, narrow, {}))
        if "float64" in dtypes:
            found.append(replace(_operator(runtime, operation, ("float64",), exact), name=f"{runtime}-float64"))
    return tuple(found)


ONNXRUNTIME, REFERENCE = _operators("onnxruntime"), _operators("onnx-reference")
