"""A case as a short program that calls Keras alone, on torch or on JAX. Text only: this file imports none of them."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from normspec.implementations.contract import Fact
from normspec.implementations.jax.snippet import jax_program
from normspec.implementations.snippet_text import shown, until
from normspec.implementations.torch.snippet import tensor
from normspec.spec.case import Case, Step
from normspec.spec.partition import Shape

Keywords = Callable[[Case, Shape], Mapping[str, Any]]


def keras_torch_snippet(
    case: Case, facts: tuple[Fact, ...] = (), *, kind: str, keywords: Keywords, names: Mapping[str, str]
) -> str:
    """Return a program that builds a layer of Keras on torch, and prints what came beside the facts.

    names are the specification's, by those of Keras's variables.
    """
    if case.lives:
        return ""
    case = until(case, facts)
    shape = case.first.shape
    own = [name for name, ours in names.items() if ours in {**case.parameters, **case.state}]
    lines = ["import os", "", 'os.environ["KERAS_BACKEND"] = "torch"', "import keras", "import torch", ""]
    lines += ["torch.set_num_threads(1)", f"layer = {_built(kind, keywords(case, shape))}", f"layer.build({shape})"]
    lines += ["held = {variable.name: variable for variable in layer.variables}"] * bool(own)
    lines += [f"{name} = {_text(values)}" for name, values in {**case.parameters, **case.state}.items()]
    lines += [f"for variable, value in {{{', '.join(f'{name!r}: {names[name]}' for name in own)}}}.items():",
              "    if variable in held:", "        held[variable].assign(value)"] * bool(own)  # fmt: skip
    for index, step in enumerate(case.script):
        lines += _backward(index, step, names) if step.verb == "backward" else _forward(case, index, step, names)
    return "\n".join([*lines, *shown(case, facts)]) + "\n"


def keras_jax_snippet(
    case: Case, facts: tuple[Fact, ...] = (), *, kind: str, keywords: Keywords, names: Mapping[str, str]
) -> str:
    """Return a program that calls a layer of Keras on JAX without state, and prints what came beside the facts.

    names are the specification's, by those of Keras's variables.
    """
    if case.lives:
        return ""
    start = ["import os", "", 'os.environ["KERAS_BACKEND"] = "jax"', "import keras"]
    return jax_program(case, facts, start, partial(_stateless, kind=kind, keywords=keywords, names=names))


def _stateless(case: Case, *, kind: str, keywords: Keywords, names: Mapping[str, str]) -> Iterator[str]:
    shape = case.first.shape
    yield f"layer = {_built(kind, keywords(case, shape))}"
    yield f"layer.build({shape})"
    yield f"names = {dict(names)}"
    yield "def apply(leaves, stats, training):"
    yield "    own = [leaves[names[each.name]] for each in layer.trainable_variables]"
    yield "    kept = [names[each.name] for each in layer.non_trainable_variables]"
    called = f"layer.stateless_call(own, [stats[name] for name in kept], leaves['x']{_mode(case, 'training')})"
    yield f"    y, moved = {called}"
    yield "    return y, dict(zip(kept, moved))"


def _built(kind: str, keywords: Mapping[str, Any]) -> str:
    return f"keras.layers.{kind}({', '.join(f'{name}={value!r}' for name, value in keywords.items())})"


def _mode(case: Case, training: object) -> str:
    return f", training={training}" if case.state else ""


def _text(values: Any) -> str:
    return tensor(values, "contiguous")


def _forward(case: Case, index: int, step: Step, names: Mapping[str, str]) -> Iterator[str]:
    yield f"x_{index} = {_text(step.input)}.requires_grad_()"
    yield f"y_{index} = layer(x_{index}{_mode(case, step.verb == 'train')})"
    for theirs, ours in names.items():
        if ours in case.state:
            yield f"{ours}_{index} = held[{theirs!r}].value.detach().clone()"


def _backward(index: int, step: Step, names: Mapping[str, str]) -> Iterator[str]:
    if step.cotangent is not None:
        leaves = [_leaf(name.removeprefix("d"), step, names) for name in step.wanted]
        found = "".join(f"{name}_{index}, " for name in step.wanted)
        of = f"y_{step.of}, [{', '.join(leaves)}], {_text(step.cotangent)}, retain_graph=True"
        yield f"{found.rstrip()} = torch.autograd.grad({of})".replace(", =", ", =")


def _leaf(name: str, step: Step, names: Mapping[str, str]) -> str:
    if name == "x":
        return f"x_{step.of}"
    theirs = [each for each, ours in names.items() if ours == name]
    return f"next(held[each].value for each in {theirs!r} if each in held)"
