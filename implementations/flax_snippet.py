"""A case as a short program that calls Flax alone. Text only: this file does not import it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from normspec.implementations.contract import Fact
from normspec.implementations.snippet_text import array, imports, shown, until
from normspec.spec.case import Case, Step
from normspec.spec.formats import Array
from normspec.spec.partition import Shape

Keywords = Callable[[Case, Shape], Mapping[str, Any]]


def flax_snippet(
    case: Case,
    facts: tuple[Fact, ...] = (),
    *,
    kind: str,
    keywords: Keywords,
    names: Mapping[str, str],
    last: bool,
    features: Callable[[Case, Shape], int] | None = None,
) -> str:
    """Return a program that calls a layer of linen, or of nnx where features are given, and prints what came.

    names are those that Flax has for parameters and running statistics; last says that channels come last there.
    """
    if case.lives:
        return ""
    case = until(case, facts)
    api = "linen" if features is None else "nnx"
    lines = imports(case, "import jax", "import jax.numpy as jnp", f"from flax import {api}")
    lines += ['jax.config.update("jax_enable_x64", True)'] * (case.dtype == "float64")
    lines += [f"{name} = {array(values)}" for name, values in case.parameters.items()]
    lines += [f"stats = {{{', '.join(f'{name!r}: {_held(values)}' for name, values in case.state.items())}}}"]
    lines += _apply(case, kind, keywords, names, last=last, features=features)
    for index, step in enumerate(case.script):
        lines += _backward(index, step) if step.verb == "backward" else _forward(case, index, step)
    return "\n".join([*lines, *shown(case, facts)]) + "\n"


def _held(values: Array) -> str:
    """Return running statistics as text, in the format in which Flax holds them."""
    return array(values if values.dtype.itemsize >= 4 else values.astype(np.float32))


def _apply(
    case: Case,
    kind: str,
    keywords: Keywords,
    names: Mapping[str, str],
    *,
    last: bool,
    features: Callable[[Case, Shape], int] | None,
) -> Iterator[str]:
    shape = case.first.shape
    turned = (shape[0], *shape[2:], shape[1]) if last else shape
    written = ", ".join(f"{name}={value!r}" for name, value in keywords(case, turned).items())
    mode = ", use_running_average=not training" if case.state else ""
    yield "def apply(leaves, stats, training):"
    yield "    x = jnp.moveaxis(leaves['x'], 1, -1)" if last else "    x = leaves['x']"
    if features is None:
        params = ", ".join(f"{names[name]!r}: leaves[{name!r}]" for name in case.parameters)
        kept = ", ".join(f"{names[name]!r}: stats[{name!r}]" for name in case.state)
        variables = f'{{"params": {{{params}}}, "batch_stats": {{{kept}}}}}'
        yield f"    layer = linen.{kind}({written})"
        yield f'    y, moved = layer.apply({variables}, x, mutable=["batch_stats"]{mode})'
        new = ", ".join(f'{name!r}: moved["batch_stats"][{names[name]!r}]' for name in case.state)
    else:
        yield f"    layer = nnx.{kind}({features(case, turned)}, {written}, rngs=nnx.Rngs(0))"
        yield from (f"    layer.{names[name]}[...] = leaves[{name!r}]" for name in case.parameters)
        yield from (f"    layer.{names[name]}[...] = stats[{name!r}]" for name in case.state)
        yield f"    y = layer(x{mode})"
        new = ", ".join(f"{name!r}: layer.{names[name]}[...]" for name in case.state)
    yield f"    return {'jnp.moveaxis(y, -1, 1)' if last else 'y'}, {{{new}}}"


def _forward(case: Case, index: int, step: Step) -> Iterator[str]:
    leaves = ", ".join(["'x': x", *(f"{name!r}: jnp.asarray({name})" for name in case.parameters)])
    yield f"x = jnp.asarray({array(step.input)})"
    training = step.verb == "train"
    if any(each.of == index for each in case.script):
        call = f"lambda leaves, stats=stats: apply(leaves, stats, {training})"
        yield f"y_{index}, pull_{index}, stats = jax.vjp({call}, {{{leaves}}}, has_aux=True)"
    else:
        yield f"y_{index}, stats = apply({{{leaves}}}, stats, {training})"
    yield from (f"{name}_{index} = stats[{name!r}]" for name in case.state)


def _backward(index: int, step: Step) -> Iterator[str]:
    if step.cotangent is not None:
        yield f"(found,) = pull_{step.of}(jnp.asarray({array(step.cotangent)}))"
        yield from (f"{name}_{index} = found[{name.removeprefix('d')!r}]" for name in step.wanted)
