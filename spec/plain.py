"""Cases as plain data and back. What is read is hostile until it is checked; arrays survive to the last bit.

An array is {"dtype", "shape", "hex"}: the elements in C order, little-endian, as hexadecimal bytes. Where the elements
repeat a short pattern, the last time perhaps cut short, hex holds the pattern once.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from math import isfinite, prod
from typing import Any, cast

import numpy as np

from normspec.spec.case import GRADIENTS, LIFE, SECOND, Case, Step, Verb
from normspec.spec.formats import FORMATS, Array
from normspec.spec.node import Node, PlainError, Record
from normspec.spec.operations import OPERATIONS

LONGEST_PATTERN = 64
MOST_ELEMENTS = 2**26
MOST_AXES = 16
MOST_STEPS = 10_000
NOT_FINITE = {"inf": float("inf"), "-inf": float("-inf"), "nan": float("nan")}

Plain = dict[str, Any]


def _swapped(array: Array) -> Array:
    return array.byteswap() if sys.byteorder == "big" else array


def _pattern(data: bytes, itemsize: int) -> bytes:
    """Return the shortest pattern, of at most LONGEST_PATTERN elements, that the data repeats; else the data."""
    longest = min(LONGEST_PATTERN * itemsize, len(data) // 2)
    for width in range(itemsize, longest + 1, itemsize):
        if data[width:] == data[:-width]:
            return data[:width]
    return data


def pattern_of(array: Array) -> Array:
    """Return the shortest pattern that an array's elements repeat, in C order; all of them where there is none."""
    data = np.ascontiguousarray(array).tobytes()
    return np.frombuffer(_pattern(data, array.dtype.itemsize), array.dtype)


def plain_array(array: Array) -> Plain:
    """Return an array as plain data. Raises ValueError for a dtype that is none of FORMATS."""
    return {**whole_array(array), "hex": _swapped(pattern_of(array)).tobytes().hex()}


def whole_array(array: Array) -> Plain:
    """Return an array as plain data in which every element stands, for readers that know of no patterns."""
    name = array.dtype.name
    if name not in FORMATS:
        raise ValueError(f"dtype={name!r} cannot be written: choose from {', '.join(FORMATS)}")
    return {"dtype": name, "shape": list(array.shape), "hex": _swapped(np.ascontiguousarray(array)).tobytes().hex()}


def array_from(node: Node) -> Array:
    """Return the array that plain data holds."""
    record = node.record("dtype", "shape", "hex")
    dtype = FORMATS[record["dtype"].one_of(*FORMATS)].dtype
    shape = tuple(length.count(below=MOST_ELEMENTS + 1) for length in record["shape"].items())
    if len(shape) > MOST_AXES or prod(shape) > MOST_ELEMENTS:
        raise record["shape"].wrong(f"at most {MOST_AXES} axes and {MOST_ELEMENTS} elements")
    try:
        data = bytes.fromhex(record["hex"].text())
    except ValueError:
        raise record["hex"].wrong("an even number of hexadecimal digits") from None
    size, pattern = prod(shape), len(data) // dtype.itemsize
    if len(data) % dtype.itemsize or pattern > size or (size and not pattern):
        raise record["hex"].wrong(f"{size} elements of {dtype.itemsize} bytes, or a pattern that they repeat")
    return np.resize(_swapped(np.frombuffer(data, dtype)), shape)


def plain_attribute(value: Any) -> Any:
    """Return an attribute as plain data: a scalar, None or a list of them; floats keep every bit of their value."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, list | tuple):
        return [plain_attribute(element) for element in value]
    if isinstance(value, float) and not isfinite(value):
        return {"float": str(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError(f"attribute={value!r} cannot be written: give None, a bool, an int, a float, a string or a list")


def attribute_from(node: Node) -> Any:
    """Return the attribute that plain data holds; a list becomes a tuple."""
    if isinstance(node.value, list):
        return tuple(attribute_from(element) for element in node.items())
    if isinstance(node.value, dict):
        return NOT_FINITE[node.record("float")["float"].one_of(*NOT_FINITE)]
    return node.value


def _plain_step(step: Step, write: Callable[[Array], Plain]) -> Plain:
    on = {"on": step.on} if step.on else {}
    if step.verb in LIFE:
        of = {"of": step.of} if step.verb == "load" else {}
        return {"verb": step.verb, **on, **of, **({"value": step.value} if step.verb == "momentum" else {})}
    if step.verb == "jvp":
        return {"verb": step.verb, "of": step.of, "tangents": _plain_arrays(step.tangents, write)}
    if step.verb != "backward":
        return {"verb": step.verb, **on, "x": write(cast(Array, step.x))}
    cotangent = write(cast(Array, step.cotangent))
    plain = {"verb": step.verb, "cotangent": cotangent, "of": step.of, "wanted": list(step.wanted)}
    return plain if step.direction is None else {**plain, "direction": write(step.direction)}


def _plain_arrays(arrays: Mapping[str, Array], write: Callable[[Array], Plain]) -> Plain:
    return {name: write(array) for name, array in arrays.items()}


def plain_case(case: Case, write: Callable[[Array], Plain] = plain_array) -> Plain:
    """Return a case as plain data, from which case_from makes the same case again; write says how arrays stand."""
    return {
        "operation": case.operation,
        "dtype": case.dtype,
        "attributes": {name: plain_attribute(value) for name, value in case.attributes.items()},
        "parameters": _plain_arrays(case.parameters, write),
        "state": _plain_arrays(case.state, write),
        "script": [_plain_step(step, write) for step in case.script],
        "layout": case.layout,
        "regime": case.regime,
    }


def _forward_from(node: Node, earlier: list[Step]) -> Step:
    record = node.record("verb", "x", optional=("on",))
    return Step(cast(Verb, record["verb"].value), x=array_from(record["x"]), on=_layer_from(record, earlier))


def _layer_from(record: Record, earlier: list[Step]) -> int:
    """Return the number of a layer that is there before a step."""
    layers = 1 + sum(step.verb in ("layer", "copy") for step in earlier)
    number = record.get("on")
    return 0 if number is None else number.count(below=layers)


def _life_from(node: Node, earlier: list[Step]) -> Step:
    """Return a step that does something to a layer."""
    own = {"load": ("of",), "momentum": ("value",)}.get(str(node.value.get("verb")), ())
    record = node.record("verb", *own, optional=("on",))
    saved = [index for index, step in enumerate(earlier) if step.verb == "save"]
    of = record["of"].count() if "of" in own else None
    if of is not None and of not in saved:
        raise record["of"].wrong("the index of an earlier step that saves")
    weight = record.get("value") if "value" in own else None
    value = None if weight is None else weight.number()
    return Step(cast(Verb, record["verb"].value), of=of, wanted=(), on=_layer_from(record, earlier), value=value)


def _backward_from(node: Node, earlier: list[Step], gradients: Iterable[str]) -> Step:
    record = node.record("verb", "cotangent", "of", "wanted", optional=("direction",))
    cotangent = array_from(record["cotangent"])
    of, x = _forward_before(record["of"], earlier)
    direction = array_from(record["direction"]) if record.get("direction") else None
    if direction is not None and direction.shape != x.shape:
        raise PlainError(f"{node.path}.direction has shape {direction.shape}, and the x of its step {x.shape}")
    known = gradients if direction is None else SECOND
    wanted = tuple(name.one_of(*known) for name in record["wanted"].items())
    return Step("backward", cotangent=cotangent, of=of, wanted=wanted, direction=direction)


def _forward_before(node: Node, earlier: list[Step]) -> tuple[int, Array]:
    """Return the index of an earlier forward step, and its x."""
    of = node.count()
    x = earlier[of].x if of < len(earlier) else None
    if x is None:
        raise node.wrong("the index of an earlier forward step")
    return of, x


def _tangent_from(node: Node, earlier: list[Step], gradients: Iterable[str]) -> Step:
    record = node.record("verb", "of", "tangents")
    of, x = _forward_before(record["of"], earlier)
    tangents = _arrays_from(record["tangents"])
    if "x" not in tangents or tangents["x"].shape != x.shape:
        raise record["tangents"].wrong(f"a tangent of x, of shape {x.shape}")
    unknown = sorted(name for name in tangents if f"d{name}" not in gradients)
    if unknown:
        raise record["tangents"].wrong(f"tangents of x and of parameters, and not of {unknown[0]}")
    return Step("jvp", of=of, wanted=("ty",), tangents=tangents)


def _script_from(node: Node, gradients: Iterable[str]) -> tuple[Step, ...]:
    steps: list[Step] = []
    if len(node.items()) > MOST_STEPS:
        raise node.wrong(f"at most {MOST_STEPS} steps")
    for item in node.items():
        verb = item.value.get("verb") if isinstance(item.value, dict) else None
        Node(verb, f"{item.path}.verb").one_of("train", "infer", "backward", "jvp", *LIFE)
        if verb in ("backward", "jvp"):
            steps.append((_backward_from if verb == "backward" else _tangent_from)(item, steps, gradients))
        else:
            steps.append((_life_from if verb in LIFE else _forward_from)(item, steps))
    if not any(step.x is not None for step in steps):
        raise node.wrong("at least one forward step")
    return tuple(steps)


def _arrays_from(node: Node) -> Mapping[str, Array]:
    return {name: array_from(value) for name, value in node.entries()}


def case_from(node: Node) -> Case:
    """Return the case that plain data holds. Raises PlainError, naming the place, when it holds none."""
    record = node.record(
        "operation", "dtype", "attributes", "script", "parameters", "state", optional=("layout", "regime")
    )
    parameters = _arrays_from(record["parameters"])
    gradients = dict.fromkeys((*GRADIENTS, *(f"d{name}" for name in parameters)))
    case = Case(
        operation=record["operation"].text(),
        dtype=record["dtype"].one_of(*FORMATS),
        attributes={name: attribute_from(value) for name, value in record["attributes"].entries()},
        script=_script_from(record["script"], gradients),
        parameters=parameters,
        state=_arrays_from(record["state"]),
        layout=record["layout"].text() if record.get("layout") else "contiguous",
        regime=record["regime"].text() if record.get("regime") else "",
    )
    _check_cotangents(node, case)
    return case


def _check_cotangents(node: Node, case: Case) -> None:
    """Refuse a cotangent that does not have the shape of the y that it belongs to."""
    operation = OPERATIONS.get(case.operation)
    for index, step in enumerate(case.script):
        if operation is not None and step.cotangent is not None:
            x = case.forward_of(index).input
            try:
                needed = operation.shape_of("y", x.shape, case.attributes)
            except (KeyError, IndexError, TypeError, ValueError) as error:
                raise node.wrong(f"attributes that an x of shape {x.shape} can have ({error})") from None
            if step.cotangent.shape != needed:
                where = f"{node.path}.script[{index}].cotangent"
                raise PlainError(f"{where} has shape {step.cotangent.shape}, and the y of its step {needed}")
