"""An ONNX graph as a layer: forward only, run by ONNX Runtime or by the reference evaluator of onnx."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import RuntimeTypeError
from onnxruntime.capi import onnxruntime_pybind11_state as states

from normspec.spec.case import Case
from normspec.spec.formats import Array

Run = Callable[[Mapping[str, Array]], list[Array]]
Start = Callable[[onnx.ModelProto], Run]
"""From a model to what runs it."""

REFUSALS = (
    *(ValueError, TypeError, NotImplementedError, RuntimeTypeError),
    *(states.Fail, states.InvalidArgument, states.InvalidGraph, states.NotImplemented, states.RuntimeException),
)
CONVENTIONS: Mapping[str, str] = MappingProxyType(
    {
        "momentum": "weighs_old",
        "running_variance": "biased",
        "single_element": "zero",
        "negative_epsilon": "accept",
    }
)
"""What ONNX chooses."""

ELEMENTS: Mapping[str, int] = {
    "float64": onnx.TensorProto.DOUBLE,
    "float32": onnx.TensorProto.FLOAT,
    "float16": onnx.TensorProto.FLOAT16,
    "bfloat16": onnx.TensorProto.BFLOAT16,
}


def by_onnxruntime(model: onnx.ModelProto) -> Run:
    """Return ONNX Runtime on the CPU, on one thread, as it optimizes by default."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # what it says is in the exception too
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def run(feed: Mapping[str, Array]) -> list[Array]:
        found: list[Array] = session.run(None, dict(feed))
        return found

    return run


def by_reference(model: onnx.ModelProto) -> Run:
    """Return the reference evaluator, in NumPy."""
    evaluator = ReferenceEvaluator(model)

    def run(feed: Mapping[str, Array]) -> list[Array]:
        found: list[Array] = evaluator.run(None, dict(feed))
        return found

    return run


RUNTIMES: Mapping[str, Start] = {"onnxruntime": by_onnxruntime, "onnx-reference": by_reference}


class OnnxLayer:
    """A graph with the arrays that a caller would keep. Its inputs have the specification's names."""

    def __init__(self, case: Case, model: Callable[[Case, tuple[int, ...], bool], onnx.ModelProto], start: Start):
        self.case, self.model, self.start = case, model, start
        self.parameters = {name: np.ascontiguousarray(values) for name, values in case.parameters.items()}
        self.running = {name: np.array(values) for name, values in case.state.items()}
        self.started: dict[bool, tuple[onnx.ModelProto, Run]] = {}

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return the first output; the others are the new running statistics, where there are any."""
        if training not in self.started:
            made = self.model(self.case, x.shape, training)
            self.started[training] = made, self.start(made)
        model, run = self.started[training]
        known = {"x": np.ascontiguousarray(x), **self.parameters, **self.running}
        y, *moved = run({each.name: known[each.name] for each in model.graph.input})
        self.running |= dict(zip(self.running, moved, strict=False))
        return y

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Refuse: an ONNX graph has no gradients."""
        raise NotImplementedError("no backward is claimed")

    def state(self) -> Mapping[str, Array]:
        """Return the running statistics."""
        return self.running
