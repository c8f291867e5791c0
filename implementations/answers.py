"""What an answer to a step must look like, whoever gave it: the names, the dtype and the shapes that are asked for."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from normspec.spec.case import LIFE, Case
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS

ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "jax": ": plug the function in by normspec.jax_function",
        "jaxlib": ": plug the function in by normspec.jax_function",
        "torch": ": return its .detach().numpy(), or plug a module in by normspec.torch_module",
    }
)
"""What to do about the arrays of a package."""


class RubbishError(Exception):
    """What came back is no answer."""


def demanded(case: Case, index: int) -> Mapping[str, tuple[int, ...]]:
    """Return the shape of everything that step `index` must give, by its name.

    Raises RubbishError for a case that has no result, because it is to be refused.
    """
    try:
        return _shapes(case, index)
    except (ArithmeticError, LookupError, ValueError) as error:
        raise RubbishError(f"step {index} gives a result where none can be: {error}") from None


def _shapes(case: Case, index: int) -> Mapping[str, tuple[int, ...]]:
    step, operation = case.script[index], OPERATIONS[case.operation]
    if step.x is not None:
        y = operation.shape_of("y", step.input.shape, case.attributes)
        further = {name: operation.shape_of(name, step.input.shape, case.attributes) for name in operation.further}
        return {"y": y, **further} | {name: values.shape for name, values in case.state.items()}
    if step.verb in LIFE:
        return {name: values.shape for name, values in case.state.items()}
    x = case.forward_of(index).input
    style = {f"d{name}": case.parameters[name].shape for name, role in operation.parameters.items() if role == "style"}
    shapes = {name: style.get(name) or operation.shape_of(name, x.shape, case.attributes) for name in step.wanted}
    return shapes


def checked(case: Case, source: str, answer: Any, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """Return copies of the arrays in an answer. Raises RubbishError unless they have these names and shapes."""
    if not isinstance(answer, Mapping):
        raise RubbishError(f"{source} must return a mapping from names to arrays, got {_kind(answer)}")
    if set(answer) != set(shapes):
        raise RubbishError(f"{source} must return {_names(shapes)}, got {_names(answer)}")
    return {name: checked_array(case, name, answer[name], shape) for name, shape in shapes.items()}


def checked_array(case: Case, name: str, value: Any, shape: tuple[int, ...]) -> Array:
    """Return a copy of an array. Raises RubbishError unless it has the case's dtype and this shape."""
    if not isinstance(value, np.ndarray):
        advice = ADVICE.get(type(value).__module__.partition(".")[0], "")
        raise RubbishError(f"{name} must be a NumPy array, got {_kind(value)}{advice}")
    value = np.asarray(value)  # what a subclass says of itself may not be so
    if value.dtype != case.format.dtype:
        raise RubbishError(f"{name} must have dtype {case.dtype}, got {value.dtype}")
    if value.shape != shape:
        raise RubbishError(f"{name} must have shape {shape}, got {value.shape}")
    return np.array(value, order="C")


def _kind(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__module__}.{type(value).__qualname__}"


def _names(names: Any) -> str:
    return ", ".join(sorted(map(str, names))) or "nothing"
