"""A case as a short torch program that runs without normspec. Text only: this file does not import torch."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from inspect import getsource
from typing import Any

import numpy as np

from normspec.implementations.contract import Fact
from normspec.implementations.layouts import shrunk, state_layout
from normspec.implementations.snippet_text import SHORT, number, period_of
from normspec.implementations.torch.calls import FUNCTIONS, Call, Function, Module, Named
from normspec.spec.case import Case, Step
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS
from normspec.spec.partition import Shape

LEAVES = {"dx": "x{of}", **{f"d{name}": name for name in ("gamma", "beta", "w", "style", "residual")}}
STORED = {"gamma": "weight", "beta": "bias", "running_mean": "running_mean", "running_var": "running_var"}
CHANNELS_LAST = {4: "channels_last", 5: "channels_last_3d"}


Dress = Callable[[Call, Mapping[str, str], str, str], str]
"""From a call, the variables of parameters, the variable of x, and the dtype to the expression for y."""


@dataclass(frozen=True)
class Program:
    """What programs of one kind have in common.

    setup builds what is called; call is an expression for y, by the variable of x, the shape of x and whether the layer
    trains; leaves tells where the inputs are whose gradients are asked for, kept where running statistics are. forward
    says that the second order goes backward through a forward derivative, not through a backward. moving is the call
    with the parameters as variables, where the layer has its own.
    """

    setup: tuple[str, ...]
    call: Callable[[str, Shape, bool], str]
    leaves: Mapping[str, str]
    kept: Mapping[str, str]
    forward: bool = False
    moving: Callable[[str, Shape, bool], str] | None = None


def functional_snippet(
    case: Case,
    facts: tuple[Fact, ...] = (),
    device: str = "cpu",
    functions: Mapping[str, Function] = FUNCTIONS,
    *,
    forward: bool = False,
    dress: Dress | None = None,
) -> str:
    """Return a program that calls the function of torch and prints what came beside the facts; none of several.

    dress says how the call is made where it is not made plainly.
    """
    if case.lives:
        return ""
    short = _until(case, facts)
    own = {name: name for name in (*short.parameters, *short.state)}

    def call(x: str, shape: Shape, training: bool) -> str:
        plain = functions[short.operation](short, shape, training)
        return dress(plain, own, x, short.dtype) if dress else written(plain, own | {"x": x})

    own_function = functions[short.operation](short, short.first.shape, True).function
    setup = ("", getsource(own_function)) if own_function else ()
    return _program(short, facts, Program(setup, call, LEAVES, {name: name for name in short.state}, forward), device)


def module_snippet(case: Case, facts: tuple[Fact, ...] = (), *, module: Module, device: str = "cpu") -> str:
    """Return a program that uses the module of torch and prints what came beside the facts; none of several."""
    if case.lives:
        return ""
    short = _until(case, facts)
    built = module(short, short.script[0].input.shape)
    layer = Call(built.name, built.arguments, {**built.keywords, "dtype": Literal(f"torch.{short.dtype}")})
    pairs = ", ".join(f"{STORED[name]!r}: {name}" for name in (*short.parameters, *short.state))
    own = ", ".join(f"{STORED[name]!r}: {name}" for name in short.parameters)
    load = (f"layer.load_state_dict({{{pairs}}}, strict=False)",) if pairs else ()
    return _program(
        short,
        facts,
        Program(
            setup=(f"layer = {written(layer, {})}", *load),
            call=lambda x, shape, training: f"layer.train({training})({x})",
            leaves=LEAVES | {"dgamma": "layer.weight", "dbeta": "layer.bias"},
            kept={name: f"layer.{STORED[name]}" for name in short.state},
            moving=lambda x, shape, training: f"torch.func.functional_call(layer.train({training}), {{{own}}}, ({x},))",
        ),
        device,
    )


class Literal(str):
    """Text that stands in a program as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def written(call: Call, names: Mapping[str, str]) -> str:
    """Return a call as text; names tells by which variables the arrays go, None stands for those that are absent."""

    def value(argument: Any) -> str:
        if argument == float("inf"):
            return 'float("inf")'
        if not isinstance(argument, Named):
            return repr(argument)
        name = names.get(argument.name, "None")
        return name if argument.shape is None or name == "None" else f"{name}.reshape{argument.shape}"

    arguments = [value(each) for each in call.arguments]
    keywords = [f"{name}={value(each)}" for name, each in call.keywords.items()]
    prefix = "" if call.function else "torch."
    return f"{prefix}{call.name}({', '.join((*arguments, *keywords))})"


def _until(case: Case, facts: tuple[Fact, ...]) -> Case:
    """Return the case without the steps that no fact, and nothing before a fact, depends on."""
    last = max((fact.step for fact in facts), default=len(case.script) - 1)
    asked = {fact.step for fact in facts} or set(range(len(case.script)))
    # Earlier backward steps change nothing that torch keeps; they stay in place as gaps, so that numbers stand.
    kept = tuple(
        step if step.verb != "backward" or index in asked else Step("backward", wanted=())
        for index, step in enumerate(case.script[: last + 1])
    )
    return case.but(script=kept)


def _program(case: Case, facts: tuple[Fact, ...], program: Program, device: str) -> str:
    lines = ["import torch", "", "torch.set_num_threads(1)"]
    lines += [] if device == "cpu" else [f"torch.set_default_device({device!r})"]
    lines += [*_tensors(case), *program.setup]
    for index, step in enumerate(case.script):
        lines += _step(case, index, step, program)
        if step.x is not None and _shows_state(case, facts):
            lines += [f"{name}_{index} = {program.kept[name]}.clone()" for name in case.state]
    lines += [line for fact in facts for line in _shown(fact)] if facts else _all_shown(case)
    return "\n".join(lines) + "\n"


def _shows_state(case: Case, facts: tuple[Fact, ...]) -> bool:
    return not facts or any(fact.output in case.state for fact in facts)


def _step(case: Case, i: int, step: Step, program: Program) -> Iterator[str]:
    if step.tangents:
        yield from _tangent(case, i, step, program)
    elif step.verb != "backward":
        yield f"x{i} = {tensor(step.input, case.layout)}{_requires('dx', _wanted(case, i))}"
        returned = ", ".join(f"{name}_{i}" for name in _returned(case))
        yield f"{returned} = {program.call(f'x{i}', step.input.shape, step.verb == 'train')}"
    elif step.wanted and step.cotangent is not None:
        yield f"dy{i} = {tensor(step.cotangent, case.layout)}{_requires('ddy', set(step.wanted))}"
        leaves = {name: leaf.format(of=step.of) for name, leaf in program.leaves.items()}
        if step.direction is None:
            yield _gradients(i, step.wanted, leaves, f"y_{step.of}", f"dy{i}")
        else:
            yield f"u{i} = {tensor(step.direction, case.layout)}"
            yield from (_through_tangent if program.forward else _through_gradient)(case, i, step, program)


def _through_gradient(case: Case, i: int, step: Step, program: Program) -> Iterator[str]:
    x = f"x{step.of}"
    twice = {"ddy": f"dy{i}", "ddx": x, "ddgamma": program.leaves["dgamma"]}
    yield f"(dx{i},) = torch.autograd.grad(y_{step.of}, [{x}], dy{i}, create_graph=True)"
    yield _gradients(i, step.wanted, twice, f"dx{i}", f"u{i}")


def _through_tangent(case: Case, i: int, step: Step, program: Program) -> Iterator[str]:
    forward = case.forward_of(i)
    names = ("x", "gamma") if "gamma" in case.parameters else ("x",)
    arguments = f"x{step.of}" + ", gamma" * (len(names) > 1)
    y = program.call("x", forward.input.shape, forward.verb == "train")
    yield f"def tangent{i}({', '.join(names)}):"
    yield f"    return torch.func.jvp(lambda x: {y}, (x,), (u{i},))[1]"
    yield f"ddy_{i}, pull{i} = torch.func.vjp(tangent{i}, {arguments})"
    yield f"{', '.join(f'dd{name}_{i}' for name in names)}{',' * (len(names) == 1)} = pull{i}(dy{i})"


def _tangent(case: Case, i: int, step: Step, program: Program) -> Iterator[str]:
    forward, call = case.forward_of(i), program.moving or program.call
    source = {name: f"x{step.of}" if name == "x" else name for name in step.tangents}
    yield "with torch.autograd.forward_ad.dual_level():"
    for name, values in step.tangents.items():
        along = tensor(values, case.layout)
        yield f"    {name} = torch.autograd.forward_ad.make_dual({source[name]}.detach(), {along})"
    y = call("x", forward.input.shape, forward.verb == "train")
    yield f"    ty_{i} = torch.autograd.forward_ad.unpack_dual({y}).tangent"


def _gradients(i: int, wanted: tuple[str, ...], leaves: Mapping[str, str], of: str, cotangent: str) -> str:
    names = ", ".join(f"{name}_{i}" for name in wanted) + ("," if len(wanted) == 1 else "")
    inputs = ", ".join(leaves[name] for name in wanted)
    return f"{names} = torch.autograd.grad({of}, [{inputs}], {cotangent}, retain_graph=True)"


def _returned(case: Case) -> tuple[str, ...]:
    return ("y", *OPERATIONS[case.operation].further)


def _wanted(case: Case, forward: int | None = None) -> set[str]:
    return {
        name for step in case.script if step.of is not None and forward in (None, step.of) for name in step.followed
    }


def _requires(gradient: str, wanted: set[str]) -> str:
    return ".requires_grad_()" if gradient in wanted else ""


def _tensors(case: Case) -> Iterator[str]:
    for name, values in case.parameters.items():
        yield f"{name} = {tensor(values, case.layout)}{_requires('d' + name, _wanted(case))}"
    for name, values in case.state.items():
        yield f"{name} = {tensor(values, state_layout(case.layout))}"


def _shown(fact: Fact) -> Iterator[str]:
    yield f"got = {fact.output}_{fact.step}.reshape(-1)[{fact.index}].item()"
    limit = f"{fact.expected!r} +- {fact.tolerance!r}"
    yield f'print(f"{fact.output}[{fact.index}] of step {fact.step}: got {{got!r}}, expected {limit}")'


def _all_shown(case: Case) -> Iterator[str]:
    moved = any(step.tangents for step in case.script)
    for index, step in enumerate(case.script):
        names = step.wanted if step.x is None else (*_returned(case), *case.state)
        for name in names:
            kind = f"{name}_{index}.dtype, " if moved and name in ("y", "ty") else ""
            yield f'print("{name} of step {index}:", {kind}{name}_{index}.tolist())'


def tensor(values: Array, layout: str) -> str:
    """Return an array in a layout as an expression for a tensor."""
    if layout == "expanded" and values.size:
        small = shrunk(values)
        return f"{_with_gaps(small, values.size)}.reshape{small.shape}.expand{values.shape}"
    plain = f"{_flat(values)}.reshape{values.shape}" if values.ndim != 1 else _flat(values)
    return _in_layout(plain, values.shape, layout)


def _with_gaps(small: Array, size: int) -> str:
    """Return the elements of an array, of which more share memory, in front of gaps for those that are saved."""
    gaps = size - small.size
    padded = f'torch.nn.functional.pad({_flat(small)}, (0, {gaps}), value=float("nan"))[:{small.size}]'
    return padded if gaps else _flat(small)


def _flat(values: Array) -> str:
    """Return the elements in C order as an expression for a tensor of one dimension."""
    flat = values.reshape(-1)
    period = period_of(flat) if flat.size > SHORT else flat.size
    dtype = f"dtype=torch.{values.dtype.name}"
    literal = f"torch.tensor([{', '.join(map(number, flat[:period]))}], {dtype})"
    if period == flat.size:
        return literal
    return f"{literal}.repeat({-(-flat.size // period)})[:{flat.size}]"


def _in_layout(plain: str, shape: tuple[int, ...], layout: str) -> str:
    if layout == "offset":
        return f"torch.nn.functional.pad({plain}.reshape(-1), (1, 0))[1:].reshape{shape}"
    if layout == "channels_last" and len(shape) in CHANNELS_LAST and 1 in (shape[1], np.prod(shape[2:])):
        there = (0, *range(2, len(shape)), 1)  # contiguous() would leave the strides, which both orders fit
        back = (0, len(shape) - 1, *range(1, len(shape) - 1))
        return f"{plain}.permute{there}.clone(memory_format=torch.contiguous_format).permute{back}"
    if layout == "channels_last" and len(shape) in CHANNELS_LAST:
        return f"{plain}.contiguous(memory_format=torch.{CHANNELS_LAST[len(shape)]})"
    if layout == "channels_last" and len(shape) == 3:
        return f"{plain}.transpose(1, 2).contiguous().transpose(1, 2)"
    if layout == "transposed" and len(shape) > 1:
        order = tuple(reversed(range(len(shape))))
        return f"{plain}.permute{order}.contiguous().permute{order}"
    if layout == "strided":
        return f"{plain}.repeat_interleave(2, -1)[..., ::2]"
    return plain
