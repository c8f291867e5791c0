"""A case as a short program that calls onnx, and what runs it, alone. Text only: this file imports neither."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from normspec.implementations.contract import Fact
from normspec.implementations.snippet_text import array, imports, shown, until
from normspec.spec.case import Case
from normspec.spec.partition import Shape

Node = Callable[[Case, Shape, bool], tuple[str, list[str], list[str], Mapping[str, Any]]]
"""From a case, the shape of x and the mode to an operator, its inputs, its outputs and its attributes."""

STARTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "onnxruntime": (
            "import onnxruntime",
            'onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])',
        ),
        "onnx-reference": ("from onnx.reference import ReferenceEvaluator", "ReferenceEvaluator(model)"),
    }
)
"""By runtime: what is imported, and what runs a model."""


def onnx_snippet(
    case: Case, facts: tuple[Fact, ...] = (), *, node: Node, runtime: str, opset: int, ir_version: int
) -> str:
    """Return a program that runs a model of one node, and prints what came beside the facts."""
    if case.lives:
        return ""
    case = until(case, facts)
    imported, start = STARTS[runtime]
    lines = imports(case, "import onnx", "from onnx import helper", *sorted((imported,)))
    lines += [f"{name} = {array(values)}" for name, values in {**case.parameters, **case.state}.items()]
    lines += [f"element = onnx.TensorProto.{_element(case)}", *_built(start, opset, ir_version)]
    for index, step in enumerate(case.script):
        kind, inputs, outputs, keywords = node(case, step.input.shape, step.verb == "train")
        lines += _run(index, array(step.input), (kind, inputs, outputs, keywords), tuple(case.state))
    return "\n".join([*lines, *shown(case, facts)]) + "\n"


def _element(case: Case) -> str:
    return {"float64": "DOUBLE", "float32": "FLOAT", "float16": "FLOAT16", "bfloat16": "BFLOAT16"}[case.dtype]


def _built(start: str, opset: int, ir_version: int) -> Iterator[str]:
    yield "def run(node, feed):"
    yield "    given, made = ("
    yield "        [helper.make_tensor_value_info(name, element, None) for name in names]"
    yield "        for names in (node.input, node.output)"
    yield "    )"
    yield '    graph = helper.make_graph([node], "one", given, made)'
    yield f'    opset = helper.make_opsetid("", {opset})'
    yield f"    model = helper.make_model(graph, opset_imports=[opset], ir_version={ir_version})"
    yield f"    return {start}.run(None, feed)"


def _run(
    index: int, x: str, node: tuple[str, list[str], list[str], Mapping[str, Any]], state: tuple[str, ...]
) -> Iterator[str]:
    kind, inputs, outputs, keywords = node
    written = "".join(f", {name}={value!r}" for name, value in keywords.items())
    yield f"x_{index} = {x}"
    yield f"node = helper.make_node({kind!r}, {inputs!r}, {outputs!r}{written})"
    feed = ", ".join(f"{name!r}: {f'x_{index}' if name == 'x' else name}" for name in inputs)
    moved = [name.removeprefix("new_") for name in outputs[1:]]
    yield f"y_{index}{''.join(f', {name}' for name in moved)}{'' if moved else ','} = run(node, {{{feed}}})"
    yield from (f"{name}_{index} = {name}" for name in state)
