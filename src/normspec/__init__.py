"""An executable specification of normalization layers, and the suite that holds implementations against it.

The names below are imported when they are first used, so that `import normspec` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from normspec.implementations.jax.function import jax_function
    from normspec.implementations.keras.layer import keras_layer
    from normspec.implementations.onnx.model import onnx_model
    from normspec.implementations.plug_in import implementation
    from normspec.implementations.torch.module import torch_module
    from normspec.law_by_law import parametrize
    from normspec.reports.report import NonConformanceError, Report
    from normspec.runs.run import check

__all__ = [
    "NonConformanceError",
    "Report",
    "check",
    "implementation",
    "jax_function",
    "keras_layer",
    "onnx_model",
    "parametrize",
    "torch_module",
]

_HOMES = {
    "NonConformanceError": "normspec.reports.report",
    "Report": "normspec.reports.report",
    "check": "normspec.runs.run",
    "implementation": "normspec.implementations.plug_in",
    "jax_function": "normspec.implementations.jax.function",
    "keras_layer": "normspec.implementations.keras.layer",
    "onnx_model": "normspec.implementations.onnx.model",
    "parametrize": "normspec.law_by_law",
    "torch_module": "normspec.implementations.torch.module",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'normspec' has no attribute {name!r}: it has {', '.join(__all__)}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
