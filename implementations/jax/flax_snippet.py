"""A case as a short program that calls Flax alone. Text only: this file does not import it."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from normspec.implementations.contract import Fact
from normspec.implementations.jax.snippet import jax_program
from normspec.implementations.snippet_text import array
from normspec.spec.case import Case
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
    api = "linen" if features is None else "nnx"
    apply = partial(_apply, kind=kind, keywords=keywords, names=names, last=last, features=features)
    return jax_program(case, facts, [f"from flax import {api}"], apply, _held)


def _held(values: Array) -> str:
    """Return running statistics as text, in the format in which Flax holds them."""
    return array(values if values.dtype.itemsize >= 4 else values.astype(np.float32))


def _apply(
    case: Case,
    *,
    kind: str,
    keywords: Keywords,
    names: Mapping[str, str],
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
