"""The axes of convention that numbers show: each variant says, of any case, what it demands.

A variant is one that normspec.spec.conventions knows, or the question put in other words: the same formula for a case
with another epsilon, other axes, another sum, whose certified enclosure is then the variant's own.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import isqrt
from types import MappingProxyType

import numpy as np

from normspec.properties.identification.extent import NORMALIZED_AXES
from normspec.properties.identification.wording import Axis, Reworded, Wording, as_asked, forward_of, same
from normspec.spec.branches import BRANCHES
from normspec.spec.case import Case
from normspec.spec.conventions import CONVENTIONS
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS, Operation
from normspec.spec.rows import widened

CLAMPED = tuple(name for name in BRANCHES if OPERATIONS[name].divisor(2) == 1 and name.endswith("_normalize"))
"""The operations that divide by the greater of a norm and epsilon."""

HALVES = ("float16", "bfloat16")


def _with(case: Case, **attributes: object) -> Case:
    return case.but(attributes={**case.attributes, **attributes})


def _deviation(operation: Operation, case: Case, index: int) -> tuple[Fraction, Fraction] | None:
    """Return the variance or squared norm that all groups of a step share, and its root; None unless both are exact."""
    step = case.script[index]
    if not step.input.size:
        return None
    own = step.verb == "train" or not case.state
    arrays = [widened(step.input) + widened(case.parameters.get("residual", np.zeros(())))] if own else []
    arrays += [case.parameters["style"]] if "style" in case.parameters else []
    found = {
        _moment(operation, row) for x in arrays for row in operation.groups(x.shape, case.attributes).split(widened(x))
    }
    if not own or operation.name == "batch_renorm":
        found |= {Fraction(float(value)) for value in case.state["running_var"].flat}
    if len(found) != 1:
        return None
    (square,) = found
    root = Fraction(isqrt(square.numerator), isqrt(square.denominator))
    return (square, root) if square and root * root == square else None


def _moment(operation: Operation, row: Array) -> Fraction:
    values = [Fraction(float(value)) for value in row]
    centre = sum(values, Fraction()) / len(values) if "zero-mean" in operation.requirements else Fraction()
    centre = sum(values, Fraction()) / len(values) if operation.oracle in ("adain", "renormalize") else centre
    return sum(((value - centre) ** 2 for value in values), Fraction()) / operation.divisor(len(values))


def _root(square: Fraction) -> Fraction:
    """Return the square root, more exactly than a float64 holds it."""
    return Fraction(isqrt(square.numerator * square.denominator << 256), square.denominator << 128)


def _root_of_sum(square: Fraction, root: Fraction, epsilon: Fraction) -> Fraction:
    return square + epsilon


def _added(square: Fraction, root: Fraction, epsilon: Fraction) -> Fraction:
    return (root + epsilon) ** 2


def _clamped(square: Fraction, root: Fraction, epsilon: Fraction) -> Fraction:
    return max(root, epsilon) ** 2


def _floored(square: Fraction, root: Fraction, epsilon: Fraction) -> Fraction:
    return max(square, epsilon)


def _placed(divisor: Callable[[Fraction, Fraction, Fraction], Fraction]) -> Wording:
    """Return the wording for a square of the divisor: as the specification's formula with another epsilon."""

    def worded(case: Case, index: int) -> Reworded | None:
        operation = OPERATIONS[case.operation]
        if not case.attributes["epsilon"]:
            return case, same
        shared = None if case.script[index].verb == "backward" else _deviation(operation, case, index)
        if shared is None:
            return None
        square, root = shared
        wanted = divisor(square, root, Fraction(case.attributes["epsilon"]))
        if operation.name in CLAMPED:
            clamp = _root(wanted) if wanted > square else root / 4  # where nothing is added, nothing is clamped
            return _with(case, epsilon=float(clamp)), same
        return _with(case, epsilon=float(wanted - square)), same

    return worded


EPSILON_PLACE = Axis(
    "epsilon_place",
    "Where epsilon stands.",
    MappingProxyType(
        {
            "inside": "under the square root, added to the variance or the squared norm (PyTorch, Keras, Flax)",
            "added": "added to the standard deviation or the norm, outside the square root",
            "clamped": "the divisor is the greater of epsilon and the deviation or norm (normalize in PyTorch)",
            "floor": "under the square root, in the place of a smaller variance or squared norm",
        }
    ),
    outputs=("y",),
    wordings={
        "inside": _placed(_root_of_sum),
        "added": _placed(_added),
        "clamped": _placed(_clamped),
        "floor": _placed(_floored),
    },
)
OWN_PLACE = MappingProxyType({True: "clamped", False: "inside"})
"""Where the specification has epsilon, by whether the operation clamps."""


def _last_axis(case: Case, index: int) -> Reworded | None:
    """Return the case whose second axis is the last one of x; None where they cannot be taken for each other."""
    shape = case.script[forward_of(case, index)].input.shape
    if shape[1] != shape[-1]:
        return None

    def swap(values: Array) -> Array:
        return np.ascontiguousarray(np.swapaxes(values, 1, -1)) if values.ndim > 2 else values

    return case.with_arrays(swap, swap), swap


CHANNEL_AXIS = Axis(
    "channel_axis",
    "Which axis has the channels.",
    MappingProxyType({"second": "axis 1 (PyTorch, ONNX)", "last": "axis -1 (Keras, Flax)"}),
    wordings={"second": as_asked, "last": _last_axis},
)


def _interleaved(case: Case, index: int) -> Reworded | None:
    """Return the case in which the channels of a group are neighbours, where the k-th of every run belongs to one."""
    channels, groups = case.script[forward_of(case, index)].input.shape[1], case.attributes["groups"]
    order = np.arange(channels).reshape(-1, groups).T.reshape(-1)
    back = np.argsort(order)
    parameters = {name: values[order] for name, values in case.parameters.items()}
    moved = case.with_arrays(lambda x: x[:, order], lambda dy: dy[:, order])
    return moved.but(parameters=parameters), lambda values: values[:, back]


GROUP_ORDER = Axis(
    "group_order",
    "Which channels make a group.",
    MappingProxyType(
        {"contiguous": "neighbours (PyTorch, ONNX)", "interleaved": "every channel whose number has one remainder"}
    ),
    wordings={"contiguous": as_asked, "interleaved": _interleaved},
)


def _added_before(case: Case, index: int) -> Reworded | None:
    """Return the case whose x is the rounded sum, with nothing left to add."""
    residual = case.parameters["residual"]
    summed = case.with_arrays(lambda x: (widened(x) + widened(residual)).astype(x.dtype), same)
    return summed.but(parameters={**case.parameters, "residual": 0 * residual}), same


OUTPUTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "momentum": ("running_mean", "running_var"),
        "initial_value": ("running_mean", "running_var"),
        "running_variance": ("running_var",),
    }
)
"""What shows a convention of the specification, where it is not y and dx. The first alone has to show it."""

IN_HALVES = ("statistics_dtype", "cast_order", "residual_sum")
NUMERIC = ("momentum", "initial_value", "running_variance", "scale_form", "deviation", *IN_HALVES)
"""The conventions of the specification that numbers show; what an implementation refuses shows the others."""


def _of_specification(name: str) -> Axis:
    own = CONVENTIONS[name]
    wordings = {"input": _added_before} if name == "residual_sum" else {}
    dtypes = HALVES if name in IN_HALVES else ()
    return Axis(name, own.statement, own.variants, OUTPUTS.get(name, ("y", "dx")), dtypes, wordings)


def axes_of(operation: Operation) -> tuple[Axis, ...]:
    """Return the axes that the numbers of an operation show."""
    found = [_of_specification(name) for name in NUMERIC if name in operation.conventions]
    if operation.has_epsilon and operation.name != "cosine_similarity":  # two norms: no one epsilon stands for both
        found.append(EPSILON_PLACE)
    if "groups" in operation.choices((2,) * operation.ranks[0])[0]:
        found.append(GROUP_ORDER)
    if operation.name in ("batch_norm", "instance_norm", "group_norm"):
        found.append(CHANNEL_AXIS)
    if operation.name in ("layer_norm", "rms_norm"):
        found.append(NORMALIZED_AXES)
    return tuple(found)


def own_variant(operation: Operation, axis: Axis) -> str:
    """Return the variant that the specification takes where nothing is declared."""
    if axis.name == EPSILON_PLACE.name:
        return OWN_PLACE[operation.name in CLAMPED]
    declared = operation.settled({})
    return declared.get(axis.name, next(iter(axis.variants)))


def reworded(axes: tuple[Axis, ...], combination: Mapping[str, str], case: Case, index: int) -> Reworded | None:
    """Return a case in the words of a combination of variants."""
    backs: list[Callable[[Array], Array]] = []
    operation = OPERATIONS[case.operation]
    for axis in axes:
        variant = combination[axis.name]
        wording = axis.wordings.get(variant)
        if wording is None or variant == own_variant(operation, axis):
            continue
        found = wording(case, index)
        if found is None:
            return None
        case, back = found
        backs.append(back)

    def all_back(values: Array) -> Array:
        for back in reversed(backs):
            values = back(values)
        return values

    return case, all_back
