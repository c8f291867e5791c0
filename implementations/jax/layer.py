"""A pure function of jax as a layer: gradients by jax.vjp, running statistics as what the function returns."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from normspec.spec.case import Case
from normspec.spec.formats import Array

Arrays = Mapping[str, Any]
Apply = Callable[[Case, Arrays, Arrays, bool], tuple[Any, Arrays]]
"""From a case, x and the parameters, the running statistics, and whether the layer trains, to y and the statistics."""

REFUSALS = (ValueError, TypeError, NotImplementedError)

SHAPES_KEPT = 32
"""For so many shapes JAX keeps what it compiled: some forty megabytes each, which it does not give back by itself."""

_compiled: set[tuple[str, str, tuple[int, ...]]] = set()


def make_room(case: Case, shape: tuple[int, ...]) -> None:
    """Let JAX forget what it compiled when a shape comes that is one too many."""
    asked = (case.operation, case.dtype, shape)
    if asked not in _compiled and len(_compiled) >= SHAPES_KEPT:
        jax.clear_caches()
        _compiled.clear()
    _compiled.add(asked)


class JaxLayer:
    """A pure function with the arrays that a caller would keep. float64 is switched on for the steps that need it."""

    def __init__(self, case: Case, apply: Apply) -> None:
        self.case, self.apply, self.dtype = case, apply, case.format.dtype
        with self._wide():
            self.parameters = {name: jnp.asarray(values) for name, values in case.parameters.items()}
            self.running: Arrays = {name: jnp.asarray(values) for name, values in case.state.items()}
        self.reverses = any(step.verb == "backward" for step in case.script)
        self.pulls: list[Callable[[Any], Any]] = []

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return y, and keep the statistics that come with it in the dtype of the case."""
        make_room(self.case, x.shape)
        with self._wide():
            running = self.running

            def function(leaves: Arrays) -> tuple[Any, Arrays]:
                return self.apply(self.case, leaves, running, training)

            y, found = self._run(function, {"x": jnp.asarray(x), **self.parameters})
            self.running = {name: jnp.asarray(found[name]).astype(self.dtype) for name in running}
            return np.asarray(y)

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Return the wanted gradients, pulled back by jax.vjp."""
        with self._wide():
            (found,) = self.pulls[step](jnp.asarray(cotangent))
            return {name: np.asarray(found[name.removeprefix("d")]) for name in wanted}

    def state(self) -> Mapping[str, Array]:
        """Return the running statistics."""
        return {name: np.asarray(values) for name, values in self.running.items()}

    def _run(self, function: Callable[[Arrays], tuple[Any, Arrays]], leaves: Arrays) -> tuple[Any, Arrays]:
        if not self.reverses:
            return function(leaves)
        y, pull, found = jax.vjp(function, leaves, has_aux=True)
        self.pulls.append(pull)
        return y, found

    def _wide(self) -> Any:
        return jax.enable_x64(self.case.dtype == "float64")
