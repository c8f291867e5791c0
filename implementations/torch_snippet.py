"""A case as a short torch program that runs without normspec. Text only: this file does not import torch."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from normspec.implementations.contract import Fact
from normspec.implementations.layouts import bits, shrunk, state_layout
from normspec.spec.case import Case, Step
from normspec.spec.formats import Array

SHORT = 24  # more elements than this are written as a repeated pattern, where they are one
MODULES = {2: "BatchNorm1d", 3: "BatchNorm1d", 4: "BatchNorm2d", 5: "BatchNorm3d"}
LEAVES = {"dx": "x{of}", "dgamma": "gamma", "dbeta": "beta"}
CHANNELS_LAST = {4: "channels_last", 5: "channels_last_3d"}


def functional_snippet(case: Case, facts: tuple[Fact, ...] = ()) -> str:
    """Return a program that calls torch.nn.functional.batch_norm and prints what came beside the facts."""
    short = _until(case, facts)
    return _program(
        short,
        facts,
        setup=[*_tensors(short), *([] if "running_mean" in short.state else ["running_mean = running_var = None"])],
        call="torch.nn.functional.batch_norm(x{i}, running_mean, running_var, "
        f"{_or_none(short, 'gamma')}, {_or_none(short, 'beta')}, {{training}}, "
        f"{short.attributes.get('momentum')!r}, {short.attributes['epsilon']!r})",
        leaves=LEAVES,
        prefix="",
    )


def module_snippet(case: Case, facts: tuple[Fact, ...] = ()) -> str:
    """Return a program that uses torch.nn.BatchNorm1d, 2d or 3d and prints what came beside the facts."""
    short = _until(case, facts)
    shape = short.script[0].input.shape
    arguments = (
        f"{shape[1]}, eps={short.attributes['epsilon']!r}, momentum={short.attributes.get('momentum')!r}, "
        f"affine={bool(short.parameters)}, track_running_stats={bool(short.state)}, dtype=torch.{short.dtype}"
    )
    stored = {"gamma": "weight", "beta": "bias", "running_mean": "running_mean", "running_var": "running_var"}
    held = [*short.parameters, *short.state]
    pairs = ", ".join(f"{stored[name]!r}: {name}" for name in held)
    load = [f"layer.load_state_dict({{{pairs}}}, strict=False)"] if held else []
    return _program(
        short,
        facts,
        setup=[*_tensors(short), f"layer = torch.nn.{MODULES[len(shape)]}({arguments})", *load],
        call="layer.train({training})(x{i})",
        leaves=LEAVES | {"dgamma": "layer.weight", "dbeta": "layer.bias"},
        prefix="layer.",
    )


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


def _program(
    case: Case, facts: tuple[Fact, ...], *, setup: list[str], call: str, leaves: dict[str, str], prefix: str
) -> str:
    lines = ["import torch", "", "torch.set_num_threads(1)", *setup]
    for index, step in enumerate(case.script):
        lines += _step(case, index, step, call, leaves)
        if step.verb != "backward" and _shows_state(case, facts):
            lines += [f"{name}_{index} = {prefix}{name}.clone()" for name in case.state]
    lines += [line for fact in facts for line in _shown(fact)] if facts else _all_shown(case)
    return "\n".join(lines) + "\n"


def _shows_state(case: Case, facts: tuple[Fact, ...]) -> bool:
    return not facts or any(fact.output in case.state for fact in facts)


def _step(case: Case, i: int, step: Step, call: str, leaves: dict[str, str]) -> Iterator[str]:
    if step.verb != "backward":
        yield f"x{i} = {_tensor(step.input, case.layout)}{_requires('dx', _wanted(case, i))}"
        yield f"y_{i} = {call.format(i=i, training=step.verb == 'train')}"
    elif step.wanted and step.cotangent is not None:
        names = ", ".join(f"{name}_{i}" for name in step.wanted) + ("," if len(step.wanted) == 1 else "")
        inputs = ", ".join(leaves[name].format(of=step.of) for name in step.wanted)
        yield f"dy{i} = {_tensor(step.cotangent, case.layout)}"
        yield f"{names} = torch.autograd.grad(y_{step.of}, [{inputs}], dy{i}, retain_graph=True)"


def _wanted(case: Case, forward: int | None = None) -> set[str]:
    return {name for step in case.script if step.of is not None and forward in (None, step.of) for name in step.wanted}


def _requires(gradient: str, wanted: set[str]) -> str:
    return ".requires_grad_()" if gradient in wanted else ""


def _tensors(case: Case) -> Iterator[str]:
    for name, values in case.parameters.items():
        yield f"{name} = {_tensor(values, case.layout)}{_requires('d' + name, _wanted(case))}"
    for name, values in case.state.items():
        yield f"{name} = {_tensor(values, state_layout(case.layout))}"


def _or_none(case: Case, name: str) -> str:
    return name if name in case.parameters else "None"


def _shown(fact: Fact) -> Iterator[str]:
    yield f"got = {fact.output}_{fact.step}.reshape(-1)[{fact.index}].item()"
    limit = f"{fact.expected!r} +- {fact.tolerance!r}"
    yield f'print(f"{fact.output}[{fact.index}] of step {fact.step}: got {{got!r}}, expected {limit}")'


def _all_shown(case: Case) -> Iterator[str]:
    for index, step in enumerate(case.script):
        names = step.wanted if step.verb == "backward" else ("y", *case.state)
        for name in names:
            yield f'print("{name} of step {index}:", {name}_{index}.tolist())'


def _tensor(values: Array, layout: str) -> str:
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
    period = _period(flat) if flat.size > SHORT else flat.size
    dtype = f"dtype=torch.{values.dtype.name}"
    literal = f"torch.tensor([{', '.join(map(_number, flat[:period]))}], {dtype})"
    if period == flat.size:
        return literal
    return f"{literal}.repeat({-(-flat.size // period)})[:{flat.size}]"


def _period(flat: Array) -> int:
    """Return the length of the shortest pattern whose repetition, cut at the end, is the array."""
    own = bits(np.ascontiguousarray(flat))
    for period in range(1, min(flat.size, 4096)):
        if bool((own[period:] == own[:-period]).all()):
            return period
    return int(flat.size)


def _number(element: Any) -> str:
    """Return the shortest literal that gives the element back, to the bit, by way of a Python float."""
    value = float(element)
    if not np.isfinite(value):
        return f'float("{value!r}")'
    short = repr(float(str(element)))
    return short if type(element)(float(short)) == element else repr(value)


def _in_layout(plain: str, shape: tuple[int, ...], layout: str) -> str:
    if layout == "offset":
        return f"torch.nn.functional.pad({plain}.reshape(-1), (1, 0))[1:].reshape{shape}"
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
