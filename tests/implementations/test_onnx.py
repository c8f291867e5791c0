"""ONNX files and operators as implementations, by ONNX Runtime and by the reference evaluator."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from implementation_cases import answered, case, numbers, steps

import normspec
from normspec.implementations.ask import ask
from normspec.implementations.errors import TargetError
from normspec.implementations.targets import resolve
from normspec.properties.check import check
from normspec.properties.hunt import Settings
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result
from normspec.spec.case import Case
from normspec.spec.operations import OPERATIONS
from normspec.spec.outcome import Returned

onnx: Any = pytest.importorskip("onnx", reason="the extra onnx is not installed")
pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")

FEW = Settings(max_examples=1, dtypes=("float32",))


def written(folder: Path, *nodes: Any, shape: tuple[Any, ...] = ("N", 3), **held: Any) -> Path:
    """Write a graph of float32 from x to y, with arrays that it holds."""
    value = onnx.helper.make_tensor_value_info
    initializers = [onnx.numpy_helper.from_array(np.asarray(each, np.float32), name) for name, each in held.items()]
    ends = [[value(name, onnx.TensorProto.FLOAT, shape)] for name in ("input", "y")]
    graph = onnx.helper.make_graph(nodes, "layer", *ends, initializers)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 23)], ir_version=11)
    path = folder / "layer.onnx"
    onnx.save(model, str(path))
    return path


def node(kind: str, *inputs: str, output: str = "y", **attributes: Any) -> Any:
    return onnx.helper.make_node(kind, inputs, [output], **attributes)


def layer_norm(**attributes: Any) -> Case:
    known = {"epsilon": 0.25, "axes": 1, **attributes}
    parameters = {"gamma": numbers((3,), "float32", 1), "beta": numbers((3,), "float32", 2)}
    return Case("layer_norm", "float32", known, steps((4, 3), "float32", "T"), parameters)


def normalized(asked: Case) -> Any:
    x = np.asarray(asked.script[0].input, np.float64)
    xhat = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + asked.attributes["epsilon"])
    return asked.parameters["gamma"] * xhat + asked.parameters["beta"]


def test_a_file_with_one_normalization_node_is_a_target(tmp_path: Path) -> None:
    made = node("LayerNormalization", "input", "w", "b", epsilon=0.25)
    (found,) = resolve(str(written(tmp_path, made, w=[1, 2, 3], b=[0, 0, 0])))
    assert (found.operation, found.claims.fixed) == ("layer_norm", {"epsilon": 0.25, "axes": 1})
    assert found.claims.gradients == ()
    asked = layer_norm()
    (forward,) = answered(found, asked)
    assert forward["y"] == pytest.approx(normalized(asked), rel=1e-5)


def test_a_graph_of_other_nodes_is_told_what_it_is(tmp_path: Path) -> None:
    made = (
        node("ReduceMean", "input", "axes", output="mean", keepdims=1),
        node("Sub", "input", "mean", output="centred"),
        node("Mul", "centred", "centred", output="squares"),
        node("ReduceMean", "squares", "axes", output="variance", keepdims=1),
        node("Add", "variance", "epsilon", output="shifted"),
        node("Sqrt", "shifted", output="root"),
        node("Div", "centred", "root"),
    )
    path = written(tmp_path, *made, epsilon=[0.25])
    model = onnx.load(str(path))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([-1]), "axes"))
    model.graph.input[0].name = "x"
    for each in model.graph.node:
        each.input[:] = ["x" if name == "input" else name for name in each.input]
    onnx.save(model, str(path))
    found = normspec.onnx_model(path, "layer_norm", epsilon=0.25, axes=1)
    asked = layer_norm().but(parameters={})
    x = np.asarray(asked.script[0].input, np.float64)
    (forward,) = answered(found, asked)
    assert forward["y"] == pytest.approx((x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 0.25), 1e-5)


@pytest.mark.parametrize(
    ("kind", "message"),
    [("Relu", "has 0 normalization nodes: one tells what it is, else give operation"), ("", "is no ONNX model")],
)
def test_a_file_that_is_no_layer_is_told_so(tmp_path: Path, kind: str, message: str) -> None:
    path = tmp_path / "empty.onnx"
    path.write_bytes(b"rubbish")
    with pytest.raises(TargetError, match=message):
        resolve(str(written(tmp_path, node(kind, "input")) if kind else path))


@pytest.mark.parametrize("runtime", ["onnxruntime", "onnx-reference"])
def test_batch_norm_of_onnx_trains_and_infers(runtime: str) -> None:
    asked = case((4, 3, 5), "float32", "TI")
    trained, inferred = answered(resolve(runtime, "batch_norm")[0], asked)
    x = asked.script[0].input
    assert trained["running_mean"] == pytest.approx(0.3 * asked.state["running_mean"] + 0.7 * x.mean((0, 2)), rel=1e-5)
    assert trained["running_var"] == pytest.approx(0.3 * asked.state["running_var"] + 0.7 * x.var((0, 2)), rel=1e-5)
    assert np.array_equal(inferred["running_mean"], trained["running_mean"])


def test_every_operator_answers_in_every_dtype_that_it_claims() -> None:
    for found in (*resolve("onnxruntime"), *resolve("onnx-reference")):
        for dtype in found.claims.dtypes:
            outcome = ask(found, _plain(found, dtype))
            assert isinstance(outcome, Returned), (found.name, found.operation, dtype, outcome)


def _plain(found: Any, dtype: str) -> Case:
    spec, shape = (
        OPERATIONS[found.operation],
        (2, 4) if 2 in found.claims.ranks and found.operation != "instance_norm" else (2, 4, 3),
    )
    attributes = {"epsilon": 0.5, "momentum": 0.5, **spec.choices(shape)[-1], **found.claims.fixed}
    parameters = {name: numbers(spec.shape_of(name, shape, attributes), dtype) for name in found.claims.parameters}
    state = {name: np.abs(numbers(spec.shape_of(name, shape, attributes), dtype)) for name in found.claims.state}
    return Case(found.operation, dtype, attributes, steps(shape, dtype, "T"), parameters, state)


def results(runtime: str, operation: str, *laws: str) -> list[Result]:
    events = check(resolve(runtime, operation)[0], tuple(LAWS[law] for law in laws), FEW)
    return [event for event in events if isinstance(event, Result)]


@pytest.mark.parametrize("runtime", ["onnxruntime", "onnx-reference"])
def test_layer_norm_of_onnx_keeps_the_laws(runtime: str) -> None:
    found = results(runtime, "layer_norm", "output", "zero-mean", "shift-invariance")
    assert sum(result.examples for result in found) > 30
    assert not [result.message for result in found if result.failed]


def test_the_reference_evaluator_loses_the_sign_in_l1_normalization() -> None:
    """onnx 1.23 divides by the sum of x, not of |x|, in NumPy; the operator's definition has the norm."""
    (found,) = results("onnx-reference", "l1_normalize", "output")
    assert found.failed
    assert "off by 2 from -1" in found.message
