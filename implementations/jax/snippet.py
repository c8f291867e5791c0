"""A case as a short program of JAX: what a framework's apply makes of it, step by step. Text only."""

from collections.abc import Callable, Iterator, Sequence

from normspec.implementations.contract import Fact
from normspec.implementations.snippet_text import array, imports, shown, until
from normspec.spec.case import Case, Step
from normspec.spec.formats import Array


def jax_program(
    case: Case,
    facts: tuple[Fact, ...],
    framework: Sequence[str],
    apply: Callable[[Case], Iterator[str]],
    held: Callable[[Array], str] = array,
) -> str:
    """Return a program that takes the steps of a case, up to the last fact, and prints what came beside the facts.

    framework are the lines that import it; apply writes `apply(leaves, stats, training)`, which returns y and the
    statistics; held writes running statistics in the format in which the framework holds them.
    """
    case = until(case, facts)
    lines = imports(case, "import jax", "import jax.numpy as jnp", *framework)
    lines += ['jax.config.update("jax_enable_x64", True)'] * (case.dtype == "float64")
    lines += [f"{name} = {array(values)}" for name, values in case.parameters.items()]
    lines += [f"stats = {{{', '.join(f'{name!r}: {held(values)}' for name, values in case.state.items())}}}"]
    lines += apply(case)
    for index, step in enumerate(case.script):
        lines += _backward(index, step) if step.verb == "backward" else _forward(case, index, step)
    return "\n".join([*lines, *shown(case, facts)]) + "\n"


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
