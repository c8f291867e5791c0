"""What jax itself has: jax.nn.standardize. Importing this file imports jax."""

from collections.abc import Callable
from typing import Any

import jax

from normspec.implementations.jax.function import jax_function


def _standardize(algorithm: str) -> Callable[..., Any]:
    def standardize(x: Any, *, epsilon: float, axes: int) -> Any:
        """Call jax.nn.standardize over the last axes."""
        return jax.nn.standardize(x, axis=tuple(range(-axes, 0)), epsilon=epsilon, algorithm=algorithm)

    return standardize


JAX = (
    jax_function(_standardize("fast"), "layer_norm", name="jax-nn", grade="C", statistics_dtype="input"),
    jax_function(_standardize("stable"), "layer_norm", name="jax-nn-stable", statistics_dtype="input"),
)
